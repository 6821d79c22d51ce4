package test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/devstack/signalwire"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

func TestTheSameKeyGivesTheSameCallAndOneTelephoneRings(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("acme", "OPERATOR")
	second := p.at(a.run("BACKEND_URL=" + a.url))
	in := p.calling(nil)
	answers := make(chan string, 8)
	for i := range cap(answers) {
		who := p
		if i%2 == 1 {
			who = second
		}
		go func() {
			var out struct {
				CallStart struct{ Call *struct{ ID string } }
			}
			if err := who.Do(t.Context(), callStart, in, &out); err != nil || out.CallStart.Call == nil {
				answers <- fmt.Sprint("no call: ", err)
				return
			}
			answers <- out.CallStart.Call.ID
		}()
	}
	id := <-answers
	for range cap(answers) - 1 {
		if again := <-answers; again != id {
			t.Errorf("%s and %s", id, again)
		}
	}
	p.ends(id, "COMPLETED")
	if n := a.phone.Stats().ByTo[theirNumber]; n != 1 || a.rows("SELECT count(*) FROM switchboard.calls") != 1 {
		t.Errorf("%d telephones rang", n)
	}
	other := vars{"in": vars{"organizationId": p.organization.String(), "to": "+12025550143", "idempotencyKey": in["in"].(vars)["idempotencyKey"]}}
	if code := p.refused(callStart, other); code != "CONFLICT" {
		t.Errorf("the same key for another number: %s", code)
	}
}

func TestACallWhoseAnswerWasLostIsLookedUpAndNotDialedAgain(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("acme", "OPERATOR")
	a.phone.SetFaults(signalwire.Faults{LoseAnswer: 1, Callbacks: signalwire.CallbackFaults{Lost: true}}) // nothing but the list tells of it
	p.ends(p.call(nil), "COMPLETED")
	if s := a.phone.Stats(); s.ByTo[theirNumber] != 1 || s.Placed != 1 {
		t.Errorf("%d telephones rang", s.Placed)
	}
}

func TestACallThatNobodyConfirmsFailsAndIsNotDialedAgain(t *testing.T) {
	t.Parallel()
	a := startPhone(t, "CALL_LOST_AFTER=1s")
	p := a.caller("acme", "OPERATOR")
	a.phone.SetFaults(signalwire.Faults{On: "place", Fail5xx: 1})
	c := p.ends(p.call(nil), "FAILED")
	if c.Failure == nil || c.Failure.Code != "NOT_CONFIRMED" || c.EndedAt == nil {
		t.Errorf("%+v", c.Failure)
	}
	if n := a.phone.Stats().Placed; n != 0 {
		t.Errorf("dialed %d times after all", n)
	}
}

func TestABusyProviderIsAskedAgainAndARefusalIsNot(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("acme", "OPERATOR")
	a.phone.SetFaults(signalwire.Faults{On: "place", Refuse429: 2})
	p.ends(p.call(nil), "COMPLETED")
	a.phone.SetNumber("+12025550177", signalwire.Number{}) // from now on the project owns this one only
	if c := p.ends(p.call(nil), "FAILED"); c.Failure == nil || c.Failure.Code != "PROVIDER_REFUSED" || !strings.Contains(c.Failure.Message, "not one of this project") {
		t.Errorf("%+v", c.Failure)
	}
	if n := a.phone.Stats().Placed; n != 1 {
		t.Errorf("dialed %d times", n)
	}
}

func TestBusyNoAnswerCanceledAndFailedAreKeptApart(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("acme", "OPERATOR")
	for outcome, status := range map[string]string{"busy": "BUSY", "no-answer": "NO_ANSWER", "canceled": "CANCELED", "failed": "FAILED"} {
		a.phone.SetFaults(signalwire.Faults{Outcome: outcome})
		c := p.ends(p.call(nil), status)
		if *c.ProviderStatus != outcome || c.EndedAt == nil || (c.Failure != nil) != (status == "FAILED") {
			t.Errorf("%s: %+v", outcome, c)
		}
	}
}

