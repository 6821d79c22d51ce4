package telephony

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
)

func (h *house) checks(t *testing.T, job jobs.Job[checkArgs]) error {
	t.Helper()
	err := h.worker.check(t.Context(), job)
	if jobs.Waits(err) {
		return nil
	}
	return err
}

func (v *vendor) forget(sid string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.calls, sid)
}

func TestACallbackThatIsAheadOfTheProvidersListIsKeptUntilTheCallIsInIt(t *testing.T) {
	t.Parallel()
	h := open(t)
	call := h.begin(t)
	for name, body := range map[string]string{"call": callback("sid", "ringing", 1), "recording": "CallSid=sid&RecordingSid=one&RecordingStatus=completed"} {
		event := inbox.Event{ID: uuid.New(), Source: inbox.SignalWire, Query: "call=" + call.ID.UUID.String(), Body: []byte(body), ReceivedAt: time.Now()}
		if _, err := h.worker.Ingest(t.Context(), event); !jobs.Waits(err) {
			t.Errorf("%s: done with, although nothing is known of it: %v", name, err)
		}
	}
	h.vendor.set("sid", listed("ringing"))
	event := inbox.Event{ID: uuid.New(), Source: inbox.SignalWire, Query: "call=" + call.ID.UUID.String(), Body: []byte("CallSid=sid&RecordingSid=one&RecordingStatus=completed"), ReceivedAt: time.Now()}
	if _, err := h.worker.Ingest(t.Context(), event); !jobs.Waits(err) {
		t.Errorf("the recording's word is done with before there is a recording: %v", err)
	}
	if err := h.hears(t, "call="+call.ID.UUID.String(), callback("sid", "ringing", 1)); err != nil || h.now(t, call).Status != Ringing {
		t.Errorf("%v, %s", err, h.now(t, call).Status)
	}
}

func TestACallThatTalksIsLostOnlyWhenItsProviderSaysSoAgainAndAgain(t *testing.T) {
	t.Parallel()
	h := open(t)
	call := h.begin(t)
	h.vendor.set("sid", listed("in-progress"))
	if err := h.hears(t, "call="+call.ID.UUID.String(), callback("sid", "in-progress", 2)); err != nil {
		t.Fatal(err)
	}
	h.vendor.forget("sid")
	job := jobs.Job[checkArgs]{Args: checkArgs{CallID: call.ID.UUID}}
	if err := h.checks(t, job); err == nil || h.now(t, call).Status != InProgress {
		t.Errorf("after the first answer: %v, %s", err, h.now(t, call).Status)
	}
	job.Last = true
	if err := h.checks(t, job); err != nil || h.now(t, call).Status != Failed || h.now(t, call).Failure.Code != "PROVIDER_LOST" {
		t.Errorf("after the last: %v, %+v", err, h.now(t, call))
	}
}

func TestALegWhoseEndWasNeverToldEndsWithItsCall(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.execute(t, "UPDATE switchboard.phone_numbers SET forward_to = '+12025550155'")
	call := h.begin(t)
	h.vendor.walk(3, theirs)
	for _, body := range []string{callback("first", "in-progress", 2), callback("second", "in-progress", 1)} {
		if err := h.hears(t, "call="+call.ID.UUID.String(), body); err != nil {
			t.Fatal(err)
		}
	}
	h.vendor.walk(steps-1, theirs)
	if err := h.hears(t, "call="+call.ID.UUID.String(), callback("first", "completed", 3)); err != nil {
		t.Fatal(err)
	}
	var leg string
	h.scan(t, &leg, "SELECT coalesce(max(args->>'provider_id'), 'none') FROM river.river_job WHERE kind = 'call.check'")
	if leg != "second" {
		t.Fatalf("nobody asks about the other leg: %s", leg)
	}
	if err := h.checks(t, jobs.Job[checkArgs]{Args: checkArgs{CallID: call.ID.UUID, ProviderID: leg}}); err != nil {
		t.Fatal(err)
	}
	legs, err := h.Legs(t.Context(), h.viewer, []uuid.UUID{call.ID.UUID})
	if err != nil || len(legs[call.ID.UUID]) != 2 || legs[call.ID.UUID][1].Status != Completed {
		t.Errorf("%+v, %v", legs, err)
	}
}

func TestTwoFirstChangesOfTheSettingsAtOnceBothCount(t *testing.T) {
	t.Parallel()
	h := open(t)
	yes, daily := true, 7
	for range 10 {
		h.execute(t, "DELETE FROM switchboard.telephony_settings")
		failed := make(chan error, 2)
		for _, c := range []SettingsChange{{Record: &yes}, {MaxDailyCalls: &daily}} {
			c.OrganizationID = h.home
			go func() {
				_, err := h.UpdateSettings(t.Context(), h.viewer, c)
				failed <- err
			}()
		}
		if first, second := <-failed, <-failed; first != nil || second != nil {
			t.Fatal(first, second)
		}
		got, err := h.Settings(t.Context(), h.viewer, []uuid.UUID{h.home.UUID})
		if err != nil || !got[h.home.UUID].Record || got[h.home.UUID].MaxDailyCalls != daily {
			t.Fatalf("one undid the other: %+v, %v", got[h.home.UUID], err)
		}
	}
}

