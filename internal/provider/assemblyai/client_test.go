package assemblyai

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const testKey = "the-secret-key"

// vendor is a server that answers every request in one way.
func vendor(t *testing.T, answer http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return New(Config{BaseURL: server.URL + "/", Key: testKey, HTTP: server.Client()})
}

func says(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestSubmitSendsTheRawKeyAndWhatIsWantedOnly(t *testing.T) {
	t.Parallel()
	var sent map[string]any
	c := vendor(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v2/transcript" || r.Header.Get("Authorization") != testKey {
			t.Errorf("%s %s with %q", r.Method, r.URL, r.Header.Get("Authorization"))
		}
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
		}
		_, _ = w.Write(fixture(t, "queued.json"))
	})

	got, err := c.Submit(t.Context(), SubmitParams{
		AudioURL: "https://example.com/a.wav", SpeakerLabels: true, LanguageDetection: true,
		Extra: map[string]any{"audio_url": "https://evil.example/", "content_safety": true, "speech_models": []string{"universal-2"}},
	})

	if err != nil || got.ID != "TRANSCRIPT_ID" || got.Status != StatusQueued {
		t.Fatalf("Submit = %+v, %v", got, err)
	}
	if len(sent) != 4 || sent["audio_url"] != "https://example.com/a.wav" || sent["speaker_labels"] != true || sent["language_detection"] != true || sent["speech_models"] == nil {
		t.Errorf("sent %v", sent)
	}
}

func TestChaptersAreAskedForUnderOneNameOnly(t *testing.T) {
	t.Parallel()
	for _, summarize := range []bool{false, true} {
		p := SubmitParams{AutoChapters: true, Extra: map[string]any{}}
		if summarize {
			p.Extra["speech_understanding"] = map[string]any{"request": map[string]any{"summarization": map[string]any{}}}
		}
		body, err := json.Marshal(p)
		if err != nil || strings.Contains(string(body), "auto_chapters") == summarize {
			t.Errorf("summarize %v: sent %s, %v", summarize, body, err)
		}
	}
}

func TestAnIDNeverLeavesItsPlaceInThePath(t *testing.T) {
	t.Parallel()
	c := vendor(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) })
	for _, id := range []string{"", "..", "a/b", "a?limit=1", strings.Repeat("a", 101)} {
		if _, err := c.Get(t.Context(), id); err == nil {
			t.Errorf("%q was asked for", id)
		}
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
	_, err := c.Get(ctx, "a")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v", err)
	}
}

func TestEveryCallHasADeadline(t *testing.T) {
	t.Parallel()
	var deadlines []time.Duration
	c := New(Config{BaseURL: "http://127.0.0.1", HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		at, ok := r.Context().Deadline()
		if !ok {
			t.Errorf("%s %s without a deadline", r.Method, r.URL)
		}
		deadlines = append(deadlines, time.Until(at).Round(time.Second))
		return nil, errors.New("no network")
	})}})
	_, _ = c.Submit(t.Context(), SubmitParams{})
	_, _ = c.Upload(t.Context(), strings.NewReader("x"), 1)
	if len(deadlines) != 2 || deadlines[0] != callTimeout || deadlines[1] != uploadTimeout {
		t.Errorf("deadlines %v", deadlines)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestARedirectIsNotFollowedWithTheKey(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("followed to %s", r.URL) }))
	t.Cleanup(elsewhere.Close)
	c := vendor(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	if _, err := c.Submit(t.Context(), SubmitParams{}); err == nil {
		t.Error("a redirect is no answer")
	}
}

func TestUploadSendsTheBytesAndLeavesTheBodyOpen(t *testing.T) {
	t.Parallel()
	c := vendor(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "sound" || r.URL.Path != "/v2/upload" || r.Header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("%s got %q, %v as %s", r.URL, body, err, r.Header.Get("Content-Type"))
		}
		_, _ = io.WriteString(w, `{"upload_url":"https://cdn.example.com/upload/1"}`)
	})
	for _, size := range []int64{0, 5} {
		body := &closable{Reader: strings.NewReader("sound")}
		if at, err := c.Upload(t.Context(), body, size); err != nil || at != "https://cdn.example.com/upload/1" || body.closed {
			t.Errorf("size %d: %q, %v, closed %v", size, at, err, body.closed)
		}
	}
}

type closable struct {
	io.Reader
	closed bool
}

func (c *closable) Close() error { c.closed = true; return nil }

func TestListGivesThePageThatWasAskedFor(t *testing.T) {
	t.Parallel()
	c := vendor(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "before_id=X&limit=2" {
			t.Errorf("asked %s", r.URL)
		}
		_, _ = w.Write(fixture(t, "list.json"))
	})
	list, err := c.List(t.Context(), ListParams{Limit: 2, BeforeID: "X"})
	if err != nil || len(list.Transcripts) != 2 || list.Transcripts[1] != (ListItem{ID: "TRANSCRIPT_ID_2", Status: StatusCompleted, AudioURL: deletedURL}) {
		t.Errorf("List = %+v, %v", list, err)
	}
}
