package recording

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/devstack/samples"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestCallIsCopiedOnceItsRecordingIsCompletedAndOnlyThenStored(t *testing.T) {
	t.Parallel()
	c := openCalls(t)
	rec := c.hears(t, c.told("one", InProgress))
	if rec.Status != Pending || rec.Source != SignalWire || rec.CallID.UUID != c.call || *rec.DurationMs != 11_000 {
		t.Errorf("%+v", rec)
	}
	if err := c.runs(t, rec, false); err != nil || len(c.vendor.opened) != 0 || c.jobsOf(t, "recording.copy_of_call") != 0 {
		t.Errorf("fetched before the provider has it: %v", err)
	}
	for range 3 { // the callback comes again
		if again := c.hears(t, c.told("one", ProviderFinished)); again.ID != rec.ID {
			t.Errorf("it became another recording: %v", again.ID)
		}
	}
	if c.jobsOf(t, "recording.copy_of_call") != 1 || c.jobsOf(t, "recording.stored") != 0 {
		t.Error("not one job, or one that is too early")
	}
	for range 2 {
		if err := c.runs(t, rec, false); err != nil {
			t.Fatal(err)
		}
	}
	stored := c.now(t, rec)
	if stored.Status != Stored || *stored.SHA256 != *sum(samples.JFK()) || *stored.ContentType != "audio/wav" || *stored.DurationMs != 11_000 || len(c.vendor.opened) != 1 {
		t.Errorf("%+v, opened at %v", stored, c.vendor.opened)
	}
	if c.jobsOf(t, "recording.stored") != 1 || c.jobsOf(t, "recording.settled") != 1 {
		t.Error("the rooms above are not told, or twice")
	}
	if found, err := c.OfCalls(t.Context(), c.grace, []uuid.UUID{c.call}); err != nil || len(found[c.call]) != 1 || found[c.call][0].ID != rec.ID {
		t.Errorf("of the call: %v, %v", found, err)
	}
}

func TestAnyOrderAndDoublingOfTheProvidersWordsEndsInTheSameRow(t *testing.T) {
	t.Parallel()
	c := openCalls(t)
	words := []Progress{InProgress, ProviderFailed, ProviderAbsent, ProviderFinished}
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 5))
		said := words[:1+random.IntN(len(words))]
		heard := append(slices.Clone(said), said[random.IntN(len(said))])
		random.Shuffle(len(heard), func(i, j int) { heard[i], heard[j] = heard[j], heard[i] })
		var rec *Recording
		id := uuid.NewString()
		for _, word := range heard {
			rec = c.hears(t, c.told(id, word))
		}
		want := map[Progress]Status{InProgress: Pending, ProviderFailed: Failed, ProviderAbsent: Failed, ProviderFinished: Pending}[said[len(said)-1]]
		if rec.Status != want || (rec.Failure == nil) != (want == Pending) {
			t.Errorf("%v ends in %+v", heard, rec)
		}
		if rec.Failure != nil && rec.Failure.Message != *said[len(said)-1].missing() {
			t.Errorf("%v: %s", heard, rec.Failure.Message)
		}
	}
	if rows, ids := c.number(t, "SELECT count(*) FROM switchboard.recordings"), c.number(t, "SELECT count(DISTINCT provider_id) FROM switchboard.recordings"); rows != 30 || ids != 30 {
		t.Errorf("%d rows of %d recordings", rows, ids)
	}
}

func TestTwentyCallbacksAtOnceAreOneRecordingWithOneJob(t *testing.T) {
	t.Parallel()
	c := openCalls(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { c.hears(t, c.told("one", ProviderFinished)) })
	}
	all.Wait()
	if c.number(t, "SELECT count(*) FROM switchboard.recordings") != 1 || c.jobsOf(t, "recording.copy_of_call") != 1 {
		t.Error("more than one")
	}
}

func TestRecordingThatItsProviderNeverMadeIsNotFetched(t *testing.T) {
	t.Parallel()
	c := openCalls(t)
	rec := c.hears(t, c.told("one", ProviderAbsent))
	if rec.Status != Failed || rec.Failure.Retryable {
		t.Errorf("%+v", rec)
	}
	if err := c.runs(t, rec, false); err != nil || len(c.vendor.opened) != 0 {
		t.Errorf("%v, opened %v", err, c.vendor.opened)
	}
	err := c.Copies.store.InTx(t.Context(), func(tx *postgres.Tx) error {
		here, err := c.Want(t.Context(), tx, c.scope.OrganizationID, rec.ID.UUID)
		if here {
			t.Error("it is here")
		}
		return err
	})
	if err != nil || c.jobsOf(t, "recording.copy_of_call") != 0 || c.jobsOf(t, "recording.settled") != 2 {
		t.Errorf("wanted: %v", err)
	}
}

func TestRecordingThatItsProviderNeverFinishesIsFailedAndGoesOnShouldItStillBeFinished(t *testing.T) {
	t.Parallel()
	c := openCalls(t)
	old, young := c.hears(t, c.told("one", InProgress)), c.hears(t, c.told("two", InProgress))
	c.do(t, "UPDATE switchboard.recordings SET created_at = now() - interval '25 hours' WHERE id = $1", old.ID.UUID)
	for range 2 {
		if err := c.heal(t.Context(), jobs.Job[healArgs]{}); err != nil {
			t.Fatal(err)
		}
	}
	if o, y := c.now(t, old), c.now(t, young); o.Status != Failed || o.Failure.Message != unfinished || y.Status != Pending || c.jobsOf(t, "recording.settled") != 1 {
		t.Errorf("%+v, %+v", o, y)
	}
	c.hears(t, c.told("one", ProviderFinished))
	if err := c.runs(t, old, false); err != nil || c.now(t, old).Status != Stored || c.now(t, old).Failure != nil {
		t.Errorf("%v, %+v", err, c.now(t, old))
	}
}

