package signalwire

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
	"go.uber.org/goleak"
)

// patience is how long a test waits for what should come at once: a busy machine is no failure.
const patience = 20 * time.Second

const (
	project, token, key = "project-1", "token-1", "PSKlocal"
	alice, bob, ours    = "+15550100001", "+15550100002", "+15550100100"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is what the vendor calls back: it checks each signature as production does.
type house struct {
	t        *testing.T
	server   *httptest.Server
	mu       sync.Mutex
	document signalwire.Document
	refuse   int // so many callbacks
	silent   int // so many questions for the document
	heard    []signalwire.Callback
	asked    []signalwire.Callback // for the document
}

func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if !signalwire.Verify(h.server.URL, []string{"", key}, r, body) {
		h.t.Errorf("%s is not signed", r.URL)
	}
	callback, err := signalwire.ParseCallback(r.Header.Get("Content-Type"), body)
	if err != nil {
		h.t.Errorf("%s: %v in %s", r.URL, err, body)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.URL.Path == "/answer" {
		h.asked = append(h.asked, callback)
		if len(h.asked) <= h.silent {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		document, err := h.document.Encode()
		if err != nil {
			h.t.Error(err)
		}
		w.Header().Set("Content-Type", signalwire.DocumentType)
		_, _ = w.Write(document)
		return
	}
	if h.refuse > 0 {
		h.refuse--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	h.heard = append(h.heard, callback)
}

// said is what was heard, in order: a call's status, or its recording's.
func (h *house) said() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	words := make([]string, len(h.heard))
	for i, c := range h.heard {
		words[i] = string(c.Status)
		if c.Recording != nil {
			words[i] = "recording " + string(c.Recording.Status)
		}
	}
	return strings.Join(words, ", ")
}

// service is a running server with the client that production uses, and the house that it calls back.
type service struct {
	*Server
	*signalwire.Client
	t     *testing.T
	house *house
	url   string
}

func start(t *testing.T, document ...signalwire.Verb) *service {
	t.Helper()
	s := &service{t: t, house: &house{t: t, document: document}}
	s.house.server = httptest.NewServer(s.house)
	s.Server = New(Config{
		ProjectID: project, Token: token, SigningKey: key, FaultsEnabled: true,
		Numbers: map[string]Number{ours: {AnswerURL: s.house.server.URL + "/answer", StatusURL: s.house.server.URL + "/told"}},
	})
	listener := httptest.NewServer(s.Server)
	s.url = listener.URL
	s.Client = signalwire.New(signalwire.Config{BaseURL: s.url, ProjectID: project, Token: token, HTTP: listener.Client()})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
		s.client.CloseIdleConnections()
		listener.Close()
		s.house.server.Close()
	})
	return s
}

func (s *service) params() signalwire.PlaceParams {
	return signalwire.PlaceParams{
		To: alice, From: ours, AnswerURL: s.house.server.URL + "/answer?call=1", StatusURL: s.house.server.URL + "/told?call=1",
		StatusEvents: []signalwire.StatusEvent{signalwire.OnInitiated, signalwire.OnRinging, signalwire.OnAnswered, signalwire.OnCompleted},
		Record:       true, DualChannels: true, RecordingURL: s.house.server.URL + "/told?call=1",
		RecordingEvents: []signalwire.RecordingStatus{signalwire.RecordingInProgress, signalwire.RecordingCompleted, signalwire.RecordingAbsent},
	}
}

func (s *service) place(p signalwire.PlaceParams) signalwire.Call {
	s.t.Helper()
	placed, err := s.Place(s.t.Context(), p)
	if err != nil {
		s.t.Fatal(err)
	}
	return placed
}

