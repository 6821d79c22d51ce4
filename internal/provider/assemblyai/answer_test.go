package assemblyai

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestErrorAnswersSayWhetherTheRequestWasTaken(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status             int
		contentType, body  string
		message            string
		refused, temporary bool
	}{
		"bad option":         {400, "application/json", `{"error":"Invalid endpoint schema"}`, "Invalid endpoint schema", true, false},
		"quotes the key":     {401, "application/json", `{"error":"bad key the-secret-key."}`, "bad key [key].", true, false},
		"missing":            {404, "application/json", `{"error":"Not found"}`, "Not found", true, false},
		"busy":               {429, "application/json", `{"error":"Too many"}`, "Too many", true, true},
		"busy, in HTML":      {429, "text/html", `<h1>slow down</h1>`, "Too Many Requests", true, true},
		"moved":              {307, "text/html", ``, "Temporary Redirect", true, false},
		"broken":             {500, "application/json", `{"error":"Server error"}`, "Server error", false, true},
		"proxy's page":       {502, "text/html", `<html>bad gateway</html>`, "Bad Gateway", false, true},
		"no body":            {503, "", ``, "Service Unavailable", false, true},
		"JSON of another":    {500, "application/json", `["error"]`, "Internal Server Error", false, true},
		"error is no string": {500, "application/json", `{"error":{"code":1}}`, "Internal Server Error", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := vendor(t, says(test.status, test.contentType, test.body))
			_, err := c.Submit(t.Context(), SubmitParams{AudioURL: "https://example.com/a.wav"})
			var answered *Error
			if !errors.As(err, &answered) {
				t.Fatalf("error %v, want an *Error", err)
			}
			if answered.Status != test.status || answered.Message != test.message || answered.Refused() != test.refused || answered.Temporary() != test.temporary {
				t.Errorf("%+v, refused %v, temporary %v", answered, answered.Refused(), answered.Temporary())
			}
			if strings.Contains(err.Error(), testKey) {
				t.Errorf("the key is in %q", err)
			}
		})
	}
}

func TestUnreadableSuccessLeavesTheOutcomeOpen(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"HTML": "<html>please log in</html>", "nothing": "", "null": "null", "cut": `{"id":"a","status":"que`, "no id": `{"status":"queued"}`,
		"no status": `{"id":"a"}`, "an id that is a path": `{"id":"../a","status":"queued"}`, "words that are none": `{"id":"a","status":"completed","words":{"a":1}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := vendor(t, says(200, "text/html", body))
			_, err := c.Submit(t.Context(), SubmitParams{})
			var answered *Error
			if err == nil || errors.As(err, &answered) {
				t.Errorf("Submit: %v, want an error that is no *Error", err)
			}
			if err := c.Delete(t.Context(), "a"); err == nil {
				t.Error("Delete believed it")
			}
			if _, err := c.Upload(t.Context(), strings.NewReader("x"), 1); err == nil {
				t.Error("Upload believed it")
			}
			if list, err := c.List(t.Context(), ListParams{}); err == nil {
				t.Errorf("List believed it: %+v", list)
			}
		})
	}
}

func TestAnAnswerAboutAnotherTranscriptIsNotBelieved(t *testing.T) {
	t.Parallel()
	c := vendor(t, says(200, "application/json", `{"id":"b","status":"completed"}`))
	if got, err := c.Get(t.Context(), "a"); err == nil {
		t.Errorf("Get = %+v", got)
	}
}

func TestAnEndlessAnswerIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	c := vendor(t, func(w http.ResponseWriter, _ *http.Request) {
		blanks := []byte(strings.Repeat(" ", 1<<20))
		for {
			if _, err := w.Write(blanks); err != nil {
				return
			}
		}
	})
	_, err := c.Get(t.Context(), "a")
	if err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("Get: %v", err)
	}
}

func TestRetryAfterIsReadInBothFormsAndCapped(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-3": 0, "99999999": maxRetryAfter, "soon": 0, "99999999999999999999": 0,
		now.Add(30 * time.Second).Format(http.TimeFormat): 30 * time.Second,
		now.Add(-time.Hour).Format(http.TimeFormat):       0,
		now.Add(48 * time.Hour).Format(http.TimeFormat):   maxRetryAfter,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}
