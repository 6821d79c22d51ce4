package test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/devstack/signalwire"
)

const (
	callStart = `mutation($in: CallStartInput!) { callStart(input: $in) {
		call { id } userErrors { code message path ... on CallLimitError { limit most } } } }`
	callHangup  = `mutation($id: ID!) { callHangup(id: $id) { call { id } userErrors { code message } } }`
	dispose     = `mutation($in: CallDispositionSetInput!) { callDispositionSet(input: $in) { call { id } userErrors { code message path } } }`
	addNote     = `mutation($in: CallNoteAddInput!) { callNoteAdd(input: $in) { call { id } userErrors { code message path } } }`
	setRules    = `mutation($in: TelephonySettingsUpdateInput!) { telephonySettingsUpdate(input: $in) { settings { record } userErrors { code message path } } }`
	setNumber   = `mutation($in: PhoneNumberUpdateInput!) { phoneNumberUpdate(input: $in) { phoneNumber { id } userErrors { code message path } } }`
	watchCall   = `subscription($id: ID!, $after: String) { callStatus(callId: $id, after: $after) { cursor status previousStatus replayed call { id status } } }`
	wholeOfCall = `query($id: ID!) { call(id: $id) { id direction status providerStatus fromNumber toNumber recorded startedAt endedAt durationMs failure { code message }
		disposition dispositionNote dispositionSetBy { id } createdBy { id } legs { providerId first status startedAt endedAt } recordings { id status call { id } }
		transcription { id status text } notes { text author { id } } timeline { type summary subject { id } } } }`
)

// told is a call as a client sees it.
type told struct {
	ID, Direction, Status, FromNumber, ToNumber string
	ProviderStatus                              *string
	Recorded                                    bool
	StartedAt, EndedAt                          *string
	DurationMs                                  *int
	Failure                                     *struct{ Code, Message string }
	Disposition, DispositionNote                *string
	DispositionSetBy                            *struct{ ID string }
	CreatedBy                                   *struct{ ID string }
	Legs                                        []struct {
		ProviderID, Status string
		First              bool
		StartedAt, EndedAt *string
	}
	Recordings []struct {
		ID, Status string
		Call       struct{ ID string }
	}
	Transcription *struct{ ID, Status, Text string }
	Notes         []struct {
		Text   string
		Author struct{ ID string }
	}
	Timeline []struct{ Type, Summary string }
}

func (p *person) told(call string) told {
	p.t.Helper()
	var out struct{ Call *told }
	p.must(wholeOfCall, vars{"id": call}, &out)
	if out.Call == nil {
		p.t.Fatalf("call %s is not there", call)
	}
	return *out.Call
}

// ends waits for a call to be in a status.
func (p *person) ends(call, status string) (c told) {
	p.t.Helper()
	eventually(p.t, call+" to be "+status, func() bool {
		c = p.told(call)
		return c.Status == status
	})
	return c
}

// calling is the input of a call with a key of its own.
func (p *person) calling(more vars) vars {
	in := vars{"organizationId": p.organization.String(), "to": theirNumber, "idempotencyKey": uuid.NewString()}
	for name, value := range more {
		in[name] = value
	}
	return vars{"in": in}
}

// call begins one that has to begin.
func (p *person) call(more vars) string {
	p.t.Helper()
	id, problems := p.mutate(callStart, p.calling(more))
	if id == "" {
		p.t.Fatalf("no call: %v", problems)
	}
	return id
}

// rule changes settings.
func (p *person) rule(more vars) {
	p.t.Helper()
	in := vars{"organizationId": p.organization.String()}
	for name, value := range more {
		in[name] = value
	}
	if _, problems := p.mutate(setRules, vars{"in": in}); len(problems) > 0 {
		p.t.Fatalf("setting %v: %v", more, problems)
	}
}

// followCall reads a call's stream to its end.
func (p *person) followCall(call string, after *string) (events []event) {
	p.t.Helper()
	err := p.Subscribe(within(p.t), watchCall, vars{"id": call, "after": after}, func(raw json.RawMessage) error {
		var data struct{ CallStatus event }
		if err := json.Unmarshal(raw, &data); err != nil {
			return err
		}
		events = append(events, data.CallStatus)
		return nil
	})
	if err != nil {
		p.t.Fatalf("following %s: %v", call, err)
	}
	return events
}

func TestACallIsFollowedFromRingingToItsTranscriptWithoutPolling(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("acme", "OWNER")
	p.rule(vars{"record": true})
	a.phone.SetFaults(signalwire.Faults{Hold: "ringing"})
	var seen []string
	done := errors.New("the transcript is here")
	failed, from := make(chan error, 1), p.streamHead()
	ctx := within(t)
	go func() {
		failed <- p.Subscribe(ctx, `subscription($id: ID!, $after: String) { organizationActivity(organizationId: $id, after: $after) { type
			subject { ... on Call { call: status } ... on Recording { recording: status audio { url } } ... on Transcription { transcription: status text utterances(first: 1) { nodes { text } } } } } }`,
			vars{"id": p.organization.String(), "after": from}, func(raw json.RawMessage) error {
				var data struct {
					OrganizationActivity struct {
						Type    string
						Subject struct {
							Transcription, Text string
							Audio               *struct{ URL string }
						}
					}
				}
				if err := json.Unmarshal(raw, &data); err != nil {
					return err
				}
				seen = append(seen, data.OrganizationActivity.Type)
				shown := data.OrganizationActivity.Subject
				if shown.Audio != nil {
					seen = append(seen, "audio")
				}
				if shown.Transcription == "COMPLETED" {
					seen = append(seen, shown.Text)
					return done
				}
				return nil
			})
	}()
	before := a.operations()
	id := p.call(nil)
	var events []event
	err := p.Subscribe(within(t), watchCall, vars{"id": id}, func(raw json.RawMessage) error {
		var data struct{ CallStatus event }
		err := json.Unmarshal(raw, &data)
		events = append(events, data.CallStatus)
		if data.CallStatus.Status == "RINGING" {
			a.phone.SetFaults(signalwire.Faults{})
		}
		return err
	})
	if err != nil || events[len(events)-1].Status != "COMPLETED" || !slices.ContainsFunc(events, func(e event) bool { return e.Status == "RINGING" }) {
		t.Fatalf("the call's stream: %s, %v", statuses(events), err)
	}
	if err := <-failed; !errors.Is(err, done) {
		t.Fatal(err)
	}
	if !slices.Contains(seen, "CALL_STATUS_CHANGED") || !slices.Contains(seen, "RECORDING_AVAILABLE") || !slices.Contains(seen, "audio") || !strings.Contains(seen[len(seen)-1], "Hello") {
		t.Errorf("the organization's stream: %v", seen)
	}
	if n := a.operations() - before; n > 2 { // the mutation, and one before it, whose line in the log came after its answer
		t.Errorf("%d operations were sent besides the streams", n)
	}
	c := p.told(id)
	if c.Transcription == nil || !strings.Contains(c.Transcription.Text, "Hello") || len(c.Recordings) != 1 || c.Recordings[0].Call.ID != id || c.Recordings[0].Status != "STORED" {
		t.Errorf("the call's page: %+v", c)
	}
	if c.StartedAt == nil || c.EndedAt == nil || c.DurationMs == nil || c.CreatedBy == nil || len(c.Legs) != 1 || !c.Legs[0].First || c.Legs[0].Status != "COMPLETED" {
		t.Errorf("what the provider knows of the call is missing: %+v", c)
	}
	if n := a.phone.Stats().ByTo[theirNumber]; n != 1 {
		t.Errorf("%d telephones rang", n)
	}
}
