package recording

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/devstack/samples"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// room is recordings over a database and a bucket of its own, with two members of one organization.
type room struct {
	*Service
	shelf      *Shelf
	worker     *Worker
	ada, grace access.Viewer
	scope      access.Scope // Ada's
	mu         sync.Mutex
	clock      time.Time
}

func open(t *testing.T) *room {
	t.Helper()
	address := testdb.New(t)
	store, err := postgres.Open(t.Context(), postgres.Config{URL: address, Rehearse: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	pool, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	queue, err := jobs.New(jobs.Config{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	jobs.Handle(queue, jobs.Kind{Queue: jobs.Work}, func(context.Context, jobs.Job[DeletedArgs]) error { return nil })
	r := &room{clock: time.Now()}
	bucket := r.bucket(t)
	r.Service = New(Deps{Store: store, Jobs: queue, Bucket: bucket, MaxSize: 1 << 20})
	r.shelf, r.worker = NewShelf(store, bucket, r.now), NewWorker(store, bucket, Providers{})
	organization := uuid.New()
	if _, err := pool.Exec(t.Context(), "INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'One', 'one')", organization); err != nil {
		t.Fatal(err)
	}
	r.ada, r.grace = member(t, pool, organization, "ada@example.com"), member(t, pool, organization, "grace@example.com")
	r.scope, err = r.ada.Scope(ids.Of(ids.Organization, organization), access.Owner)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// bucket is a folder behind a server of its own.
func (r *room) bucket(t *testing.T) *blob.Local {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	bucket, err := blob.NewLocal(blob.LocalConfig{Dir: t.TempDir(), BaseURL: server.URL + "/blobs", Key: bytes.Repeat([]byte("k"), blob.MinKey), Now: r.now})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/blobs/", bucket.Handler())
	return bucket
}

func member(t *testing.T, pool *pgxpool.Pool, organization uuid.UUID, email string) access.Viewer {
	t.Helper()
	id := uuid.New()
	if _, err := pool.Exec(t.Context(), "INSERT INTO switchboard.users (id, email) VALUES ($1, $2)", id, email); err != nil {
		t.Fatal(err)
	}
	return access.Viewer{UserID: id, Memberships: []access.Membership{{ID: uuid.New(), OrganizationID: organization, Role: access.Owner}}}
}

func (r *room) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clock
}

func (r *room) later(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock = r.clock.Add(d)
}

// input announces a sound file.
func (r *room) input(key *string) UploadInput {
	return UploadInput{OrganizationID: ids.Of(ids.Organization, r.scope.OrganizationID), Filename: "jfk.wav", ContentType: "audio/wav", SizeBytes: int64(len(samples.JFK())), IdempotencyKey: key}
}

// begin makes an upload; send gives its target the bytes.
func (r *room) begin(t *testing.T, in UploadInput) (Upload, Target) {
	t.Helper()
	up, targets, err := r.CreateUpload(t.Context(), r.ada, in)
	if err != nil {
		t.Fatal(err)
	}
	return *up, targets[0]
}

func send(t *testing.T, to Target, body []byte) {
	t.Helper()
	if status := sendAny(t, to, body); status >= 300 {
		t.Fatalf("the bucket answered %d", status)
	}
}

func sendAny(t *testing.T, to Target, body []byte) (status int) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), to.Method, to.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range to.Headers {
		request.Header.Set(h.Name, h.Value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// shelve completes an upload; fresh says whether this call made the recording.
func (r *room) shelve(ctx context.Context, up Upload) (rec Recording, fresh bool, err error) {
	seen, err := r.shelf.Inspect(ctx, r.scope, up)
	if err != nil {
		return rec, false, err
	}
	err = r.store.InTx(ctx, func(tx *postgres.Tx) error {
		rec, fresh, err = r.shelf.Shelve(ctx, tx, r.scope, up, seen)
		return err
	})
	return rec, fresh, err
}

func (r *room) recording(t *testing.T) Recording {
	t.Helper()
	up, target := r.begin(t, r.input(nil))
	send(t, target, samples.JFK())
	rec, _, err := r.shelve(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func (r *room) number(t *testing.T, sql string) (n int) {
	t.Helper()
	if err := r.store.Pool().QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// gone says whether the bucket has no such object.
func (r *room) gone(t *testing.T, key string) bool {
	t.Helper()
	_, err := r.Service.bucket.Head(t.Context(), key)
	return errors.Is(err, blob.ErrNotFound)
}

func sum(body []byte) *string {
	hash := sha256.Sum256(body)
	word := hex.EncodeToString(hash[:])
	return &word
}
