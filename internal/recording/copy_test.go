package recording

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/devstack/samples"
	"github.com/switchboard-voice/switchboard/internal/egress"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// copier is a room that copies from one server of somebody else.
type copier struct {
	*room
	*Copies
	address string
	asked   atomic.Int32
	answer  http.HandlerFunc
}

func openCopier(t *testing.T, answer http.HandlerFunc) *copier {
	t.Helper()
	c := &copier{room: open(t), answer: answer}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.asked.Add(1)
		c.answer(w, r)
	}))
	t.Cleanup(server.Close)
	c.address = server.URL + "/jfk.wav"
	c.Copies = NewCopies(CopiesDeps{
		Store: c.room.store, Jobs: c.room.jobs, Bucket: c.room.Service.bucket, MaxSize: 1 << 20,
		Client: egress.New(egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}),
	})
	jobs.Handle(c.room.jobs, jobs.Kind{Queue: jobs.Work}, func(context.Context, jobs.Job[SettledArgs]) error { return nil })
	return c
}

func sound(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(samples.JFK()) }

func (c *copier) tx(t *testing.T, do func(tx *postgres.Tx) error) error {
	t.Helper()
	return c.Copies.store.InTx(t.Context(), do)
}

func (c *copier) expect(t *testing.T) (rec Recording) {
	t.Helper()
	err := c.tx(t, func(tx *postgres.Tx) (err error) {
		rec, err = c.Expect(t.Context(), tx, c.scope, c.address)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func (c *copier) want(t *testing.T, organization uuid.UUID, rec Recording) (here bool, err error) {
	t.Helper()
	err = c.tx(t, func(tx *postgres.Tx) (err error) {
		here, err = c.Want(t.Context(), tx, organization, rec.ID.UUID)
		return err
	})
	return here, err
}

// job is one run of a recording's copy.
func (c *copier) job(rec Recording, attempt int32, last bool) jobs.Job[copyArgs] {
	return jobs.Job[copyArgs]{Args: copyArgs{OrganizationID: c.scope.OrganizationID, RecordingID: rec.ID.UUID, Attempt: attempt}, Attempt: 1, Last: last}
}

func (c *copier) read(t *testing.T, rec Recording) *db.Recording {
	t.Helper()
	row, err := c.Copies.store.GetRecordingToCopy(t.Context(), rec.ID.UUID, c.scope.OrganizationID)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func TestCopyIsStoredWithItsHashAndTheAddressGoes(t *testing.T) {
	t.Parallel()
	c := openCopier(t, sound)
	rec := c.expect(t)
	if rec.Status != Pending || rec.Source != External || *rec.Filename != "jfk.wav" || !rec.CopiedFrom(c.address) || rec.CopiedFrom(c.address+"?") {
		t.Errorf("expected: %+v", rec)
	}
	for range 2 { // the second run finds nothing to do
		if err := c.copy(t.Context(), c.job(rec, 1, false)); err != nil {
			t.Fatal(err)
		}
	}
	row := c.read(t, rec)
	stored := fromRow(row)
	if stored.Status != Stored || *stored.SHA256 != *sum(samples.JFK()) || *stored.SizeBytes != int64(len(samples.JFK())) || *stored.ContentType != "audio/wav" {
		t.Errorf("stored: %+v", stored)
	}
	if row.SourceUrl != nil || !stored.CopiedFrom(c.address) {
		t.Error("the address stays, or is not known again")
	}
	if n := c.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	if n := c.number(t, "SELECT count(*) FROM river.river_job WHERE kind = 'recording.settled'"); n != 1 {
		t.Errorf("%d jobs follow", n)
	}
	if n := c.number(t, "SELECT count(*) FROM switchboard.activity_events WHERE type = 'RECORDING_AVAILABLE' AND actor_kind = 'SYSTEM'"); n != 1 {
		t.Errorf("%d events", n)
	}
	if here, err := c.want(t, c.scope.OrganizationID, rec); !here || err != nil {
		t.Errorf("here: %v, %v", here, err)
	}
}

func TestTooManyCopiesOfOneOrganizationAreALimit(t *testing.T) {
	t.Parallel()
	c := openCopier(t, sound)
	for range maxPending {
		c.expect(t)
	}
	err := c.tx(t, func(tx *postgres.Tx) error {
		_, err := c.Expect(t.Context(), tx, c.scope, c.address)
		return err
	})
	if !fault.Is(err, fault.CodeLimit) {
		t.Errorf("one more: %v", err)
	}
	if _, err := c.Copies.store.Pool().Exec(t.Context(), "INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'Two', 'two')", uuid.UUID{2}); err != nil {
		t.Fatal(err)
	}
	err = c.tx(t, func(tx *postgres.Tx) error {
		_, err := c.Expect(t.Context(), tx, access.Scope{OrganizationID: uuid.UUID{2}, UserID: c.scope.UserID}, c.address)
		return err
	})
	if err != nil {
		t.Errorf("another organization: %v", err)
	}
}

func TestAnotherOrganizationsRecordingIsNotCopied(t *testing.T) {
	t.Parallel()
	c := openCopier(t, sound)
	if _, err := c.want(t, uuid.New(), c.expect(t)); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := c.want(t, c.scope.OrganizationID, Recording{ID: ids.New(ids.Recording)}); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("a missing one: %v", err)
	}
}

func TestFileIsNamedAfterTheEndOfItsAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://example.com/a/call%20one.wav?x=y.mp3": "call one.wav", "https://example.com/a/": "a", "https://example.com/%2e%2e%2fetc": "etc",
		"https://example.com": "", "https://example.com/": "", "https://example.com/a%0Ab": "", "https://example.com/a%00b": "", "https://example.com/%ff": "",
		"https://example.com/" + strings.Repeat("ä", 256): "",
	} {
		var got string
		if name := filename(address); name != nil {
			got = *name
		}
		if got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
