package test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/devstack/signalwire"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// knock sends a form as the telephone service would, signed with a key.
func (p *telephone) knock(path string, form url.Values, key string) (int, string) {
	p.t.Helper()
	text := p.url + path
	for _, name := range slices.Sorted(maps.Keys(form)) {
		text += name + form.Get(name)
	}
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(text))
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Error(err)
		return 0, ""
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-SignalWire-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Error(err)
		return 0, ""
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

// rings has somebody call a number of the project.
func (p *telephone) rings(number string) (sid string) {
	p.t.Helper()
	p.phone.SetNumber(number, signalwire.Number{AnswerURL: p.url + "/api/voice/answer", StatusURL: p.url + "/api/webhooks/signalwire"})
	body, _ := json.Marshal(vars{"from": theirNumber, "to": number})
	request, _ := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.vendor+"/_dev/inbound", bytes.NewReader(body))
	request.SetBasicAuth("project-1", p.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	var made struct{ Sid string }
	if err := json.NewDecoder(response.Body).Decode(&made); err != nil || made.Sid == "" {
		p.t.Fatalf("nobody could call: %d, %v", response.StatusCode, err)
	}
	return made.Sid
}

const hook = "/api/webhooks/signalwire"

func TestLostCallbacksDelayACallAndItsRecordingButLoseNeither(t *testing.T) {
	t.Parallel()
	a := startPhone(t, "CALL_CHECK_AFTER=200ms")
	p := a.caller("acme", "OWNER")
	p.rule(vars{"record": true})
	a.phone.SetFaults(signalwire.Faults{Callbacks: signalwire.CallbackFaults{Lost: true}})
	id := p.call(nil)
	eventually(t, "the sweep to find the end, the recording and the transcript", func() bool {
		c := p.told(id)
		return c.Status == "COMPLETED" && c.Transcription != nil && c.Transcription.Status == "COMPLETED"
	})
}

func TestForgedCallbacksAndQuestionsAreRefusedAndLeaveNothing(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("acme", "OPERATOR")
	id := p.call(nil)
	c := p.ends(id, "COMPLETED")
	form := url.Values{"CallSid": {c.Legs[0].ProviderID}, "CallStatus": {"failed"}, "SequenceNumber": {"99"}, "To": {theirNumber}, "From": {ourNumber}}
	for _, key := range []string{"", "wrong", a.secrets.webhook} {
		for _, path := range []string{hook, "/api/voice/answer?call=" + c.ID} {
			if status, _ := a.knock(path, form, key); status != http.StatusUnauthorized {
				t.Errorf("%s signed with %q: %d", path, key, status)
			}
		}
	}
	if n := a.rows("SELECT count(*) FROM switchboard.webhook_events WHERE type = 'call failed'"); n != 0 {
		t.Errorf("%d forged callbacks were kept", n)
	}
	if status, _ := a.knock(hook, form, a.key); status != http.StatusOK { // signed, and still not believed
		t.Fatal(status)
	}
	eventually(t, "the callback to be processed", func() bool {
		return a.rows("SELECT count(*) FROM switchboard.webhook_events WHERE type = 'call failed' AND status = 'PROCESSED' AND organization_id = $1", p.organization.UUID) == 1
	})
	if now := p.told(id); now.Status != "COMPLETED" {
		t.Errorf("a callback's own word was believed: %s", now.Status)
	}
}

func TestARecordingsCallbackNeverChangesTheCall(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("acme", "OWNER")
	p.rule(vars{"record": true})
	a.phone.SetFaults(signalwire.Faults{Callbacks: signalwire.CallbackFaults{Only: "recording", Late: 400 * time.Millisecond}})
	id := p.call(nil)
	c := p.ends(id, "COMPLETED")
	var again told
	eventually(t, "the recording", func() bool {
		again = p.told(id)
		return len(again.Recordings) == 1 && again.Recordings[0].Status == "STORED"
	})
	if *again.EndedAt != *c.EndedAt || again.Status != c.Status || *again.DurationMs != *c.DurationMs || len(again.Legs) != 1 {
		t.Errorf("before %+v, after %+v", c, again)
	}
	if n := a.rows(`SELECT count(*) FROM switchboard.activity_events WHERE type = 'CALL_STATUS_CHANGED' AND status = 'COMPLETED'`); n != 1 {
		t.Errorf("it ended %d times", n)
	}
}

func TestLegsOfABridgeDoNotCollide(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("acme", "OWNER")
	number := p.numberID()
	p.rule(vars{"record": true})
	if _, problems := p.mutate(setNumber, vars{"in": vars{"id": number, "forwardTo": "+12025550155"}}); len(problems) > 0 {
		t.Fatal(problems)
	}
	var c told
	id := p.call(nil)
	eventually(t, "both legs to end", func() bool {
		c = p.told(id)
		return c.Status == "COMPLETED" && len(c.Legs) == 2 && c.Legs[1].Status == "COMPLETED" && len(c.Recordings) == 1 && c.Recordings[0].Status == "STORED"
	})
	if !c.Legs[0].First || c.Legs[1].First || c.Legs[0].ProviderID == c.Legs[1].ProviderID {
		t.Errorf("%+v", c.Legs)
	}
	a.phone.SetFaults(signalwire.Faults{LegOutcome: "busy"})
	id = p.call(nil)
	eventually(t, "the second leg to be busy", func() bool {
		c = p.told(id)
		return c.Status == "COMPLETED" && len(c.Legs) == 2 && c.Legs[1].Status == "BUSY"
	})
	if n := a.phone.Stats().ByTo[theirNumber]; n != 2 {
		t.Errorf("%d telephones rang", n)
	}
}

