package assemblyai

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
)

func TestRefusalsAreCountedDownAndThenAllIsWell(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.SetFaults(Faults{Refuse429: 2, RetryAfter: 1500 * time.Millisecond})
	for range 2 {
		_, err := s.Submit(t.Context(), s.params())
		var busy *assemblyai.Error
		if !errors.As(err, &busy) || busy.Status != http.StatusTooManyRequests || busy.RetryAfter != 2*time.Second {
			t.Fatalf("Submit: %v", err)
		}
	}
	s.wait(t, s.submit(t, s.params()))
}

func TestAFailureOfTheProviderTakesNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.SetFaults(Faults{Fail5xx: 1, On: "submit"})
	if _, err := s.List(t.Context(), assemblyai.ListParams{}); err != nil {
		t.Errorf("a call that it does not strike: %v", err)
	}
	_, err := s.Submit(t.Context(), s.params())
	var broken *assemblyai.Error
	if !errors.As(err, &broken) || broken.Refused() || !broken.Temporary() || s.Stats().Submitted != 0 {
		t.Errorf("Submit: %v", err)
	}
}

func TestGarbageIsNoAnswer(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.SetFaults(Faults{Garbage: 1})
	_, err := s.Submit(t.Context(), s.params())
	var answered *assemblyai.Error
	if err == nil || errors.As(err, &answered) || s.Stats().Submitted != 0 {
		t.Errorf("Submit: %v", err)
	}
}

func TestAHangEndsWithTheClientsPatience(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.SetFaults(Faults{Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Submit(ctx, s.params()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Submit: %v", err)
	}
}

func TestAHangEndsWithTheServer(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.SetFaults(Faults{Hang: true})
	answered := make(chan error, 1)
	go func() {
		_, err := s.List(t.Context(), assemblyai.ListParams{})
		answered <- err
	}()
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err == nil {
		t.Error("it was answered")
	}
}

func TestALostAnswerLeavesTheJobToBeFound(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.SetFaults(Faults{LoseAnswer: 1})
	_, err := s.Submit(t.Context(), s.params())
	var answered *assemblyai.Error
	if err == nil || errors.As(err, &answered) {
		t.Fatalf("Submit: %v", err)
	}
	list, err := s.List(t.Context(), assemblyai.ListParams{Limit: 100})
	if err != nil || len(list.Transcripts) != 1 || list.Transcripts[0].AudioURL != s.params().AudioURL {
		t.Fatalf("List = %+v, %v", list, err)
	}
	s.wait(t, list.Transcripts[0].ID)
	if stats := s.Stats(); stats.Submitted != 1 || stats.ByAudio[s.params().AudioURL] != 1 {
		t.Errorf("stats %+v", stats)
	}
}

func TestAJobEndsAsItIsTold(t *testing.T) {
	t.Parallel()
	hook := receive(t, http.StatusOK)
	s := start(t)
	s.SetFaults(Faults{ErrorTranscript: "The file is corrupt."})
	got := s.wait(t, s.submit(t, s.withWebhook(hook)))
	if got.Status != assemblyai.StatusError || got.Error != "The file is corrupt." || got.Text != "" {
		t.Errorf("got %s", got.Raw)
	}
	hook.wait(t)
	if note := hook.notes()[0]; note.Status != assemblyai.StatusError {
		t.Errorf("webhook %+v", note)
	}
}

func TestADelayedJobIsStillBeingMade(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.SetFaults(Faults{Delay: 100 * time.Millisecond})
	begun := time.Now()
	id := s.submit(t, s.params())
	eventually(t, "it is being made", func() bool {
		got, err := s.Get(t.Context(), id)
		return err == nil && got.Status == assemblyai.StatusProcessing
	})
	if s.wait(t, id); time.Since(begun) < 100*time.Millisecond {
		t.Error("it was done too soon")
	}
}

func TestAWebhookCanBeLost(t *testing.T) {
	t.Parallel()
	hook := receive(t, http.StatusOK)
	s := start(t)
	s.SetFaults(Faults{Webhook: WebhookFaults{Lost: true}})
	s.settled(t, s.submit(t, s.withWebhook(hook)))
	if len(hook.notes()) != 0 || s.Stats().WebhooksSent != 0 {
		t.Errorf("webhooks %v", hook.notes())
	}
}

func TestAWebhookCanComeTwice(t *testing.T) {
	t.Parallel()
	hook := receive(t, http.StatusOK)
	s := start(t)
	s.SetFaults(Faults{Webhook: WebhookFaults{Doubled: true}})
	s.settled(t, s.submit(t, s.withWebhook(hook)))
	if notes := hook.notes(); len(notes) != 2 || notes[0] != notes[1] {
		t.Errorf("webhooks %v", notes)
	}
}

func TestAWebhookCanComeBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	hook := receive(t, http.StatusServiceUnavailable, http.StatusOK)
	s := start(t)
	s.SetFaults(Faults{Webhook: WebhookFaults{Early: true}})
	id := s.submit(t, s.withWebhook(hook))
	if notes := hook.notes(); len(notes) == 0 || notes[0].TranscriptID != id {
		t.Errorf("webhooks at the answer: %v", notes)
	}
	s.SetFaults(Faults{Webhook: WebhookFaults{Early: true, Lost: true}})
	s.submit(t, s.params()) // without one there is nothing to wait for
}

func TestAWebhookCanComeLate(t *testing.T) {
	t.Parallel()
	hook := receive(t, http.StatusOK)
	s := start(t)
	s.SetFaults(Faults{Webhook: WebhookFaults{Late: 100 * time.Millisecond}})
	begun := time.Now()
	s.submit(t, s.withWebhook(hook))
	if hook.wait(t); time.Since(begun) < 100*time.Millisecond {
		t.Error("it came too soon")
	}
}

func TestFaultsAreSetOverHTTPWhereThatIsOpen(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.FaultsEnabled = true })
	status, body := s.send(t, "PUT", "/faults", testKey, `{"on":"get","refuse_429":1,"retry_after_ms":2000,"delay_ms":5,"lose_answer":1,"webhook":{"early":true},"webhook_late_ms":7}`)
	want := Faults{On: "get", Refuse429: 1, RetryAfter: 2 * time.Second, Delay: 5 * time.Millisecond, LoseAnswer: 1, Webhook: WebhookFaults{Early: true, Late: 7 * time.Millisecond}}
	if got := s.currentFaults(); status != http.StatusOK || got != want {
		t.Errorf("%d %s: %+v", status, body, got)
	}
	if status, body := s.send(t, "PUT", "/faults", testKey, `{"refuse_492":1}`); status != http.StatusBadRequest || !strings.Contains(body, "refuse_492") {
		t.Errorf("a misspelled fault: %d %s", status, body)
	}
	if status, _ := s.send(t, "PUT", "/faults", "other", `{}`); status != http.StatusUnauthorized {
		t.Errorf("without the key: %d", status)
	}
	s.SetFaults(Faults{Hang: true})
	if status, _ := s.send(t, "PUT", "/faults", testKey, `{}`); status != http.StatusOK || s.currentFaults() != (Faults{}) {
		t.Errorf("ending a hang: %d", status)
	}
}
