package signalwire

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestCallbackAboutACallIsReadWhole(t *testing.T) {
	t.Parallel()
	want := Callback{
		ProjectID: testProject, CallSid: testSid, Status: NoAnswer, ParentSid: "parent-1", Direction: OutboundDial, From: "+15550100001", To: "+15550100002",
		Duration: 12 * time.Second, Sequence: 3, At: time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC),
	}
	form := url.Values{
		"AccountSid": {testProject}, "ApiVersion": {"2010-04-01"}, "CallSid": {testSid}, "CallStatus": {"no-answer"}, "ParentCallSid": {"parent-1"}, "Direction": {"outbound-dial"},
		"From": {"+15550100001"}, "To": {"+15550100002"}, "CallDuration": {"12"}, "SequenceNumber": {"3"}, "Timestamp": {"Fri, 21 Aug 2026 10:00:00 +0000"}, "AudioInMos": {"4.4"},
	}.Encode()
	const object = `{"AccountSid":"` + testProject + `","CallSid":"` + testSid + `","CallStatus":"no-answer","ParentCallSid":"parent-1","Direction":"outbound-dial",
		"From":"+15550100001","To":"+15550100002","CallDuration":12,"SequenceNumber":3,"Timestamp":"Fri, 21 Aug 2026 10:00:00 +0000","CallerName":null,"More":{"a":[]}}`
	for kind, body := range map[string]string{"application/x-www-form-urlencoded; charset=UTF-8": form, "application/json": object} {
		if got, err := ParseCallback(kind, []byte(body)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", kind, got, err)
		}
	}
}

func TestCallbackAboutARecordingSaysNothingOfTheCall(t *testing.T) {
	t.Parallel()
	const about = "CallSid=call-1&RecordingSid=rec-1&RecordingUrl=https%3A%2F%2Fvendor.example%2Frec-1"
	got, err := ParseCallback(formType, []byte(about+"&RecordingStatus=completed&RecordingDuration=47&RecordingChannels=2&RecordingSource=OutBoundApi&CallStatus=in-progress"))
	want := RecordingCallback{Sid: "rec-1", Status: RecordingCompleted, Duration: 47 * time.Second, Channels: 2, Source: "OutBoundApi"}
	if err != nil || got.Status != "" || got.CallSid != "call-1" || got.Recording == nil || *got.Recording != want || got.Sequence != -1 {
		t.Errorf("%+v, %+v, %v", got, got.Recording, err)
	}
	both, err := ParseCallback(formType, []byte(about+"&CallStatus=completed&CallDuration=9&SequenceNumber=4"))
	if err != nil || both.Status != Completed || both.Recording == nil || both.Recording.Status != "" {
		t.Errorf("one about the call that names its recording: %+v, %v", both, err)
	}
}

func TestEventOfTheOtherAPIIsNamedAndNotMisread(t *testing.T) {
	t.Parallel()
	got, err := ParseCallback("application/json", []byte(`{"event_type":"calling.call.state","params":{"call_id":"x","call_state":"ended"}}`))
	if err != nil || got != (Callback{Event: "calling.call.state"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCallbackThatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ kind, body string }{
		"empty":                      {formType, ""},
		"no status":                  {formType, "CallSid=x"},
		"no call":                    {formType, "CallStatus=ringing"},
		"a call that is a path":      {formType, "CallSid=..%2Fx&CallStatus=ringing"},
		"a parent that is a path":    {formType, "CallSid=x&CallStatus=ringing&ParentCallSid=a%2Fb"},
		"a recording that is a path": {formType, "CallSid=x&RecordingSid=a%2Fb&RecordingStatus=completed"},
		"a broken escape":            {formType, "CallSid=%zz&CallStatus=ringing"},
		"a form without its type":    {"", "CallSid=x&CallStatus=ringing"},
		"a list":                     {"application/json", `[1]`},
		"null":                       {"application/json", `null`},
		"too long":                   {formType, "CallSid=x&CallStatus=ringing&A=" + strings.Repeat("a", maxCallback)},
	} {
		if got, err := ParseCallback(c.kind, []byte(c.body)); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func FuzzCallbacksAreReadOrRefused(f *testing.F) {
	f.Add(formType, []byte("CallSid=x&CallStatus=ringing&SequenceNumber=-1&CallDuration=1e99&Timestamp=Fri, 21 Aug 2026 10:00:00 +0000"))
	f.Add(formType, []byte("CallSid=x&RecordingSid=y&RecordingStatus=absent&RecordingChannels=3"))
	f.Add("application/json", []byte(`{"CallSid":"x","CallStatus":"completed","CallDuration":{"a":1},"SequenceNumber":1e3}`))
	f.Add("application/json", []byte(`{"event_type":"calling.call.state"}`))
	f.Add("text/plain; =", []byte("\xff\x00"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		got, err := ParseCallback(kind, body)
		if err != nil || got.Event != "" {
			return
		}
		if !sidPattern.MatchString(got.CallSid) || got.Duration < 0 || got.Duration > maxSeconds*time.Second || got.Sequence < -1 {
			t.Errorf("%+v", got)
		}
		if got.Status == "" && got.Recording == nil {
			t.Errorf("about nothing: %+v", got)
		}
		if got.Recording != nil && (got.Recording.Status != "" && got.Status != "" || got.Recording.Channels > 2 || !sidPattern.MatchString(got.Recording.Sid)) {
			t.Errorf("%+v with %+v", got, got.Recording)
		}
	})
}
