package signalwire

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"
)

func TestDocumentIsWrittenInTheVendorsWords(t *testing.T) {
	t.Parallel()
	got, err := Document{
		Say{Text: `This call is "recorded" & kept <ok>.`, Language: "en-US"}, Pause{For: time.Second},
		Dial{Number: "+15550100002", CallerID: "+15550100100", Record: true, RecordingURL: "https://us.example/?a=1&b=2",
			RecordingEvents: []RecordingStatus{RecordingCompleted, RecordingAbsent}, StatusURL: "https://us.example/told", StatusEvents: []StatusEvent{OnRinging, OnCompleted}, TimeLimit: time.Hour},
		Record{Most: time.Minute, ActionURL: "https://us.example/next"}, Hangup{},
	}.Encode()
	want := xml.Header + `<Response><Say language="en-US">This call is &#34;recorded&#34; &amp; kept &lt;ok&gt;.</Say><Pause length="1"></Pause>` +
		`<Dial callerId="+15550100100" timeLimit="3600" record="record-from-answer-dual" trim="do-not-trim" recordingStatusCallback="https://us.example/?a=1&amp;b=2" recordingStatusCallbackEvent="completed absent">` +
		`<Number statusCallback="https://us.example/told" statusCallbackEvent="ringing completed">+15550100002</Number></Dial>` +
		`<Record action="https://us.example/next" maxLength="60" playBeep="false" trim="do-not-trim"></Record><Hangup></Hangup></Response>`
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
	if empty, err := (Document{}).Encode(); err != nil || string(empty) != xml.Header+"<Response></Response>" {
		t.Errorf("%s, %v", empty, err)
	}
}

func TestDocumentThatTheVendorWouldRefuseIsNotWritten(t *testing.T) {
	t.Parallel()
	if _, err := (Document{Say{Text: strings.Repeat("a", MaxDocument)}}).Encode(); err == nil {
		t.Error("more than 64 kB was written")
	}
}

func FuzzWhateverIsSaidTheDocumentStaysOne(f *testing.F) {
	for _, text := range []string{"", "</Say><Dial>+15550100002</Dial>", "]]>", "\x00\x01", "\xff", "&amp;", "\u2028"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := Document{Say{Text: text, Voice: text}, Dial{Number: text, RecordingURL: text}}.Encode()
		if err != nil {
			return
		}
		var names []string
		reader := xml.NewDecoder(strings.NewReader(string(raw)))
		for {
			token, err := reader.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%q: %v", raw, err)
			}
			if begin, ok := token.(xml.StartElement); ok {
				names = append(names, begin.Name.Local)
			}
		}
		if got := strings.Join(names, " "); got != "Response Say Dial Number" {
			t.Errorf("%q gives %s", text, got)
		}
	})
}