// numberID is the organization's first number, as its members see it.
func (p *person) numberID() string {
	p.t.Helper()
	var out struct {
		Organization struct{ PhoneNumbers []struct{ ID string } }
	}
	p.must(`query($s: String!) { organization(slug: $s) { phoneNumbers { id } } }`, vars{"s": p.slug}, &out)
	return out.Organization.PhoneNumbers[0].ID
}

func TestAnInboundCallIsTakenInByTheNumberItRings(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p, other := a.caller("acme", "OWNER"), a.person("rivals", "OWNER")
	other.number("+12025550188")
	p.rule(vars{"record": true, "announcement": "We listen, and we keep it."})
	sid := a.rings(ourNumber)
	var c told
	eventually(t, "the call and its transcript", func() bool {
		found, _ := p.list(vars{"direction": "INBOUND"}, nil)
		if len(found) != 1 {
			return false
		}
		c = p.told(found[0])
		return c.Status == "COMPLETED" && c.Transcription != nil && c.Transcription.Status == "COMPLETED"
	})
	if c.FromNumber != theirNumber || c.ToNumber != ourNumber || len(c.Legs) != 1 || c.Legs[0].ProviderID != sid || c.CreatedBy != nil {
		t.Errorf("%+v", c)
	}
	if theirs, _ := other.list(nil, nil); len(theirs) != 0 {
		t.Errorf("another organization got %v", theirs)
	}
	a.rings("+12025550166") // of the project, and nobody's here
	eventually(t, "the stranger's call to be over", func() bool { return a.phone.Stats().Live == 0 })
	if n := a.rows("SELECT count(*) FROM switchboard.calls"); n != 1 {
		t.Errorf("%d calls", n)
	}
	if n := a.rows("SELECT count(*) FROM switchboard.webhook_events WHERE status NOT IN ('PROCESSED', 'RECEIVED')"); n != 0 {
		t.Errorf("%d callbacks failed", n)
	}
}

func TestTheAnnouncementComesBeforeTheRecordingAndOnlyWhereThereIsOne(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("acme", "OWNER")
	a.phone.SetFaults(signalwire.Faults{Hold: "ringing"})
	asks := func(more vars, form url.Values) string {
		t.Helper()
		id := p.call(more)
		c := p.ends(id, "RINGING")
		if form.Get("CallSid") == "" {
			form.Set("CallSid", c.Legs[0].ProviderID)
		}
		parsed, _ := ids.Parse(id)
		status, text := a.knock("/api/voice/answer?call="+parsed.UUID.String(), form, a.key)
		if status != http.StatusOK {
			t.Fatalf("%d: %s", status, text)
		}
		return text
	}
	form := func(sid string) url.Values {
		return url.Values{"CallSid": {sid}, "CallStatus": {"in-progress"}, "Direction": {"outbound-api"}, "From": {ourNumber}, "To": {theirNumber}}
	}
	if text := asks(nil, form("")); strings.Contains(text, "Say") || strings.Contains(text, "<Record") {
		t.Errorf("nothing is recorded, and it says:\n%s", text)
	}
	if text := asks(vars{"record": true}, form("")); !strings.Contains(text, "<Say>This call is recorded.</Say><Record") {
		t.Errorf("no announcement before the recording:\n%s", text)
	}
	p.rule(vars{"record": true, "announcement": "<Hang up> & \"go\""})
	if text := asks(nil, form("")); !strings.Contains(text, "<Say>&lt;Hang up&gt; &amp; &#34;go&#34;</Say><Record") {
		t.Errorf("the organization's words:\n%s", text)
	}
	p.rule(vars{"announce": false})
	if text := asks(nil, form("")); strings.Contains(text, "Say") || !strings.Contains(text, "<Record") {
		t.Errorf("without an announcement:\n%s", text)
	}
	if _, problems := p.mutate(setNumber, vars{"in": vars{"id": p.numberID(), "forwardTo": "+12025550155"}}); len(problems) > 0 {
		t.Fatal(problems)
	}
	if text := asks(nil, form("")); !strings.Contains(text, `record="record-from-answer-dual"`) || !strings.Contains(text, "+12025550155</Number>") {
		t.Errorf("connecting:\n%s", text)
	}
	if text := asks(nil, form(uuid.NewString())); !strings.Contains(text, "<Hangup>") || strings.Contains(text, "Dial") {
		t.Errorf("a second telephone for the same call is not hung up:\n%s", text)
	}
}
