package assemblyai

import (
	"strings"
	"testing"
)

func TestBothKindsOfWebhookAreRead(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]Webhook{
		`{"transcript_id":"5552493-16d8","status":"completed"}`:                                      {"5552493-16d8", StatusCompleted},
		`{"transcript_id":"a","status":"error","more":{}}`:                                           {"a", StatusError},
		`{"status":"redacted_audio_ready","redacted_audio_url":"https://example.com/r.mp3"}`:         {"", redactedAudioReady},
		`{"transcript_id":null,"status":"redacted_audio_ready","redacted_audio_url":"https://a/b"} `: {"", redactedAudioReady},
	} {
		if got, err := ParseWebhook([]byte(body)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}

func TestWhatIsNoWebhookIsRefused(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, `null`, `[]`, `{}`, `"completed"`, `{"status":"completed"}`, `{"transcript_id":"a"}`, `{"transcript_id":"a/../b","status":"completed"}`,
		`{"transcript_id":1,"status":"completed"}`, `{"transcript_id":"a","status":"completed"}{}`, `{"status":"completed","transcript_id":"` + strings.Repeat("a", maxWebhook) + `"}`,
	} {
		if got, err := ParseWebhook([]byte(body)); err == nil {
			t.Errorf("%.80s was read as %+v", body, got)
		}
	}
}

func TestOnlyASecretOfOursOpens(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		header  string
		secrets []string
		want    bool
	}{
		{"new", []string{"new", "old"}, true},
		{"old", []string{"new", "old"}, true},
		{"ol", []string{"new", "old"}, false},
		{"older", []string{"new", "old"}, false},
		{"", []string{"new", ""}, false},
		{"", nil, false},
		{"new", nil, false},
		{"new", []string{""}, false},
	} {
		if got := CheckSecret(test.header, test.secrets); got != test.want {
			t.Errorf("%q in %q: %v", test.header, test.secrets, got)
		}
	}
}

func FuzzParseWebhook(f *testing.F) {
	f.Add([]byte(`{"transcript_id":"a","status":"completed"}`))
	f.Add([]byte(`{"status":"redacted_audio_ready"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := ParseWebhook(body)
		if err != nil {
			return
		}
		if got.TranscriptID == "" && got.Status != redactedAudioReady || got.TranscriptID != "" && !idPattern.MatchString(got.TranscriptID) {
			t.Errorf("accepted %+v", got)
		}
	})
}
