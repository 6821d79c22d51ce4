package telephony

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
)

func (h *house) places(t *testing.T, call *Call) {
	t.Helper()
	err := h.worker.place(t.Context(), jobs.Job[placeArgs]{Args: placeArgs{CallID: call.ID.UUID}})
	if err != nil && !jobs.Waits(err) {
		t.Fatal(err)
	}
}

func (h *house) now(t *testing.T, call *Call) *Call {
	t.Helper()
	found, err := h.Get(t.Context(), h.viewer, call.ID)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (h *house) jobsOf(t *testing.T, kind string) (n int) {
	t.Helper()
	h.scan(t, &n, "SELECT count(*) FROM river.river_job WHERE kind = $1", kind)
	return n
}

// listed is a call of ours as the provider lists it.
func listed(status string) map[string]any {
	return map[string]any{"from": ours, "to": theirs, "direction": "outbound-api", "status": status, "date_created": time.Now().UTC().Format(time.RFC1123Z)}
}

func TestHoweverOftenItsJobRunsACallIsDialedOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	call := h.begin(t)
	for range 5 { // the provider answers with 502: whether it dialed, nobody knows
		h.places(t, call)
	}
	if h.vendor.placed != 1 || h.now(t, call).Status != Pending {
		t.Errorf("dialed %d times, %s", h.vendor.placed, h.now(t, call).Status)
	}
	h.vendor.set("sid", listed("ringing"))
	h.places(t, call)
	if h.vendor.placed != 1 || h.now(t, call).Status != Ringing {
		t.Errorf("dialed %d times, %s", h.vendor.placed, h.now(t, call).Status)
	}
}

func TestACallThatFailedForWantOfAnAnswerIsHungUpWhenItRingsAfterAll(t *testing.T) {
	t.Parallel()
	h := open(t)
	call := h.begin(t)
	h.places(t, call)
	h.execute(t, "UPDATE switchboard.calls SET dialed_at = now() - interval '2 minutes'")
	h.places(t, call)
	if now := h.now(t, call); now.Status != Failed || now.Failure.Code != notConfirmed {
		t.Fatalf("%+v", now)
	}
	h.vendor.set("sid", listed("ringing"))
	if err := h.hears(t, "call="+call.ID.UUID.String(), callback("sid", "ringing", 1)); err != nil {
		t.Fatal(err)
	}
	if now := h.now(t, call); now.Status != Failed || h.jobsOf(t, "call.hangup") != 1 || h.vendor.placed != 1 {
		t.Errorf("%s, %d hangups", now.Status, h.jobsOf(t, "call.hangup"))
	}
}

func TestASecondRingingTelephoneIsHungUpAndIsNoLeg(t *testing.T) {
	t.Parallel()
	h := open(t)
	call := h.begin(t)
	for _, sid := range []string{"one", "two"} {
		h.vendor.set(sid, listed("ringing"))
		if err := h.hears(t, "call="+call.ID.UUID.String(), callback(sid, "ringing", 1)); err != nil {
			t.Fatal(err)
		}
	}
	legs, err := h.Legs(t.Context(), h.viewer, []uuid.UUID{call.ID.UUID})
	if err != nil || len(legs[call.ID.UUID]) != 1 || legs[call.ID.UUID][0].ProviderID != "one" || h.jobsOf(t, "call.hangup") != 1 {
		t.Errorf("%+v, %v, %d hangups", legs, err, h.jobsOf(t, "call.hangup"))
	}
}

func TestACallSpeaksForNoOtherThanTheOneThatItWasPlacedFor(t *testing.T) {
	t.Parallel()
	h := open(t)
	call := h.begin(t)
	strange := listed("in-progress")
	strange["to"] = "+12025550177"
	h.vendor.set("sid", strange)
	if err := h.hears(t, "call="+call.ID.UUID.String(), callback("sid", "in-progress", 1)); !jobs.GaveUp(err) {
		t.Errorf("a call to another number was taken: %v", err)
	}
	if now := h.now(t, call); now.Status != Pending {
		t.Errorf("it became %s", now.Status)
	}
	if err := h.hears(t, "", callback("unknown", "ringing", 0)); err != nil {
		t.Errorf("a call that the provider does not know: %v", err)
	}
}

func TestWhoHangsUpBeforeItIsDialedIsSureThatItNeverIs(t *testing.T) {
	t.Parallel()
	h := open(t)
	call := h.begin(t)
	if _, err := h.Hangup(t.Context(), h.viewer, call.ID); err != nil {
		t.Fatal(err)
	}
	h.places(t, call)
	if now := h.now(t, call); now.Status != Canceled || h.vendor.placed != 0 {
		t.Errorf("%s, dialed %d times", now.Status, h.vendor.placed)
	}
	second := h.begin(t)
	h.places(t, second) // 502
	if _, err := h.Hangup(t.Context(), h.viewer, second.ID); err != nil {
		t.Fatal(err)
	}
	h.vendor.set("sid", listed("ringing"))
	h.places(t, second)
	if h.jobsOf(t, "call.hangup") != 1 {
		t.Error("nobody hangs up a call that was given up while it was in doubt")
	}
}

func TestTwoProcessesTakeOneInboundCallInOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	seen := signalwire.Call{Sid: "in", Status: signalwire.Ringing, Direction: signalwire.Inbound, From: theirs, To: ours}
	failed := make(chan error, 6)
	for range cap(failed) {
		go func() {
			_, err := h.worker.takeIn(t.Context(), seen)
			failed <- err
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	var n int
	if h.scan(t, &n, "SELECT count(*) FROM switchboard.calls"); n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestSettingsAreCheckedBeforeTheyAreKept(t *testing.T) {
	t.Parallel()
	h := open(t)
	no, long, empty := -1, string(make([]byte, 1001)), []string{}
	wrong := []string{"us", "XX"}
	for name, c := range map[string]SettingsChange{
		"maxConcurrentCalls": {MaxConcurrentCalls: &no}, "maxDailyCalls": {MaxDailyCalls: &no}, "announcement": {Announcement: &Optional[string]{&long}},
		"allowedCountries": {AllowedCountries: &Optional[[]string]{&wrong}},
	} {
		c.OrganizationID = h.home
		if _, err := h.UpdateSettings(t.Context(), h.viewer, c); !fault.Is(err, fault.CodeInvalid) || fault.As(err).Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.UpdateSettings(t.Context(), h.viewer, SettingsChange{OrganizationID: h.home, AllowedCountries: &Optional[[]string]{&empty}}); !fault.Is(err, fault.CodeInvalid) {
		t.Errorf("no country at all: %v", err)
	}
	some, yes := []string{"GB", "DE", "GB"}, true
	got, err := h.UpdateSettings(t.Context(), h.viewer, SettingsChange{OrganizationID: h.home, AllowedCountries: &Optional[[]string]{&some}, Record: &yes})
	if err != nil || len(got.AllowedCountries) != 2 || !got.Record || !got.Announce || got.MaxDailyCalls != 500 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = h.UpdateSettings(t.Context(), h.viewer, SettingsChange{OrganizationID: h.home, AllowedCountries: &Optional[[]string]{}}); err != nil || got.AllowedCountries != nil || !got.Record {
		t.Errorf("%+v, %v", got, err)
	}
}
