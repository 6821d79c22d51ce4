package signalwire

import (
	"encoding/xml"
	"fmt"
	"time"
)

// Document steers a call: the vendor does one verb after the other, and hangs up behind the last.
type Document []Verb

// Verb is one instruction of a document.
type Verb interface{ element() any }

// Say speaks a text.
type Say struct {
	Text     string
	Voice    string // empty: the vendor's own
	Language string // as in en-US; empty: the vendor's own
}

// Pause waits in silence.
type Pause struct{ For time.Duration }

// Hangup ends the call.
type Hangup struct{}

// Dial connects the call with another number.
type Dial struct {
	Number   string
	CallerID string // empty: the caller's own
	Record   bool   // from the answer on, each side on its own channel

	RecordingURL    string
	RecordingEvents []RecordingStatus

	StatusURL    string // for the call to Number
	StatusEvents []StatusEvent

	RingFor   time.Duration
	TimeLimit time.Duration
}

// Record records whoever is on the line until they are silent or hang up.
type Record struct {
	Most        time.Duration // 0: the vendor's hour
	SilenceEnds time.Duration // 0: the vendor's five seconds
	Beep        bool
	ActionURL   string // asked for the next document; empty: the answer URL, which would begin anew

	RecordingURL    string
	RecordingEvents []RecordingStatus
}

// DocumentType is the content type without which the vendor does not read a document.
const DocumentType = "application/xml"

// MaxDocument is the size above which the vendor refuses a document.
const MaxDocument = 64 << 10

// Encode writes the document as XML.
func (d Document) Encode() ([]byte, error) {
	elements := make([]any, len(d))
	for i, verb := range d {
		elements[i] = verb.element()
	}
	out, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"Response"`
		Verbs   []any
	}{Verbs: elements})
	if err != nil {
		return nil, fmt.Errorf("encoding a document: %w", err)
	}
	if out = append([]byte(xml.Header), out...); len(out) > MaxDocument {
		return nil, fmt.Errorf("a document of %d bytes, at most %d", len(out), MaxDocument)
	}
	return out, nil
}

func (s Say) element() any {
	return struct {
		XMLName  xml.Name `xml:"Say"`
		Voice    string   `xml:"voice,attr,omitempty"`
		Language string   `xml:"language,attr,omitempty"`
		Text     string   `xml:",chardata"`
	}{Voice: s.Voice, Language: s.Language, Text: s.Text}
}

func (p Pause) element() any {
	return struct {
		XMLName xml.Name `xml:"Pause"`
		Length  string   `xml:"length,attr"`
	}{Length: seconds(p.For)}
}

func (Hangup) element() any {
	return struct {
		XMLName xml.Name `xml:"Hangup"`
	}{}
}

type dialled struct {
	XMLName     xml.Name `xml:"Number"`
	StatusURL   string   `xml:"statusCallback,attr,omitempty"`
	StatusEvent string   `xml:"statusCallbackEvent,attr,omitempty"`
	Number      string   `xml:",chardata"`
}

func (d Dial) element() any {
	record := "do-not-record"
	if d.Record {
		record = "record-from-answer-dual"
	}
	return struct {
		XMLName         xml.Name `xml:"Dial"`
		CallerID        string   `xml:"callerId,attr,omitempty"`
		Timeout         string   `xml:"timeout,attr,omitempty"`
		TimeLimit       string   `xml:"timeLimit,attr,omitempty"`
		Record          string   `xml:"record,attr"`
		Trim            string   `xml:"trim,attr,omitempty"`
		RecordingURL    string   `xml:"recordingStatusCallback,attr,omitempty"`
		RecordingEvents string   `xml:"recordingStatusCallbackEvent,attr,omitempty"`
		Number          dialled
	}{
		CallerID: d.CallerID, Timeout: limit(d.RingFor), TimeLimit: limit(d.TimeLimit), Record: record, Trim: "do-not-trim",
		RecordingURL: d.RecordingURL, RecordingEvents: spaced(d.RecordingEvents),
		Number: dialled{StatusURL: d.StatusURL, StatusEvent: spaced(d.StatusEvents), Number: d.Number},
	}
}

func (r Record) element() any {
	return struct {
		XMLName         xml.Name `xml:"Record"`
		Action          string   `xml:"action,attr,omitempty"`
		MaxLength       string   `xml:"maxLength,attr,omitempty"`
		Timeout         string   `xml:"timeout,attr,omitempty"`
		PlayBeep        bool     `xml:"playBeep,attr"`
		Trim            string   `xml:"trim,attr"`
		RecordingURL    string   `xml:"recordingStatusCallback,attr,omitempty"`
		RecordingEvents string   `xml:"recordingStatusCallbackEvent,attr,omitempty"`
	}{
		Action: r.ActionURL, MaxLength: limit(r.Most), Timeout: limit(r.SilenceEnds), PlayBeep: r.Beep, Trim: "do-not-trim",
		RecordingURL: r.RecordingURL, RecordingEvents: spaced(r.RecordingEvents),
	}
}

// limit leaves out what is not set.
func limit(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return seconds(d)
}
