package signalwire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	testProject, testToken = "b3877c40-da60-4998-90ad-b792e98472af", "the-secret-token"
	testRoot               = "/api/laml/2010-04-01/Accounts/" + testProject
	testSid                = "43bb71ee-553f-4074-bb20-8e2747647cce"
)

// vendor is a server that answers every request in one way.
func vendor(t *testing.T, answer http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return New(Config{BaseURL: server.URL + "/", ProjectID: testProject, Token: testToken, HTTP: server.Client()})
}

func says(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// sample is the call of the vendor's documents, with its spelling of September and its durations.
const sample = `{"account_sid":"` + testProject + `","sid":"` + testSid + `","status":"completed","direction":"inbound","from":"+13103384645","to":"+13105678901",
"date_created":"Wed, 19 Sept 2018 20:00:00 +0000","start_time":"Wed, 19 Sep 2018 20:00:01 +0000","end_time":null,"duration":"20","parent_call_sid":null,"answered_by":null,"price":-0.005}`

func TestPlaceSendsTheFormThatTheVendorReads(t *testing.T) {
	t.Parallel()
	var sent url.Values
	c := vendor(t, func(w http.ResponseWriter, r *http.Request) {
		project, token, _ := r.BasicAuth()
		if r.Method != http.MethodPost || r.URL.Path != testRoot+"/Calls.json" || project != testProject || token != testToken {
			t.Errorf("%s %s as %s", r.Method, r.URL, project)
		}
		_ = r.ParseForm()
		sent = r.PostForm
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, sample)
	})

	got, err := c.Place(t.Context(), PlaceParams{
		To: "+13105678901", From: "+13103384645", AnswerURL: "https://us.example/answer?a=1&b=2", StatusURL: "https://us.example/told",
		StatusEvents: []StatusEvent{OnRinging, OnCompleted}, Record: true, DualChannels: true, RecordingURL: "https://us.example/told",
		RecordingEvents: []RecordingStatus{RecordingCompleted, RecordingAbsent}, RingFor: 1500 * time.Millisecond, TimeLimit: time.Hour,
	})

	if err != nil || got.Sid != testSid {
		t.Fatalf("Place = %+v, %v", got, err)
	}
	for name, want := range map[string]string{
		"To": "+13105678901", "From": "+13103384645", "Url": "https://us.example/answer?a=1&b=2", "Method": "POST",
		"FallbackUrl": "https://us.example/answer?a=1&b=2", "FallbackMethod": "POST", "StatusCallback": "https://us.example/told",
		"StatusCallbackMethod": "POST", "StatusCallbackEvent": "ringing,completed", "Record": "true", "RecordingChannels": "dual", "Trim": "do-not-trim",
		"RecordingStatusCallback": "https://us.example/told", "RecordingStatusCallbackMethod": "POST", "RecordingStatusCallbackEvent": "completed absent",
		"Timeout": "2", "TimeLimit": "3600",
	} {
		if got := strings.Join(sent[name], ","); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
		delete(sent, name)
	}
	if len(sent) > 0 {
		t.Errorf("and sent %v", sent)
	}
}

func TestWhatIsNotAskedForIsNotSent(t *testing.T) {
	t.Parallel()
	form := PlaceParams{To: "+13105678901", From: "+13103384645", AnswerURL: "https://us.example/"}.form()
	if len(form) != 6 {
		t.Errorf("sent %v", form)
	}
}

func TestCallIsReadWithTheVendorsOddities(t *testing.T) {
	t.Parallel()
	c := vendor(t, says(http.StatusOK, "application/json", sample))
	got, err := c.Get(t.Context(), testSid)
	want := Call{
		Sid: testSid, Status: Completed, Direction: Inbound, From: "+13103384645", To: "+13105678901", Duration: 20 * time.Second,
		CreatedAt: time.Date(2018, 9, 19, 20, 0, 0, 0, time.UTC), StartedAt: time.Date(2018, 9, 19, 20, 0, 1, 0, time.UTC),
	}
	if err != nil || got != want {
		t.Errorf("Get = %+v, %v", got, err)
	}
	if _, err := c.Get(t.Context(), "another"); err == nil || !strings.Contains(err.Error(), "another call") {
		t.Errorf("the answer about another call: %v", err)
	}
}