func TestHangupEndsACallThatRingsOrTalksAndNoOther(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("acme", "OPERATOR")
	for hold, end := range map[string]string{"ringing": "CANCELED", "in-progress": "COMPLETED"} {
		a.phone.SetFaults(signalwire.Faults{Hold: hold})
		id := p.call(nil)
		p.ends(id, map[string]string{"ringing": "RINGING", "in-progress": "IN_PROGRESS"}[hold])
		if _, problems := p.mutate(callHangup, vars{"id": id}); len(problems) > 0 {
			t.Fatal(problems)
		}
		p.ends(id, end)
		if code := p.refused(callHangup, vars{"id": id}); code != "INVALID_STATE" {
			t.Errorf("hanging up what is over: %s", code)
		}
	}
}

func TestLimitsRefuseACallAndNameThemselves(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("acme", "OWNER")
	refused := func(more vars) (limit string, most *int) {
		t.Helper()
		var out struct {
			CallStart struct {
				Call       *struct{ ID string }
				UserErrors []struct {
					Code  string
					Limit string
					Most  *int
				}
			}
		}
		p.must(callStart, p.calling(more), &out)
		if out.CallStart.Call != nil || len(out.CallStart.UserErrors) != 1 || out.CallStart.UserErrors[0].Code != "LIMIT_EXCEEDED" {
			t.Fatalf("%+v", out)
		}
		return out.CallStart.UserErrors[0].Limit, out.CallStart.UserErrors[0].Most
	}
	if limit, _ := refused(vars{"to": "+442079460123"}); limit != "ALLOWED_COUNTRIES" {
		t.Error(limit)
	}
	p.rule(vars{"allowedCountries": []string{"GB", "US"}, "maxConcurrentCalls": 1})
	a.phone.SetFaults(signalwire.Faults{Hold: "in-progress"})
	live := p.call(vars{"to": "+442079460123"})
	if limit, most := refused(nil); limit != "CONCURRENT_CALLS" || *most != 1 {
		t.Error(limit)
	}
	a.phone.SetFaults(signalwire.Faults{})
	p.ends(live, "COMPLETED")
	p.rule(vars{"maxDailyCalls": 1})
	if limit, most := refused(nil); limit != "DAILY_CALLS" || *most != 1 {
		t.Error(limit)
	}
	if n := a.phone.Stats().Placed; n != 1 || a.rows("SELECT count(*) FROM switchboard.calls") != 1 {
		t.Errorf("a refused call left something: %d dialed", n)
	}
}

func TestPremiumEmergencyAndNonsenseNumbersAreNotCalled(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("acme", "OWNER")
	p.rule(vars{"allowedCountries": []string{"US", "GB", "DE"}})
	for _, to := range []string{"911", "9-1-1", "112", "+19005550123", "+499001123456", "+4490912345678", "hello", "", "+1202", "+12025550142;ext=5", "+99912345678", "\x00"} {
		if code := p.refused(callStart, p.calling(vars{"to": to})); code != "INVALID" {
			t.Errorf("calling %q: %s", to, code)
		}
	}
	for name, wrong := range map[string]vars{
		"INVALID":   {"idempotencyKey": ""},
		"NOT_FOUND": {"fromNumberId": ids.New(ids.PhoneNumber).String()},
	} {
		if code := p.refused(callStart, p.calling(wrong)); code != name {
			t.Errorf("%v: %s", wrong, code)
		}
	}
	theirs := a.person("rivals", "OWNER").number("+12025550188")
	if code := p.refused(callStart, p.calling(vars{"fromNumberId": theirs})); code != "NOT_FOUND" {
		t.Errorf("from another organization's number: %s", code)
	}
	without := a.person("silent", "OWNER")
	if code := without.refused(callStart, without.calling(nil)); code != "INVALID_STATE" {
		t.Errorf("without a number: %s", code)
	}
	if id := p.call(vars{"to": "(202) 555-0142"}); p.told(id).ToNumber != theirNumber {
		t.Errorf("dialed as from Washington: %s", p.told(id).ToNumber)
	}
	second := p.number("+12025550177")
	if id := p.call(vars{"fromNumberId": second}); p.told(id).FromNumber != "+12025550177" {
		t.Errorf("from the number that was chosen: %s", p.told(id).FromNumber)
	}
}