func TestNumbersOfThisServiceAreNotForwardedToEachOther(t *testing.T) {
	t.Parallel()
	h := open(t)
	numbers, err := h.Numbers(t.Context(), h.viewer, []uuid.UUID{h.home.UUID})
	if err != nil {
		t.Fatal(err)
	}
	self := ours
	_, err = h.UpdateNumber(t.Context(), h.viewer, NumberChange{ID: numbers[h.home.UUID][0].ID, ForwardTo: &Optional[string]{&self}})
	if !fault.Is(err, fault.CodeInvalid) || fault.As(err).Field != "forwardTo" {
		t.Errorf("to itself: %v", err)
	}
	h.execute(t, "UPDATE switchboard.phone_numbers SET forward_to = number") // as two organizations might do to each other
	call := h.begin(t)
	question := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/answer?call="+call.ID.UUID.String(), nil)
	document, err := h.worker.document(t.Context(), signalwire.Callback{CallSid: "sid", From: ours, To: theirs}, question)
	if err != nil {
		t.Fatal(err)
	}
	text, err := document.Encode()
	if err != nil || strings.Contains(string(text), "<Dial") || !strings.Contains(string(text), "<Pause") {
		t.Errorf("%s, %v", text, err)
	}
}

func TestACallThatIsGivenUpWhileTheProviderIsBusyIsNeverDialed(t *testing.T) {
	t.Parallel()
	h := open(t)
	call := h.begin(t)
	h.vendor.busy, h.vendor.asked = true, func() {
		if _, err := h.Hangup(t.Context(), h.viewer, call.ID); err != nil {
			t.Error(err)
		}
	}
	h.places(t, call)
	h.vendor.busy = false
	h.places(t, call)
	if now := h.now(t, call); now.Status != Canceled || h.vendor.placed != 0 {
		t.Errorf("%s, dialed %d times", now.Status, h.vendor.placed)
	}
}

func TestAClosedOrganizationsTelephonesFallSilent(t *testing.T) {
	t.Parallel()
	h := open(t)
	talks, waits := h.begin(t), h.begin(t)
	h.vendor.set("sid", listed("in-progress"))
	if err := h.hears(t, "call="+talks.ID.UUID.String(), callback("sid", "in-progress", 2)); err != nil {
		t.Fatal(err)
	}
	vacates := func() error { return h.worker.Vacate(t.Context(), h.home.UUID) }
	if err := vacates(); !jobs.Waits(err) || h.jobsOf(t, "call.hangup") != 1 {
		t.Fatalf("%v, %d hangups", err, h.jobsOf(t, "call.hangup"))
	}
	h.places(t, waits)
	if now := h.now(t, waits); now.Status != Canceled || h.vendor.placed != 0 {
		t.Errorf("%s, dialed %d times", now.Status, h.vendor.placed)
	}
	in := signalwire.Call{Sid: "in", Status: signalwire.Ringing, Direction: signalwire.Inbound, From: theirs, To: ours}
	if taken, err := h.worker.takeIn(t.Context(), in); err != nil || taken != nil {
		t.Errorf("it still answers: %+v, %v", taken, err)
	}
	over := listed("completed")
	h.vendor.set("sid", over)
	if err := h.hears(t, "", callback("sid", "completed", 3)); err != nil {
		t.Fatal(err)
	}
	if err := vacates(); err != nil {
		t.Errorf("nobody talks any more: %v", err)
	}
}

func TestARecordingOfAnotherCallIsNotTaken(t *testing.T) {
	t.Parallel()
	h := open(t)
	call := h.begin(t)
	h.vendor.set("sid", listed("in-progress"))
	h.vendor.record("one", "strange", "completed")
	heard := "CallSid=sid&RecordingSid=one&RecordingStatus=completed"
	if err := h.hears(t, "call="+call.ID.UUID.String(), heard); !jobs.GaveUp(err) {
		t.Errorf("it was taken: %v", err)
	}
	var n int
	if h.scan(t, &n, "SELECT count(*) FROM switchboard.recordings"); n != 0 {
		t.Errorf("%d recordings", n)
	}
	h.vendor.record("one", "sid", "completed")
	if err := h.hears(t, "call="+call.ID.UUID.String(), heard); err != nil {
		t.Error(err)
	}
	if h.scan(t, &n, "SELECT count(*) FROM switchboard.recordings"); n != 1 {
		t.Errorf("%d recordings of its own", n)
	}
}