func TestAnswerThatCannotBeReadIsAnErrorAndNeverEmpty(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no JSON": "<html>", "empty": "{}", "no status": `{"sid":"x"}`, "a sid that is a path": `{"sid":"a/b","status":"queued"}`,
		"a time that is none": `{"sid":"x","status":"queued","date_created":"yesterday"}`, "too large": `"` + strings.Repeat("a", maxAnswer) + `"`,
	} {
		c := vendor(t, says(http.StatusOK, "application/json", body))
		if got, err := c.Place(t.Context(), PlaceParams{}); err == nil || !MaybeDone(err) || got != (Call{}) {
			t.Errorf("%s: placed %+v, %v", name, got, err)
		}
		if found, err := c.Find(t.Context(), FindParams{}); err == nil || found != nil {
			t.Errorf("%s: found %v, %v", name, found, err)
		}
		if all, err := c.Recordings(t.Context(), testSid); err == nil || all != nil {
			t.Errorf("%s: recordings %v, %v", name, all, err)
		}
		if one, err := c.Recording(t.Context(), testSid); err == nil || one != (Recording{}) {
			t.Errorf("%s: recording %v, %v", name, one, err)
		}
	}
}

func TestAnIDNeverLeavesItsPlaceInThePath(t *testing.T) {
	t.Parallel()
	c := vendor(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) })
	for _, sid := range []string{"", "..", "a/b", "a?Status=x", strings.Repeat("a", 65)} {
		_, get := c.Get(t.Context(), sid)
		_, hangup := c.Hangup(t.Context(), sid)
		_, recordings := c.Recordings(t.Context(), sid)
		_, recording := c.Recording(t.Context(), sid)
		_, audio := c.Audio(t.Context(), AudioParams{Sid: sid})
		for i, err := range []error{get, hangup, recordings, recording, audio, c.DeleteRecording(t.Context(), sid)} {
			if err == nil || MaybeDone(err) {
				t.Errorf("%q, %d: %v", sid, i, err)
			}
		}
	}
}

func TestEveryErrorSaysWhetherTheRequestMayHaveBeenCarriedOut(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]struct{ refused, temporary, maybe bool }{
		400: {true, false, false}, 401: {true, false, false}, 404: {true, false, false}, 422: {true, false, false}, 429: {true, true, false},
		302: {false, false, true}, 408: {false, true, true}, 500: {false, true, true}, 503: {false, true, true},
	} {
		c := vendor(t, says(status, "application/json", `{"code":21211,"message":"No to `+testToken+` at https://us.example/?secret=1"}`))
		_, err := c.Place(t.Context(), PlaceParams{})
		var said *Error
		if !errors.As(err, &said) || said.Refused() != want.refused || said.Temporary() != want.temporary || MaybeDone(err) != want.maybe {
			t.Errorf("%d: %+v", status, err)
		}
		if said.Code != "21211" || strings.Contains(err.Error(), testToken) || strings.Contains(err.Error(), "secret=1") {
			t.Errorf("%d says %v", status, err)
		}
		if NotFound(err) != (status == 404) || said.RateLimited() != (status == 429) {
			t.Errorf("%d: %+v", status, err)
		}
	}
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	_, err := New(Config{BaseURL: nobody.URL, ProjectID: testProject}).Place(t.Context(), PlaceParams{To: "+13105678901"})
	if !errors.Is(err, ErrNotSent) || MaybeDone(err) || strings.Contains(err.Error(), "Calls.json") {
		t.Errorf("nobody there: %v", err)
	}
	broken := vendor(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := broken.Place(t.Context(), PlaceParams{}); err == nil || !MaybeDone(err) {
		t.Errorf("a connection that breaks: %v", err)
	}
	if MaybeDone(nil) || NotFound(nil) {
		t.Error("no error is one")
	}
}

func TestARedirectNeverTakesTheTokenAlong(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token came along")
		}
	}))
	t.Cleanup(other.Close)
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	c := vendor(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
	})
	if _, err := c.Get(t.Context(), testSid); err == nil {
		t.Error("the redirect of a read was followed")
	}
	audio, err := c.Audio(t.Context(), AudioParams{Sid: testSid, Most: 1})
	if err != nil {
		t.Fatal(err)
	}
	audio.Close()
}

func TestAListNeverLeadsOutOfTheProject(t *testing.T) {
	t.Parallel()
	c := New(Config{ProjectID: testProject})
	for uri, want := range map[string]string{
		testRoot + "/Calls.json?Page=1": "/Calls.json?Page=1", "": "", "https://evil.example" + testRoot + "/Calls.json": "",
		"/api/laml/2010-04-01/Accounts/another/Calls.json": "", testRoot + "/../another": "", testRoot + "@evil.example/Calls": "",
	} {
		if got := c.nextPage(uri); got != want {
			t.Errorf("%q leads to %q", uri, got)
		}
	}
}

func TestAListThatNeverEndsIsAnErrorAndNotAnAnswer(t *testing.T) {
	t.Parallel()
	c := vendor(t, says(http.StatusOK, "application/json", `{"calls":[],"next_page_uri":"`+testRoot+`/Calls.json?Page=1"}`))
	if found, err := c.Find(t.Context(), FindParams{}); err == nil {
		t.Errorf("found %v", found)
	}
}

func TestASilentVendorIsLeftWhenTheCallerLeaves(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	c := vendor(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := c.Get(ctx, testSid); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v", err)
	}
}
