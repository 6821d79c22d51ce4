package recording

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/devstack/samples"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// recorder is a provider that keeps recordings.
type recorder struct {
	mu      sync.Mutex
	opened  []int64 // the offsets
	deleted []string
	open    func(ctx context.Context, offset int64) (Stream, error) // what it answers; nil: all of the sample
	forget  error
}

func (r *recorder) provider() Provider {
	return Provider{
		Open: func(ctx context.Context, _ string, offset, _ int64) (Stream, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.opened = append(r.opened, offset)
			if r.open != nil {
				return r.open(ctx, offset)
			}
			return piece(offset, -1, io.EOF)
		},
		Delete: func(_ context.Context, id string) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.deleted = append(r.deleted, id)
			return r.forget
		},
	}
}

// piece is so many bytes of the sample from an offset on, and then an error.
func piece(offset, length int64, then error) (Stream, error) {
	whole := samples.JFK()
	rest := whole[offset:]
	if length >= 0 && length < int64(len(rest)) {
		rest = rest[:length]
	}
	return Stream{Reader: io.MultiReader(bytes.NewReader(rest), failing{then}), Size: int64(len(whole)), Close: func() {}}, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// calls is a room to which a provider brings recordings of calls.
type calls struct {
	*room
	*Copies
	vendor *recorder
	call   uuid.UUID
}

func openCalls(t *testing.T) *calls {
	t.Helper()
	c := &calls{room: open(t), vendor: &recorder{}, call: uuid.New()}
	providers := Providers{SignalWire: c.vendor.provider()}
	c.Copies = NewCopies(CopiesDeps{Store: c.room.store, Jobs: c.room.jobs, Bucket: c.room.Service.bucket, MaxSize: 1 << 20, Providers: providers})
	c.worker = NewWorker(c.room.store, c.room.Service.bucket, providers)
	jobs.Handle(c.room.jobs, jobs.Kind{Queue: jobs.Work}, func(context.Context, jobs.Job[SettledArgs]) error { return nil })
	jobs.Handle(c.room.jobs, jobs.Kind{Queue: jobs.Work}, func(context.Context, jobs.Job[StoredArgs]) error { return nil })
	return c
}

func (c *calls) told(id string, progress Progress) Told {
	return Told{Source: SignalWire, ProviderID: id, OrganizationID: c.scope.OrganizationID, CallID: c.call, Progress: progress, Duration: 11 * time.Second}
}

// hears takes what the provider says in.
func (c *calls) hears(t *testing.T, told Told) (rec *Recording) {
	t.Helper()
	err := c.Copies.store.InTx(t.Context(), func(tx *postgres.Tx) (err error) {
		rec, err = c.Take(t.Context(), tx, told)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// runs is one run of the copy that the recording waits for.
func (c *calls) runs(t *testing.T, rec *Recording, last bool) error {
	t.Helper()
	return c.copyOfCall(t.Context(), c.job(t, rec, last))
}

func (c *calls) job(t *testing.T, rec *Recording, last bool) jobs.Job[callCopyArgs] {
	t.Helper()
	row, err := c.Copies.store.GetRecordingToCopy(t.Context(), rec.ID.UUID, c.scope.OrganizationID)
	if err != nil {
		t.Fatal(err)
	}
	return jobs.Job[callCopyArgs]{Args: callCopyArgs{OrganizationID: row.OrganizationID, RecordingID: row.ID, Attempt: row.CopyAttempt}, Last: last}
}

func (c *calls) now(t *testing.T, rec *Recording) *Recording {
	t.Helper()
	found, err := c.Get(t.Context(), c.ada, rec.ID)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (c *calls) jobsOf(t *testing.T, kind string) int {
	t.Helper()
	return c.number(t, "SELECT count(*) FROM river.river_job WHERE kind = '"+kind+"'")
}

func TestConnectionThatBreaksIsGoneOnWithWhereItBroke(t *testing.T) {
	t.Parallel()
	c := openCalls(t)
	c.vendor.open = func(_ context.Context, offset int64) (Stream, error) {
		return piece(offset, 100_000, io.ErrUnexpectedEOF) // breaks after each 100 KB
	}
	rec := c.hears(t, c.told("one", ProviderFinished))
	if err := c.runs(t, rec, false); err != nil {
		t.Fatal(err)
	}
	if stored := c.now(t, rec); stored.Status != Stored || *stored.SHA256 != *sum(samples.JFK()) {
		t.Errorf("%+v", stored)
	}
	for i, offset := range c.vendor.opened {
		if offset != int64(i)*100_000 {
			t.Errorf("opened at %v", c.vendor.opened)
		}
	}
}

func TestWhatCannotBeCopiedNowIsTriedAgainAndFailsInTheEndWithAReason(t *testing.T) {
	t.Parallel()
	whole := int64(len(samples.JFK()))
	for name, tc := range map[string]struct {
		open   func(ctx context.Context, offset int64) (Stream, error)
		passes bool
		says   string
	}{
		"not ready": {func(context.Context, int64) (Stream, error) { return Stream{}, ErrNotThere }, true, "The provider does not have the audio of this recording."},
		"away": {func(context.Context, int64) (Stream, error) {
			return Stream{}, errors.New("dial tcp 10.0.0.1: refused")
		}, true, "The audio could not be fetched."},
		"no bytes": {func(_ context.Context, offset int64) (Stream, error) { return piece(offset, 0, io.ErrUnexpectedEOF) }, true, "The audio could not be fetched."},
		"too large": {func(context.Context, int64) (Stream, error) {
			return Stream{Reader: endless{}, Size: -1, Close: func() {}}, nil
		}, false, "The audio is larger than 1048576 bytes."},
		"announced": {func(context.Context, int64) (Stream, error) {
			return Stream{Reader: endless{}, Size: 1<<20 + 1, Close: func() {}}, nil
		}, false, "The audio is larger than 1048576 bytes."},
		"no audio": {func(context.Context, int64) (Stream, error) {
			page := "<html>" + string(make([]byte, 4096))
			return Stream{Reader: bytes.NewReader([]byte(page)), Size: int64(len(page)), Close: func() {}}, nil
		}, false, "This file cannot be transcribed"},
		"other size": {func(_ context.Context, offset int64) (Stream, error) {
			s, err := piece(offset, 1000, io.ErrUnexpectedEOF)
			s.Size += offset
			return s, err
		}, true, "The audio could not be fetched."},
		"longer than it said": {func(_ context.Context, offset int64) (Stream, error) {
			s, err := piece(offset, -1, io.EOF)
			s.Size = whole - 10
			return s, err
		}, true, "The audio could not be fetched."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openCalls(t)
			c.vendor.open = tc.open
			rec := c.hears(t, c.told("one", ProviderFinished))
			if err := c.runs(t, rec, false); (err != nil) != tc.passes {
				t.Fatalf("the first try: %v", err)
			}
			if tc.passes {
				if now := c.now(t, rec); now.Status != Pending {
					t.Fatalf("after the first try: %+v", now)
				}
				if err := c.runs(t, rec, true); err != nil {
					t.Fatalf("the last try: %v", err)
				}
			}
			now := c.now(t, rec)
			if now.Status != Failed || now.Failure == nil || !bytes.HasPrefix([]byte(now.Failure.Message), []byte(tc.says)) {
				t.Errorf("%+v", now.Failure)
			}
			if c.jobsOf(t, "recording.stored") != 0 || c.jobsOf(t, "recording.settled") != 1 {
				t.Error("the rooms above are told something else")
			}
			c.vendor.open = nil
			err := c.Copies.store.InTx(t.Context(), func(tx *postgres.Tx) error {
				_, err := c.Want(t.Context(), tx, c.scope.OrganizationID, rec.ID.UUID)
				return err
			})
			if err != nil || c.runs(t, rec, false) != nil || c.now(t, rec).Status != Stored {
				t.Errorf("wanted again: %v, %+v", err, c.now(t, rec))
			}
		})
	}
}
