package identity

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/live"
	"github.com/switchboard-voice/switchboard/internal/mail"
	"github.com/switchboard-voice/switchboard/internal/password"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// room is the service over a database of its own, where Ada owns Harbor Dental.
type room struct {
	*Service
	Seeded
	clock time.Time
	post  *Post
	token string // of the link that was written last
}

var seed = Seed{Email: " Ada@Example.com", UserName: "Ada", Organization: "Harbor Dental", Slug: "harbor-dental", Role: access.Owner}

func open(t *testing.T, change ...func(*Deps)) *room {
	t.Helper()
	store, err := postgres.Open(t.Context(), postgres.Config{URL: testdb.New(t), Rehearse: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	keys, err := authjs.NewKeys([]string{"a secret that is long enough for a test of sessions"})
	if err != nil {
		t.Fatal(err)
	}
	r := &room{clock: time.Now().Truncate(time.Second)}
	queue, err := jobs.New(jobs.Config{Pool: store.Pool(), PollOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	passwords := password.New(password.Options{Floor: -1})
	now := func() time.Time { return r.clock }
	r.post = NewPost(PostDeps{Store: store, Pen: mail.Pen{App: "Switchboard"}, Now: now, Link: func(_ Letter, token, _ string) string {
		r.token = token
		return "https://app.example.com/?token=" + token
	}})
	r.post.Deliver(queue)
	deps := Deps{
		Store: store, Jobs: queue, Keys: keys, Passwords: passwords, Hub: live.New(), SealKeys: [][]byte{[]byte("a key of thirty-two bytes, tests")},
		TrustEmail: true, Now: now,
	}
	for _, c := range change {
		c(&deps)
	}
	r.Service = New(deps)
	r.TellFailures(queue)
	r.Seeded = r.plant(t, seed)
	return r
}

func (r *room) plant(t *testing.T, s Seed) Seeded {
	t.Helper()
	planted, err := r.Plant(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return planted
}

// claims are those of a fresh token of Ada's.
func (r *room) claims() authjs.Claims {
	return authjs.Claims{Subject: r.UserID.UUID.String(), IssuedAt: r.clock, ExpiresAt: r.clock.Add(time.Hour)}
}

func (r *room) session(t *testing.T) access.Viewer {
	t.Helper()
	viewer, err := r.Session(t.Context(), r.claims())
	if err != nil {
		t.Fatal(err)
	}
	return viewer
}

func (r *room) execute(t *testing.T, sql string, args ...any) {
	t.Helper()
	if tag, err := r.store.Pool().Exec(t.Context(), sql, args...); err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%s: %v, %v", sql, tag, err)
	}
}

func (r *room) number(t *testing.T, sql string) (n int) {
	t.Helper()
	if err := r.store.Pool().QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func ref[T any](v T) *T { return &v }

var nobody = uuid.Nil
