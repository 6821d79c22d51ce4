package signalwire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
)

func TestEachWayOfNotAnsweringIsToldApart(t *testing.T) {
	t.Parallel()
	s := start(t, talk()...)
	for _, outcome := range []signalwire.CallStatus{signalwire.Busy, signalwire.NoAnswer, signalwire.Failed, signalwire.Canceled} {
		s.SetFaults(Faults{Outcome: string(outcome)})
		placed := s.place(s.params())
		s.over()
		got, err := s.Get(t.Context(), placed.Sid)
		if err != nil || got.Status != outcome || got.Duration != 0 || !strings.HasSuffix(s.house.said(), "ringing, "+string(outcome)) {
			t.Errorf("%s: %+v, %v, told %s", outcome, got, err, s.house.said())
		}
	}
	if len(s.house.asked) != 0 {
		t.Error("a document was asked for")
	}
}

func TestLegThatNobodyAnswersLeavesTheCallThatDialled(t *testing.T) {
	t.Parallel()
	s := start(t, signalwire.Dial{Number: bob}, signalwire.Say{Text: "Nobody is there."})
	s.SetFaults(Faults{LegOutcome: noAnswer})
	placed := s.place(s.params())
	s.over()
	found, err := s.Find(t.Context(), signalwire.FindParams{To: bob, From: ours, Since: placed.CreatedAt})
	if err != nil || len(found) != 1 || found[0].Status != signalwire.NoAnswer || found[0].ParentSid != placed.Sid {
		t.Errorf("the leg: %+v, %v", found, err)
	}
	if got, err := s.Get(t.Context(), placed.Sid); err != nil || got.Status != signalwire.Completed {
		t.Errorf("the call: %+v, %v", got, err)
	}
}

func TestCallbacksAreLostDoubledReversedAndLate(t *testing.T) {
	t.Parallel()
	s := start(t, talk()...)
	const all = "initiated, ringing, in-progress, recording in-progress, completed, recording completed"
	for want, faults := range map[string]CallbackFaults{
		"": {Lost: true},
		"initiated, ringing, in-progress, completed":                                                        {Lost: true, Only: "recording"},
		"initiated, ringing, in-progress, recording in-progress, completed, completed, recording completed": {Doubled: true, Only: completed},
		"recording completed, completed, recording in-progress, in-progress, ringing, initiated":            {Reversed: true},
		all: {Late: time.Millisecond},
	} {
		s.SetFaults(Faults{Callbacks: faults})
		s.house.mu.Lock()
		s.house.heard = nil
		s.house.mu.Unlock()
		s.place(s.params())
		s.over()
		if s.house.said() != want {
			t.Errorf("%+v: told %q, want %q", faults, s.house.said(), want)
		}
	}
}

func TestCallbackThatIsNotTakenComesThreeTimesAndNoMore(t *testing.T) {
	t.Parallel()
	s := start(t, talk()...)
	s.house.refuse = 2 + callbackTries // the first is given up, the second is taken in the end
	p := s.params()
	p.Record, p.StatusEvents = false, []signalwire.StatusEvent{signalwire.OnInitiated, signalwire.OnRinging, signalwire.OnCompleted}
	s.place(p)
	s.over()
	if want := "ringing, completed"; s.house.said() != want || s.Stats().CallbacksSent != 3+3+1 {
		t.Errorf("told %s with %d sent", s.house.said(), s.Stats().CallbacksSent)
	}
}

func TestAnswerLostAfterTheCallWasPlacedLeavesACallThatCanBeFound(t *testing.T) {
	t.Parallel()
	s := start(t, talk()...)
	s.SetFaults(Faults{LoseAnswer: 1, Hold: ringing})
	since := time.Now()
	if _, err := s.Place(t.Context(), s.params()); !signalwire.MaybeDone(err) {
		t.Fatalf("Place: %v", err)
	}
	found, err := s.Find(t.Context(), signalwire.FindParams{To: alice, From: ours, Since: since})
	if err != nil || len(found) != 1 {
		t.Errorf("Find = %+v, %v", found, err)
	}
	if other, err := s.Find(t.Context(), signalwire.FindParams{To: bob, From: ours, Since: since}); err != nil || len(other) != 0 {
		t.Errorf("to another number: %+v, %v", other, err)
	}
	if later, err := s.Find(t.Context(), signalwire.FindParams{To: alice, From: ours, Since: since.Add(time.Hour)}); err != nil || len(later) != 0 {
		t.Errorf("in an hour: %+v, %v", later, err)
	}
}

