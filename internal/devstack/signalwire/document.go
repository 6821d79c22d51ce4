package signalwire

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// documentTimeout and maxDocument are the vendor's own.
	documentTimeout = 5 * time.Second
	maxDocument     = 64 << 10
)

// verb is one instruction of a document.
type verb struct {
	XMLName    xml.Name
	Attributes []xml.Attr `xml:",any,attr"`
	Text       string     `xml:",chardata"`
	Inner      []verb     `xml:",any"`
}

func (v verb) attribute(name string) string {
	for _, a := range v.Attributes {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// fetch asks the address of a call for its document. Unlike a callback it is asked once, and then the other
// address, where there is one.
func (s *Server) fetch(c *call) ([]verb, error) {
	document, err := s.fetchFrom(c, c.answerURL)
	if err != nil && c.fallbackURL != "" {
		document, err = s.fetchFrom(c, c.fallbackURL)
	}
	return document, err
}

func (s *Server) fetchFrom(c *call, address string) ([]verb, error) {
	ctx, cancel := context.WithTimeout(s.life, documentTimeout)
	defer cancel()
	response, err := s.post(ctx, address, s.about(c))
	if err != nil {
		return nil, fmt.Errorf("asking for the document: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the document: %w", err)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the document's server answered %d", response.StatusCode)
	case len(raw) > maxDocument:
		return nil, errors.New("the document is larger than 64 kB")
	case kind != "application/xml" && kind != "text/xml":
		return nil, fmt.Errorf("the document is %.60q and not XML", kind)
	}
	s.count(func(stats *Stats) { stats.Documents++ })
	return parse(raw)
}

func parse(raw []byte) ([]verb, error) {
	var document struct {
		XMLName xml.Name `xml:"Response"`
		Verbs   []verb   `xml:",any"`
	}
	if err := xml.NewDecoder(bytes.NewReader(raw)).Decode(&document); err != nil {
		return nil, fmt.Errorf("reading the document: %w", err)
	}
	return document.Verbs, nil
}

// follow does one verb after the other until somebody hangs up.
func (s *Server) follow(c *call, document []verb) error {
	for _, v := range document {
		goesOn, err := s.do(c, v)
		if err != nil || !goesOn {
			return err
		}
	}
	return nil
}

func (s *Server) do(c *call, v verb) (goesOn bool, err error) {
	switch v.XMLName.Local {
	case "Say":
		if strings.TrimSpace(v.Text) == "" {
			return false, errors.New("a Say without words")
		}
		return s.pass(c, s.config.Pace.Say), nil
	case "Pause":
		return s.pass(c, s.talking(c, max(parseSeconds(v.attribute("length")), time.Second))), nil
	case "Hangup":
		return false, nil
	case "Dial":
		return s.dial(c, v)
	case "Record":
		return s.recordVerb(c, v)
	case "Redirect":
		return s.redirect(c, strings.TrimSpace(v.Text))
	}
	return false, fmt.Errorf("the local telephone service does not know the verb %.40q", v.XMLName.Local)
}

// recordVerb records whoever is on the line, and asks for what comes next.
func (s *Server) recordVerb(c *call, v verb) (bool, error) {
	recording := s.startRecording(c, order{on: true, source: "RecordVerb", tells: asked(v.attribute("recordingStatusCallback"), v.attribute("recordingStatusCallbackEvent"))})
	goesOn := s.pass(c, s.talking(c, parseSeconds(v.attribute("maxLength"))))
	s.finishRecording(recording)
	if action := v.attribute("action"); action != "" && goesOn {
		return s.redirect(c, action)
	}
	return goesOn, nil
}

// maxDocuments ends a call whose documents lead in a circle.
const maxDocuments = 20

// redirect goes on with another document.
func (s *Server) redirect(c *call, to string) (bool, error) {
	at, err := url.Parse(c.answerURL)
	if err == nil {
		at, err = at.Parse(to)
	}
	if err != nil {
		return false, fmt.Errorf("reading the address of the next document: %w", err)
	}
	if c.documents++; c.documents > maxDocuments {
		return false, errors.New("the documents lead in a circle")
	}
	c.answerURL, c.fallbackURL = at.String(), "" // it is for the first document
	document, err := s.fetch(c)
	if err != nil { // there was a conversation: it ends, and has not failed
		slog.Warn("the local telephone service could not go on with a call", "call", c.sid, "error", err)
		return false, nil
	}
	return false, s.follow(c, document)
}

// dial makes a second call and connects both until one of them hangs up.
func (s *Server) dial(c *call, v verb) (bool, error) {
	number, tells := strings.TrimSpace(v.Text), hook{}
	for _, inner := range v.Inner {
		if inner.XMLName.Local != "Number" {
			return false, fmt.Errorf("the local telephone service cannot dial a %.40q", inner.XMLName.Local)
		}
		number, tells = strings.TrimSpace(inner.Text), asked(inner.attribute("statusCallback"), inner.attribute("statusCallbackEvent"))
	}
	if !numberPattern.MatchString(number) {
		return false, fmt.Errorf("%.40q cannot be dialled", number)
	}
	from := v.attribute("callerId")
	if from == "" {
		from = c.from
	}
	leg := newCall(c.base, "outbound-dial", from, number)
	leg.parent, leg.tells, leg.limit = c.sid, tells, parseSeconds(v.attribute("timeLimit"))
	record := order{
		on: strings.HasPrefix(v.attribute("record"), "record-"), dual: strings.HasSuffix(v.attribute("record"), "-dual"), source: "DialVerb",
		tells: asked(v.attribute("recordingStatusCallback"), v.attribute("recordingStatusCallbackEvent")),
	}
	connected := make(chan struct{})
	err := s.begin(leg, func(leg *call) {
		defer close(connected)
		s.leg(c, leg, record)
	})
	if err != nil {
		return false, err
	}
	<-connected
	return s.pass(c, 0), nil
}

// leg is the way of a call that a document dials: over when it is, or when the call that dialled it is.
func (s *Server) leg(c, leg *call, record order) {
	stop := make(chan struct{})
	defer close(stop)
	s.group.Go(func() {
		select {
		case <-c.hungUp:
			leg.hangUp()
		case <-stop:
		}
	})
	s.reach(leg, initiated)
	s.reach(leg, ringing)
	outcome := s.currentFaults().outcome(leg)
	if !s.pass(leg, s.config.Pace.Ring) {
		outcome = canceled
	}
	if outcome != "" {
		s.end(leg, outcome)
		return
	}
	s.answer(leg)
	recording := s.startRecording(c, record)
	s.pass(leg, s.talking(leg, 0))
	s.end(leg, completed)
	s.finishRecording(recording)
}
