package transcription

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/activity"
	fake "github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/jobs"
)

func (h *house) submitOf(t *testing.T, of Transcription) error {
	t.Helper()
	return h.worker.submit(t.Context(), jobs.Job[submitArgs]{Args: submitArgs{TranscriptionID: of.ID.UUID, Attempt: int32(of.Attempt)}})
}

func TestASubmissionIsNeverTakenForTheOneOfAnEarlierAttempt(t *testing.T) {
	t.Parallel()
	provider, address := standIn(t, fake.Scripted{Result: heard})
	h := open(t, address, func(o *Options) { o.LostAfter = time.Millisecond })
	made := h.request(t)
	provider.SetFaults(fake.Faults{ErrorTranscript: "nothing was heard", Webhook: fake.WebhookFaults{Lost: true}})
	if err := h.submitOf(t, made); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first attempt failed", func() bool {
		if err := h.worker.check(t.Context(), jobs.Job[checkArgs]{Args: checkArgs{TranscriptionID: made.ID.UUID, Attempt: 1}}); err != nil {
			t.Fatal(err)
		}
		return h.read(t, made.ID).Status == Failed
	})
	again, err := h.Retry(t.Context(), h.viewer, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	provider.SetFaults(fake.Faults{On: "submit", Garbage: 1}) // not taken, and we cannot know
	if err := h.submitOf(t, *again); err == nil {
		t.Fatal("a submission of unknown outcome is taken for a good one")
	}
	eventually(t, "it is sent again", func() bool {
		if err := h.submitOf(t, *again); err != nil && !jobs.Waits(err) {
			t.Fatal(err)
		}
		return h.read(t, made.ID).Status == Processing
	})
	if submitted := provider.Stats().Submitted; submitted != 2 {
		t.Errorf("%d submissions of 2 attempts", submitted)
	}
}

func TestALostAnswerIsFoundAndNotSentAgain(t *testing.T) {
	t.Parallel()
	provider, address := standIn(t, fake.Scripted{Result: heard})
	h := open(t, address)
	made := h.request(t)
	provider.SetFaults(fake.Faults{LoseAnswer: 1, Webhook: fake.WebhookFaults{Lost: true}})
	if err := h.submitOf(t, made); err == nil {
		t.Fatal("a lost answer is taken for a good one")
	}
	if err := h.submitOf(t, made); err != nil {
		t.Fatal(err)
	}
	if now := h.read(t, made.ID); now.Status != Processing || provider.Stats().Submitted != 1 {
		t.Errorf("%s after %d submissions", now.Status, provider.Stats().Submitted)
	}
}

func TestTwoRunsOfOneSubmissionKeepOneTranscript(t *testing.T) {
	t.Parallel()
	provider, address := standIn(t, fake.Scripted{Result: heard})
	h := open(t, address)
	made := h.request(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := h.submitOf(t, made); err != nil && !jobs.Waits(err) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	h.run(t)
	h.comeToRest(t)
	kept := 0
	for _, ids := range h.keptByVendor(t) {
		kept += len(ids)
	}
	if now := h.read(t, made.ID); now.Status != Completed || kept != 1 {
		t.Errorf("%s, the vendor took %d and keeps %d", now.Status, provider.Stats().Submitted, kept)
	}
}

func TestWhatIsCanceledWhileItIsSentIsForgottenByTheVendor(t *testing.T) {
	t.Parallel()
	provider, address := standIn(t, fake.Scripted{Result: heard})
	h := open(t, address)
	made := h.request(t)
	provider.SetFaults(fake.Faults{LoseAnswer: 1, Webhook: fake.WebhookFaults{Late: 50 * time.Millisecond}})
	if err := h.submitOf(t, made); err == nil {
		t.Fatal("a lost answer is taken for a good one")
	}
	if _, err := h.Cancel(t.Context(), h.viewer, made.ID); err != nil {
		t.Fatal(err)
	}
	h.run(t)
	eventually(t, "the vendor has forgotten it", func() bool { h.comeToRest(t); return provider.Stats().Deleted == 1 })
	if now := h.read(t, made.ID); now.Status != Canceled || now.Version != 0 {
		t.Errorf("%+v", now)
	}
}

func TestOnlyOneOfManyRequestsForARecordingIsLive(t *testing.T) {
	t.Parallel()
	h := open(t, "http://127.0.0.1:1")
	about := h.record(t)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := h.Request(t.Context(), h.viewer, RequestInput{RecordingID: about}); err != nil && !fault.Is(err, fault.CodeConflict) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if rows := h.number(t, "SELECT count(*) FROM switchboard.transcriptions"); rows != 1 {
		t.Errorf("%d transcriptions", rows)
	}
}

func TestAWatcherSeesEachStepOnceAndThenTheEnd(t *testing.T) {
	t.Parallel()
	provider, address := standIn(t, fake.Scripted{Result: heard})
	h := open(t, address)
	provider.SetFaults(fake.Faults{Webhook: fake.WebhookFaults{Doubled: true, Early: true}})
	made := h.request(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	events, err := h.Watch(ctx, h.viewer, Watching{ID: made.ID}, activity.Reader{Ended: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	h.run(t)
	var seen []Status
	for e := range events {
		seen = append(seen, e.Status)
	}
	if len(seen) != 3 || seen[0] != Queued || seen[1] != Processing || seen[2] != Completed {
		t.Errorf("seen %v", seen)
	}
}

func TestATranscriptThatComesAfterItWasGivenUpIsKept(t *testing.T) {
	t.Parallel()
	provider, address := standIn(t, fake.Scripted{Result: heard})
	h := open(t, address)
	made := h.request(t)
	provider.SetFaults(fake.Faults{Webhook: fake.WebhookFaults{Lost: true}})
	if err := h.submitOf(t, made); err != nil {
		t.Fatal(err)
	}
	h.execute(t, "UPDATE switchboard.transcriptions SET queued_at = now() - interval '2 days' WHERE id = $1", made.ID.UUID)
	if err := h.worker.check(t.Context(), jobs.Job[checkArgs]{Args: checkArgs{TranscriptionID: made.ID.UUID, Attempt: 1}}); err != nil {
		t.Fatal(err)
	}
	if got := h.read(t, made.ID); got.Status != Failed || got.Failure.Code != "TIMED_OUT" {
		t.Fatalf("after two days it is %s", got.Status)
	}
	sub, err := h.store.GetSubmissionOfAttempt(t.Context(), made.ID.UUID, 1)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the transcript to be taken", func() bool {
		knock := inbox.Event{Body: fmt.Appendf(nil, `{"transcript_id":%q,"status":"completed"}`, *sub.ProviderID)}
		if _, err := h.worker.Ingest(t.Context(), knock); err != nil && !jobs.Waits(err) {
			t.Fatal(err)
		}
		return h.read(t, made.ID).Status == Completed
	})
	if got := h.read(t, made.ID); got.Failure != nil || got.Version != 1 || got.Text == nil {
		t.Errorf("it is %+v", got)
	}
}