func TestDeletionReachesTheProviderAndNoLateWordBringsTheRecordingBack(t *testing.T) {
	t.Parallel()
	c := openCalls(t)
	rec := c.hears(t, c.told("one", ProviderFinished))
	if err := c.runs(t, rec, false); err != nil {
		t.Fatal(err)
	}
	key := c.now(t, rec).objectKey
	if _, err := c.Delete(t.Context(), c.ada, rec.ID); err != nil {
		t.Fatal(err)
	}
	if again := c.hears(t, c.told("one", ProviderFinished)); again != nil {
		t.Errorf("while it is deleted: %+v", again)
	}
	c.vendor.forget = errors.New("away")
	if err := c.worker.Purge(t.Context(), DeletedArgs{RecordingID: rec.ID.UUID}); err == nil || c.number(t, "SELECT count(*) FROM switchboard.recordings") != 1 {
		t.Errorf("the row is gone although the provider keeps its copy: %v", err)
	}
	c.vendor.forget = nil
	for range 2 {
		if err := c.worker.Purge(t.Context(), DeletedArgs{RecordingID: rec.ID.UUID}); err != nil {
			t.Fatal(err)
		}
	}
	if !c.gone(t, key) || !slices.Equal(c.vendor.deleted, []string{"one", "one"}) {
		t.Errorf("gone: %t, deleted at the provider: %v", c.gone(t, key), c.vendor.deleted)
	}
	for _, word := range []Progress{InProgress, ProviderFinished} {
		if again := c.hears(t, c.told("one", word)); again != nil {
			t.Errorf("%s: %+v", word, again)
		}
	}
	if c.number(t, "SELECT count(*) FROM switchboard.recordings") != 0 {
		t.Error("it is back")
	}
}

func TestProvidersRecordingOfAnotherOrganizationIsNotTaken(t *testing.T) {
	t.Parallel()
	c := openCalls(t)
	rec := c.hears(t, c.told("one", InProgress))
	other := uuid.New()
	if _, err := c.Copies.store.Pool().Exec(t.Context(), "INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'Two', 'two')", other); err != nil {
		t.Fatal(err)
	}
	theirs := c.told("one", ProviderFinished)
	theirs.OrganizationID, theirs.CallID = other, uuid.New()
	if taken := c.hears(t, theirs); taken != nil {
		t.Errorf("taken: %+v", taken)
	}
	if now := c.now(t, rec); now.CallID.UUID != c.call || c.jobsOf(t, "recording.copy_of_call") != 0 {
		t.Errorf("%+v", now)
	}
	stranger := member(t, c.Copies.store.Pool(), other, "eve@example.com")
	if found, err := c.OfCalls(t.Context(), stranger, []uuid.UUID{c.call}); err != nil || len(found) != 0 {
		t.Errorf("another organization sees %v, %v", found, err)
	}
	if _, err := c.Get(t.Context(), stranger, rec.ID); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("another organization: %v", err)
	}
}

func TestCopyWhoseJobIsGoneIsBegunAgainOnce(t *testing.T) {
	t.Parallel()
	c := openCalls(t)
	rec := c.hears(t, c.told("one", ProviderFinished))
	c.do(t, "UPDATE switchboard.recordings SET created_at = now() - $1::interval", 2*lostFor)
	heal := func(what string) {
		t.Helper()
		for range 2 {
			if err := c.heal(t.Context(), jobs.Job[healArgs]{}); err != nil {
				t.Fatal(err)
			}
		}
		if n := c.jobsOf(t, "recording.copy_of_call"); n != 1 {
			t.Errorf("%d jobs %s", n, what)
		}
	}
	heal("where one waits")
	c.do(t, "DELETE FROM "+postgres.JobsSchema+".river_job")
	heal("after it was lost")
	if err := c.runs(t, rec, false); err != nil || c.now(t, rec).Status != Stored {
		t.Errorf("%v, %+v", err, c.now(t, rec))
	}
}

func TestCopyThatWasKilledInTheMiddleIsMadeGoodByTheNextRun(t *testing.T) {
	t.Parallel()
	c := openCalls(t)
	rec := c.hears(t, c.told("one", ProviderFinished))
	half, kill := context.WithCancel(t.Context())
	c.vendor.open = func(_ context.Context, offset int64) (Stream, error) {
		kill()
		return piece(offset, 100_000, io.ErrUnexpectedEOF)
	}
	if err := c.copyOfCall(half, c.job(t, rec, false)); err == nil || c.now(t, rec).Status != Pending {
		t.Fatalf("%v, %+v", err, c.now(t, rec))
	}
	c.vendor.open = nil
	for range 2 { // and by the one that only stalled
		if err := c.runs(t, rec, false); err != nil || c.now(t, rec).Status != Stored || *c.now(t, rec).SHA256 != *sum(samples.JFK()) {
			t.Errorf("%v, %+v", err, c.now(t, rec))
		}
	}
	if c.jobsOf(t, "recording.stored") != 1 || c.jobsOf(t, "recording.settled") != 1 {
		t.Error("the rooms above are not told, or twice")
	}
}