func TestFindReadsEveryPage(t *testing.T) {
	t.Parallel()
	s := start(t, signalwire.Hangup{})
	since, p := time.Now(), s.params()
	p.Record, p.StatusURL, p.RecordingURL = false, "", ""
	const calls = 205
	for range calls {
		s.place(p)
	}
	found, err := s.Find(t.Context(), signalwire.FindParams{To: alice, From: ours, Since: since})
	if err != nil || len(found) != calls {
		t.Errorf("found %d, %v", len(found), err)
	}
}

func TestRefusedFailedAndGarbledRequestsPlaceNoCall(t *testing.T) {
	t.Parallel()
	s := start(t, talk()...)
	s.SetFaults(Faults{On: "place", Refuse429: 1, RetryAfter: 3 * time.Second, Fail5xx: 1, Garbage: 1})
	_, refused := s.Place(t.Context(), s.params())
	var said *signalwire.Error
	if !errors.As(refused, &said) || !said.RateLimited() || said.RetryAfter != 3*time.Second || signalwire.MaybeDone(refused) {
		t.Errorf("429: %+v", refused)
	}
	for _, unsure := range []string{"500", "garbage"} {
		if _, err := s.Place(t.Context(), s.params()); !signalwire.MaybeDone(err) {
			t.Errorf("%s: %v", unsure, err)
		}
	}
	if n := s.Stats().Placed; n != 0 {
		t.Errorf("%d calls were placed", n)
	}
}

func TestAudioThatIsNotReadyComesLaterAndOneThatBreaksGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	s := start(t, talk()...)
	placed := s.place(s.params())
	s.over()
	all, err := s.Recordings(t.Context(), placed.Sid)
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	s.SetFaults(Faults{NotReady: 1, BreakAudio: 2})
	if _, err := s.Audio(t.Context(), signalwire.AudioParams{Sid: all[0].Sid, Most: 10 << 20}); !signalwire.NotFound(err) {
		t.Errorf("not ready: %v", err)
	}
	var got bytes.Buffer
	var breaks int
	for got.Len() < len(s.config.Audio) && breaks < 10 {
		audio, err := s.Audio(t.Context(), signalwire.AudioParams{Sid: all[0].Sid, Offset: int64(got.Len()), Most: 10 << 20})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = io.Copy(&got, audio); err != nil {
			breaks++
		}
		audio.Close()
	}
	if breaks != 2 || !bytes.Equal(got.Bytes(), s.config.Audio) {
		t.Errorf("%d breaks, %d bytes of %d", breaks, got.Len(), len(s.config.Audio))
	}
}

func TestSilentCallHasARecordingThatIsAbsent(t *testing.T) {
	t.Parallel()
	s := start(t, talk()...)
	s.SetFaults(Faults{Absent: true})
	placed := s.place(s.params())
	s.over()
	all, err := s.Recordings(t.Context(), placed.Sid)
	if err != nil || len(all) != 1 || all[0].Status != signalwire.RecordingAbsent || !strings.HasSuffix(s.house.said(), "recording absent") {
		t.Errorf("%+v, %v, told %s", all, err, s.house.said())
	}
}

func TestFaultsCanBeOrderedOverHTTPAndAMisspelledOneIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	for body, want := range map[string]int{
		`{"outcome":"busy","callbacks":{"doubled":true},"callbacks_late_ms":5,"retry_after_ms":7}`: http.StatusOK,
		`{"outcomes":"busy"}`: http.StatusBadRequest,
	} {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, s.url+"/_dev/faults", strings.NewReader(body))
		request.SetBasicAuth(project, token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %d", body, response.StatusCode)
		}
	}
	f := s.currentFaults()
	if f.Outcome != busy || !f.Callbacks.Doubled || f.Callbacks.Late != 5*time.Millisecond || f.RetryAfter != 7*time.Millisecond {
		t.Errorf("%+v", f)
	}
}

func TestAnswerThatNeverComesAndReadsThatLagBehind(t *testing.T) {
	t.Parallel()
	s := start(t, talk()...)
	s.SetFaults(Faults{HangAnswer: 1, Stale: 1})
	ctx, cancel := context.WithCancel(t.Context())
	lost := make(chan error)
	go func() {
		_, err := s.Place(ctx, s.params())
		lost <- err
	}()
	eventually(t, "the call has gone by", func() bool { return s.Stats().Placed == 1 && s.Stats().Live == 0 })
	cancel()
	if err := <-lost; !signalwire.MaybeDone(err) {
		t.Errorf("Place: %v", err)
	}
	sid := s.house.heard[0].CallSid
	for i, want := range []signalwire.CallStatus{signalwire.InProgress, signalwire.Completed} {
		if got, err := s.Get(t.Context(), sid); err != nil || got.Status != want || got.EndedAt.IsZero() == (i == 1) {
			t.Errorf("read %d: %+v, %v", i, got, err)
		}
	}
}
