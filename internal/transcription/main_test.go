package transcription

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/db"
	fake "github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/live"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/recording"
)

func TestMain(m *testing.M) { testdb.Main(m) }

const (
	// patience is far more than anything here takes on a busy machine.
	patience                 = 90 * time.Second
	vendorKey, webhookSecret = "vendor-key", "webhook-secret"
)

// house is the room with all that it stands on, over a database and a bucket of its own.
type house struct {
	*Service
	worker *Worker
	queue  *jobs.Queue
	bucket *blob.Local
	vendor *assemblyai.Client
	viewer access.Viewer
	url    string // of the inbox's door
	home   ids.ID // the viewer's organization
}

// open builds the house. The vendor is whoever answers there; the jobs do not run yet.
func open(t *testing.T, vendor string, change ...func(*Options)) *house {
	t.Helper()
	address, hub, h := testdb.New(t), live.New(), &house{home: ids.New(ids.Organization)}
	store, err := postgres.Open(t.Context(), postgres.Config{URL: address, Wake: hub.Publish, Rehearse: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	pool, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if h.queue, err = jobs.New(jobs.Config{Pool: pool}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	opened := time.Now() // the bucket's clock stands still: two attempts send the same address, as within one second
	h.bucket, err = blob.NewLocal(blob.LocalConfig{
		Dir: t.TempDir(), BaseURL: server.URL + "/blobs", Key: bytes.Repeat([]byte("k"), blob.MinKey), Now: func() time.Time { return opened },
	})
	if err != nil {
		t.Fatal(err)
	}
	h.vendor = assemblyai.New(assemblyai.Config{BaseURL: vendor, Key: vendorKey})
	h.url = server.URL + "/api/webhooks/assemblyai"
	h.build(store, hub, change)
	mux.Handle("/blobs/", h.bucket.Handler())
	mux.Handle("POST /api/webhooks/{source}", inbox.New(inbox.Deps{
		Store: store, Jobs: h.queue, Kept: func(string, string) {}, Sources: map[string]inbox.Source{"assemblyai": h.worker.Source([]string{webhookSecret})},
	}))
	h.settle(t)
	return h
}

func (h *house) build(store *postgres.Store, hub *live.Hub, change []func(*Options)) {
	people := identity.New(identity.Deps{Store: store, Now: time.Now})
	shelf := recording.NewShelf(store, h.bucket, time.Now)
	h.Service = New(Deps{
		Store: store, Jobs: h.queue, Shelf: shelf, People: people, Activity: activity.New(store, hub, people.Allowed), Now: time.Now,
		Limits:  billing.NewLimits(billing.Rules{Fixed: billing.Enterprise, Now: time.Now}),
		Uploads: recording.New(recording.Deps{Store: store, Jobs: h.queue, Bucket: h.bucket, MaxSize: 1 << 20}),
	})
	options := Options{WebhookURL: h.url, WebhookSecret: webhookSecret, PollEvery: 10 * time.Millisecond, CheckAfter: 50 * time.Millisecond, LostAfter: patience}
	for _, c := range change {
		c(&options)
	}
	h.worker = NewWorker(WorkerDeps{Store: store, Jobs: h.queue, Shelf: shelf, Provider: h.vendor, Options: options})
}

// settle makes the organization and its one member.
func (h *house) settle(t *testing.T) {
	t.Helper()
	user := uuid.New()
	h.execute(t, "INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'One', 'one')", h.home.UUID)
	h.execute(t, "INSERT INTO switchboard.users (id, email) VALUES ($1, 'ada@example.com')", user)
	member := access.Membership{ID: uuid.New(), OrganizationID: h.home.UUID, Role: access.Operator}
	h.execute(t, "INSERT INTO switchboard.memberships (id, organization_id, user_id, role) VALUES ($1, $2, $3, $4)", member.ID, h.home.UUID, user, member.Role)
	h.viewer = access.Viewer{UserID: user, IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour), Memberships: []access.Membership{member}}
}

func (h *house) execute(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := h.store.Pool().Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func (h *house) number(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	if err := h.store.Pool().QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// run lets the jobs run until the test ends.
func (h *house) run(t *testing.T) {
	t.Helper()
	if err := h.queue.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := h.queue.Stop(ctx); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
}

// record puts a sound file on the shelf.
func (h *house) record(t *testing.T) ids.ID {
	t.Helper()
	id, sound, kind := ids.New(ids.Recording), "sound", "audio/wav"
	size, channels := int64(len(sound)), int32(1)
	if _, err := h.bucket.Put(t.Context(), id.String(), kind, size, strings.NewReader(sound)); err != nil {
		t.Fatal(err)
	}
	_, err := h.store.InsertRecording(t.Context(), db.InsertRecordingParams{
		ID: id.UUID, OrganizationID: h.home.UUID, Source: string(recording.Uploaded), ObjectKey: id.String(), ContentType: &kind, SizeBytes: &size, Channels: &channels,
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// request begins a transcription of a new recording.
func (h *house) request(t *testing.T) Transcription {
	t.Helper()
	made, err := h.Request(t.Context(), h.viewer, RequestInput{RecordingID: h.record(t)})
	if err != nil {
		t.Fatal(err)
	}
	return *made
}

func (h *house) read(t *testing.T, id ids.ID) Transcription {
	t.Helper()
	found, err := h.Get(t.Context(), h.viewer, id)
	if err != nil {
		t.Fatal(err)
	}
	return *found
}

// standIn is a vendor that behaves, or does not, as the test says.
func standIn(t *testing.T, hears fake.Recognizer) (*fake.Server, string) {
	t.Helper()
	server := fake.New(fake.Config{
		Dir: t.TempDir(), Key: vendorKey, Recognizer: hears, WebhookPause: time.Millisecond,
		AllowAudio: func(u *url.URL) bool { return u.Hostname() == "127.0.0.1" },
	})
	door := httptest.NewServer(server)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
		door.Close()
	})
	return server, door.URL
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