func TestWithoutAProviderNoCallBegins(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("acme", "OPERATOR")
	p.number(ourNumber)
	if code := p.refused(callStart, p.calling(nil)); code != "INVALID_STATE" {
		t.Error(code)
	}
	for _, path := range []string{"/api/webhooks/signalwire", "/api/voice/answer"} {
		response, err := http.PostForm(a.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s is answered with %d", path, response.StatusCode)
		}
	}
}

func TestDispositionNotesAndTimelineSayWhoDidWhat(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("acme", "OPERATOR")
	id := p.call(nil)
	p.ends(id, "COMPLETED")
	for _, word := range []string{"VOICEMAIL", "SALE"} {
		if _, problems := p.mutate(dispose, vars{"in": vars{"callId": id, "disposition": word, "note": "After " + word}}); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	for _, text := range []string{"First", "Second"} {
		if _, problems := p.mutate(addNote, vars{"in": vars{"callId": id, "text": text}}); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	c, me := p.told(id), ids.Of(ids.User, p.user).String()
	if c.Disposition == nil || *c.Disposition != "SALE" || *c.DispositionNote != "After SALE" || c.DispositionSetBy.ID != me {
		t.Errorf("%+v", c)
	}
	if len(c.Notes) != 2 || c.Notes[0].Text != "Second" || c.Notes[1].Author.ID != me {
		t.Errorf("%+v", c.Notes)
	}
	var types []string
	for _, e := range c.Timeline {
		types = append(types, e.Type)
	}
	if got := strings.Join(types, " "); !strings.HasPrefix(got, "CALL_STATUS_CHANGED CALL_STATUS_CHANGED") || !strings.HasSuffix(got, "CALL_DISPOSITION_SET CALL_DISPOSITION_SET CALL_NOTE_ADDED CALL_NOTE_ADDED") {
		t.Error(got)
	}
	if events := p.followCall(id, nil); statuses(events) != "COMPLETED" {
		t.Errorf("the status stream shows what is no status: %s", statuses(events))
	}
	for _, wrong := range []vars{{"text": " "}, {"text": strings.Repeat("x", 4001)}, {"text": "a\x00b"}} {
		wrong["callId"] = id
		if code := p.refused(addNote, vars{"in": wrong}); code != "INVALID" {
			t.Errorf("%.20v: %s", wrong, code)
		}
	}
}

func TestTwoCallsInDoubtAreNotTakenForEachOther(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("acme", "OPERATOR")
	a.phone.SetFaults(signalwire.Faults{LoseAnswer: 2, Hold: "initiated", Callbacks: signalwire.CallbackFaults{Late: time.Second}})
	one, two := p.call(nil), p.call(nil)
	eventually(t, "both to be dialed", func() bool { return a.phone.Stats().Placed == 2 })
	a.phone.SetFaults(signalwire.Faults{})
	first, second := p.ends(one, "COMPLETED"), p.ends(two, "COMPLETED")
	if a.phone.Stats().Placed != 2 || first.Legs[0].ProviderID == second.Legs[0].ProviderID {
		t.Errorf("%d calls were placed, %v and %v", a.phone.Stats().Placed, first.Legs, second.Legs)
	}
	// The address that the provider called carries our id: each callback was kept with the leg of its call.
	for id, c := range map[string]told{one: first, two: second} {
		parsed, _ := ids.Parse(id)
		if n := a.rows(`SELECT count(*) FROM switchboard.webhook_events WHERE external_id = $1 AND query <> 'call=' || $2::uuid`, c.Legs[0].ProviderID, parsed.UUID); n != 0 || parsed.UUID == uuid.Nil {
			t.Errorf("%d callbacks of %s belong to the other call", n, id)
		}
	}
}
