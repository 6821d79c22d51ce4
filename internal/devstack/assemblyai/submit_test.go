package assemblyai

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
)

func TestOnlyTheKeyOpens(t *testing.T) {
	t.Parallel()
	s := start(t)
	shut := start(t, func(c *Config) { c.Key = "" })
	for _, key := range []string{"", "other", "Bearer " + testKey} {
		if status, body := s.send(t, "GET", "/v2/transcript", key, ""); status != http.StatusUnauthorized || object(t, []byte(body))["error"] == "" {
			t.Errorf("%q: %d %s", key, status, body)
		}
	}
	if status, _ := shut.send(t, "GET", "/v2/transcript", "", ""); status != http.StatusUnauthorized {
		t.Errorf("without a key anyone gets %d", status)
	}
}

func TestWhatCannotBeHonouredIsRefusedByName(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, name := range append([]string{"no_such_option"}, beyond...) {
		body := fmt.Sprintf(`{"audio_url":%q,%q:true}`, s.params().AudioURL, name)
		if status, answer := s.send(t, "POST", "/v2/transcript", testKey, body); status != http.StatusBadRequest || !strings.Contains(answer, name) {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	for name, value := range map[string]string{
		"language_code": `"de"`, "punctuate": `false`, "format_text": `false`, "speech_models": `["universal-2"]`, "webhook_url": `"ftp://a/b"`,
		"webhook_auth_header_name": `"X-Secret"`, "multichannel": `"yes"`, "audio_url": `"file:///etc/passwd"`,
	} {
		body := fmt.Sprintf(`{"audio_url":%q,%q:%s}`, s.params().AudioURL, name, value)
		if status, answer := s.send(t, "POST", "/v2/transcript", testKey, body); status != http.StatusBadRequest || !strings.Contains(answer, name) {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	if got := s.Stats().Submitted; got != 0 {
		t.Errorf("%d of them were taken", got)
	}
}

func TestWhatCanBeHonouredIsTaken(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, options := range []string{
		`"language_code":"en_us"`, `"language_code":"en"`, `"language_detection":true`, `"punctuate":true,"format_text":true`, `"multichannel":true`,
		`"sentiment_analysis":false,"word_boost":[],"summary_type":null`, `"speech_models":["universal-2","local-moonshine-tiny"]`,
	} {
		body := fmt.Sprintf(`{"audio_url":%q,%s}`, s.params().AudioURL, options)
		if status, answer := s.send(t, "POST", "/v2/transcript", testKey, body); status != http.StatusOK || object(t, []byte(answer))["status"] != "queued" {
			t.Errorf("%s: %d %s", options, status, answer)
		}
	}
}

func TestBrokenRequestsGetAnErrorInTheVendorsShape(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, test := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/v2/transcript", ``, 400},
		{"POST", "/v2/transcript", `[]`, 400},
		{"POST", "/v2/transcript", `null`, 400},
		{"POST", "/v2/transcript", `{}`, 400},
		{"POST", "/v2/transcript", `{"audio_url":"` + strings.Repeat("a", maxBody) + `"}`, 413},
		{"POST", "/v2/upload", ``, 400},
		{"GET", "/v2/nothing", ``, 404},
		{"PUT", "/faults", `{}`, 404},
		{"PUT", "/v2/transcript", `{}`, 404},
	} {
		status, answer := s.send(t, test.method, test.path, testKey, test.body)
		if status != test.want || object(t, []byte(answer))["error"] == nil {
			t.Errorf("%s %s %.40s: %d %s, want %d", test.method, test.path, test.body, status, answer, test.want)
		}
	}
}

func TestAudioIsFetchedOnlyFromWhereItIsAllowed(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, at := range []string{"http://127.0.0.1:1/a.wav", "http://169.254.169.254/", s.url + "/upload/of-somebody"} {
		var refused *assemblyai.Error
		if _, err := s.Submit(t.Context(), assemblyai.SubmitParams{AudioURL: at}); !errors.As(err, &refused) || !refused.Refused() {
			t.Errorf("%s: %v", at, err)
		}
	}
}

func TestAFullQueueAsksToComeBack(t *testing.T) {
	t.Parallel()
	g := newGate()
	s := start(t, func(c *Config) { c.Recognizer, c.Workers = g, 1 })
	for range maxLive {
		s.submit(t, s.params())
	}
	_, err := s.Submit(t.Context(), s.params())
	var busy *assemblyai.Error
	if !errors.As(err, &busy) || !busy.Temporary() || !busy.Refused() || busy.RetryAfter != errFull.after {
		t.Errorf("one too many: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Close: %v", err)
	}
}

func TestTheOldestFinishedJobsMakeRoom(t *testing.T) {
	t.Parallel()
	s := start(t)
	first := s.submit(t, s.params())
	s.settled(t, first)
	for i := range maxJobs {
		id := s.submit(t, s.params())
		if i%100 == 0 {
			s.settled(t, id) // so that there are never too many live ones
		}
	}
	s.mu.Lock()
	kept, known := len(s.order), len(s.jobs)
	s.mu.Unlock()
	if _, err := s.Get(t.Context(), first); err == nil || kept != maxJobs || known != maxJobs {
		t.Errorf("%d jobs kept, %d known, the first: %v", kept, known, err)
	}
}

func TestCloseFinishesWhatWasTaken(t *testing.T) {
	t.Parallel()
	hook := receive(t, http.StatusOK)
	s := start(t)
	p := s.params()
	p.WebhookURL = hook.URL
	id := s.submit(t, p)
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(t.Context(), id); err != nil || got.Status != assemblyai.StatusCompleted || len(hook.notes()) != 1 {
		t.Errorf("%s, %v, webhooks %v", got.Raw, err, hook.notes())
	}
	var refused *assemblyai.Error
	if _, err := s.Submit(t.Context(), s.params()); !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable {
		t.Errorf("after Close: %v", err)
	}
}