// over waits until nothing more will happen by itself.
func (s *service) over() {
	s.t.Helper()
	eventually(s.t, "every call is over", func() bool { return s.Stats().Live == 0 })
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// talk is a document in which somebody talks.
func talk() []signalwire.Verb {
	return []signalwire.Verb{signalwire.Say{Text: "This call is recorded."}, signalwire.Pause{For: time.Minute}}
}

func TestCallGoesFromTheFirstRingToTheRecording(t *testing.T) {
	t.Parallel()
	s := start(t, talk()...)
	placed := s.place(s.params())
	if placed.Status != signalwire.Queued || placed.To != alice || placed.From != ours || placed.CreatedAt.IsZero() {
		t.Errorf("placed: %+v", placed)
	}
	s.over()

	if want := "initiated, ringing, in-progress, recording in-progress, completed, recording completed"; s.house.said() != want {
		t.Errorf("told %s, want %s", s.house.said(), want)
	}
	for i, c := range s.house.heard {
		if c.CallSid != placed.Sid || c.ProjectID != project {
			t.Errorf("callback %d is about %+v", i, c)
		}
		if c.Recording == nil && (c.At.IsZero() || c.Sequence < 0 || c.Direction != signalwire.OutboundAPI) {
			t.Errorf("callback %d: %+v", i, c)
		}
	}
	if asked := s.house.asked; len(asked) != 1 || asked[0].Status != signalwire.InProgress || asked[0].CallSid != placed.Sid {
		t.Errorf("the document was asked for with %+v", asked)
	}
	got, err := s.Get(t.Context(), placed.Sid)
	if err != nil || got.Status != signalwire.Completed || got.StartedAt.IsZero() || got.EndedAt.Before(got.StartedAt) {
		t.Errorf("Get = %+v, %v", got, err)
	}
}

func TestRecordingIsTheBundledCallAndIsDeletedForGood(t *testing.T) {
	t.Parallel()
	s := start(t, talk()...)
	placed := s.place(s.params())
	s.over()
	all, err := s.Recordings(t.Context(), placed.Sid)
	if err != nil || len(all) != 1 || all[0].Status != signalwire.RecordingCompleted || all[0].Channels != 2 || all[0].Duration < 40*time.Second {
		t.Fatalf("Recordings = %+v, %v", all, err)
	}
	one, err := s.Recording(t.Context(), all[0].Sid)
	if err != nil || one != all[0] {
		t.Errorf("Recording = %+v, %v", one, err)
	}
	read := func(offset int64) []byte {
		t.Helper()
		audio, err := s.Audio(t.Context(), signalwire.AudioParams{Sid: one.Sid, Offset: offset, Most: 10 << 20})
		if err != nil {
			t.Fatal(err)
		}
		defer audio.Close()
		bytes, err := io.ReadAll(audio)
		if err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	whole, rest := read(0), read(1000)
	if !slices.Equal(whole, s.config.Audio) || !slices.Equal(rest, whole[1000:]) {
		t.Errorf("%d bytes, %d from 1000 on", len(whole), len(rest))
	}
	for range 2 {
		if err := s.DeleteRecording(t.Context(), one.Sid); err != nil {
			t.Errorf("DeleteRecording: %v", err)
		}
	}
	if _, err := s.Recording(t.Context(), one.Sid); !signalwire.NotFound(err) {
		t.Errorf("a deleted one: %v", err)
	}
}

func TestAudioIsNotGivenWithoutTheToken(t *testing.T) {
	t.Parallel()
	s := start(t, talk()...)
	placed := s.place(s.params())
	s.over()
	all, err := s.Recordings(t.Context(), placed.Sid)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/Recordings/" + all[0].Sid, "/Recordings/" + all[0].Sid + ".wav", "/Recordings.json", "/Calls/" + placed.Sid} {
		response, err := http.Get(s.url + s.root() + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
}

func TestInboundCallAsksForADocumentAndTellsOfItsEnd(t *testing.T) {
	t.Parallel()
	s := start(t, signalwire.Record{Most: time.Minute})
	s.house.document[0] = signalwire.Record{Most: time.Minute, RecordingURL: s.house.server.URL + "/told"}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/_dev/inbound", strings.NewReader(fmt.Sprintf(`{"from":%q,"to":%q}`, alice, ours)))
	request.SetBasicAuth(project, token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	s.over()
	if want := "completed, recording completed"; response.StatusCode != http.StatusCreated || s.house.said() != want {
		t.Errorf("%d, told %s, want %s", response.StatusCode, s.house.said(), want)
	}
	if asked := s.house.asked; len(asked) != 1 || asked[0].Direction != signalwire.Inbound || asked[0].To != ours {
		t.Errorf("asked with %+v", asked)
	}
}

func TestDialMakesALegOfItsOwnAndRecordsTheCallThatDialled(t *testing.T) {
	t.Parallel()
	s := start(t)
	told := s.house.server.URL + "/told"
	s.house.document = signalwire.Document{signalwire.Dial{
		Number: bob, CallerID: ours, Record: true, RecordingURL: told, StatusURL: told, StatusEvents: []signalwire.StatusEvent{signalwire.OnAnswered, signalwire.OnCompleted},
	}}
	p := s.params()
	p.Record, p.StatusEvents = false, nil
	placed := s.place(p)
	s.over()
	var legs, recordings, parents int
	for _, c := range s.house.heard {
		switch {
		case c.Recording != nil && c.CallSid == placed.Sid && c.Recording.Source == "DialVerb":
			recordings++
		case c.ParentSid == placed.Sid && c.CallSid != placed.Sid && c.Direction == signalwire.OutboundDial && c.To == bob:
			legs++
		case c.CallSid == placed.Sid && c.Status == signalwire.Completed:
			parents++
		}
	}
	if legs != 2 || recordings != 1 || parents != 1 {
		t.Errorf("%d of the leg, %d of a recording, %d of the call: %s", legs, recordings, parents, s.house.said())
	}
}

func TestHungUpWhileItRingsItIsCanceledAndWhileItTalksCompleted(t *testing.T) {
	t.Parallel()
	for hold, want := range map[string]signalwire.CallStatus{ringing: signalwire.Canceled, inProgress: signalwire.Completed} {
		s := start(t, talk()...)
		s.SetFaults(Faults{Hold: hold})
		placed := s.place(s.params())
		eventually(t, "it is held", func() bool { return strings.HasSuffix(s.house.said(), hold) })
		if _, err := s.Hangup(t.Context(), placed.Sid); err != nil {
			t.Fatal(err)
		}
		s.over()
		if got, err := s.Get(t.Context(), placed.Sid); err != nil || got.Status != want {
			t.Errorf("hung up at %s: %s, %v", hold, got.Status, err)
		}
	}
}

func TestWhatItDoesNotKnowIsRefusedByName(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, change := range map[string]func(*signalwire.PlaceParams){
		"'To'":       func(p *signalwire.PlaceParams) { p.To = "911" },
		"'From'":     func(p *signalwire.PlaceParams) { p.From = "" },
		"not one of": func(p *signalwire.PlaceParams) { p.From = bob },
		"'Url'":      func(p *signalwire.PlaceParams) { p.AnswerURL = "ftp://x" },
		"callback":   func(p *signalwire.PlaceParams) { p.StatusURL = "x" },
		"'Timeout'":  func(p *signalwire.PlaceParams) { p.RingFor = time.Hour },
	} {
		p := s.params()
		change(&p)
		if _, err := s.Place(t.Context(), p); err == nil || !strings.Contains(err.Error(), name) || signalwire.MaybeDone(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := s.Stats().Placed; n != 0 {
		t.Errorf("%d calls were placed", n)
	}
	p := s.params()
	s.house.document = signalwire.Document{signalwire.Say{}}
	placed := s.place(p)
	s.over()
	if got, err := s.Get(t.Context(), placed.Sid); err != nil || got.Status != signalwire.Failed {
		t.Errorf("a document that cannot be followed: %+v, %v", got, err)
	}
}

func TestDocumentIsAskedForAtTheOtherAddressOnceAndThenTheCallFails(t *testing.T) {
	t.Parallel()
	for silent, want := range map[int]signalwire.CallStatus{1: signalwire.Completed, 2: signalwire.Failed} {
		s := start(t, talk()...)
		s.house.silent = silent
		placed := s.place(s.params())
		s.over()
		if got, err := s.Get(t.Context(), placed.Sid); err != nil || got.Status != want || len(s.house.asked) != 2 {
			t.Errorf("%d without an answer: %+v after %d, %v", silent, got, len(s.house.asked), err)
		}
	}
}
