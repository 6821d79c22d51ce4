package test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
)

// knock sends a webhook by hand; no secret sends no header.
func (a *app) knock(query, body string, secret *string) int {
	a.t.Helper()
	request, err := http.NewRequest(http.MethodPost, a.url+"/api/webhooks/assemblyai"+query, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if secret != nil {
		request.Header.Set("X-Webhook-Secret", *secret)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

func (a *app) events(where string) int {
	a.t.Helper()
	return a.rows("SELECT count(*) FROM switchboard.webhook_events WHERE " + where)
}

func TestWebhookWithoutTheRightSecretIsRefusedAndNotKept(t *testing.T) {
	t.Parallel()
	a := start(t)
	wrong, empty, prefix := "wrong", "", a.secrets.webhook[:len(a.secrets.webhook)-1]
	for name, secret := range map[string]*string{"none": nil, "empty": &empty, "wrong": &wrong, "cut short": &prefix} {
		if status := a.knock("", `{"transcript_id":"x","status":"completed"}`, secret); status != http.StatusUnauthorized {
			t.Errorf("secret %s: %d", name, status)
		}
	}
	if n := a.events("true"); n != 0 {
		t.Errorf("%d events were kept", n)
	}
}

func TestBothSecretsOpenWhileOneReplacesTheOther(t *testing.T) {
	t.Parallel()
	older, newer := "older-hook-secret-1234", "newer-hook-secret-5678"
	a := start(t, "ASSEMBLYAI_WEBHOOK_SECRET="+newer+","+older)
	for _, secret := range []string{older, newer} {
		if status := a.knock("?with="+secret[:5], `{"transcript_id":"x","status":"completed"}`, &secret); status != http.StatusOK {
			t.Errorf("%s: %d", secret, status)
		}
	}
}

func TestWebhookThatNobodyWaitsForIsKeptAndNeverAnsweredWithA4xx(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, body := range []string{
		`{"transcript_id":"unknown","status":"completed"}`,
		`{"transcript_id":"unknown","status":"error"}`,
		`{"status":"redacted_audio_ready","redacted_audio_url":"https://example.com/x"}`,
		`not json`, `[]`, `null`, `{"transcript_id":"a\u0000b","status":"completed"}`, "{\"transcript_id\":\"\xff\xfe\",\"status\":\"completed\"}", "\x00",
	} {
		if status := a.knock("", body, &a.secrets.webhook); status != http.StatusOK {
			t.Errorf("%q: %d", body, status)
		}
	}
	if n := a.events("true"); n != 9 {
		t.Errorf("%d events are kept, want 9", n)
	}
	if n := a.events("headers::text LIKE '%" + a.secrets.webhook + "%'"); n != 0 {
		t.Error("the secret is kept with the headers")
	}
}

func TestOversizedWebhookIsRefusedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	a := start(t)
	request, _ := http.NewRequest(http.MethodPost, a.url+"/api/webhooks/assemblyai", bytes.NewReader(make([]byte, 10<<20)))
	request.Header.Set("X-Webhook-Secret", a.secrets.webhook)
	response, err := http.DefaultClient.Do(request)
	if err == nil { // else the server hung up in the middle, which is as good
		defer response.Body.Close()
		if response.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("10 MB: %d", response.StatusCode)
		}
	}
	if n := a.events("true"); n != 0 {
		t.Errorf("%d events were kept", n)
	}
	if status := a.knock("", `{"transcript_id":"x","status":"completed"}`, &a.secrets.webhook); status != http.StatusOK {
		t.Errorf("the next one: %d", status)
	}
}

func TestDuplicateWebhooksHaveOneRowAndOneEffect(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	a.provider.SetFaults(assemblyai.Faults{Webhook: assemblyai.WebhookFaults{Doubled: true}})
	id := p.transcribe()
	p.becomes(id, "COMPLETED")

	body := fmt.Sprintf(`{"transcript_id":%q,"status":"completed"}`, a.providerID(id))
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			if status := a.knock("?again", body, &a.secrets.webhook); status != http.StatusOK {
				t.Errorf("a duplicate is answered with %d", status)
			}
		})
	}
	wait.Wait()
	if n := a.events("query = 'again'"); n != 1 {
		t.Errorf("%d rows for 20 deliveries", n)
	}
	eventually(t, "all events to be processed", func() bool { return a.events("processed_at IS NULL") == 0 })
	if s := p.state(id); s.Status != "COMPLETED" || s.Version != 1 {
		t.Errorf("after all: %+v", s)
	}
	if n := a.rows("SELECT count(*) FROM switchboard.activity_events WHERE status = 'COMPLETED'"); n != 1 {
		t.Errorf("completed %d times", n)
	}
}

// providerID is the provider's name for a transcription; there is one in each of these tests.
func (a *app) providerID(string) (id string) {
	a.t.Helper()
	a.scan(&id, "SELECT provider_id FROM switchboard.transcription_submissions WHERE provider_id IS NOT NULL")
	return id
}

func TestWebhookFindsItsWay(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]assemblyai.Faults{
		"before the submission is answered":    {Webhook: assemblyai.WebhookFaults{Early: true}},
		"twice":                                {Webhook: assemblyai.WebhookFaults{Doubled: true}},
		"late":                                 {Webhook: assemblyai.WebhookFaults{Late: 500 * time.Millisecond}},
		"never":                                {Webhook: assemblyai.WebhookFaults{Lost: true}},
		"never, and the answer got lost":       {Webhook: assemblyai.WebhookFaults{Lost: true}, LoseAnswer: 1},
		"in time, and the answer got lost":     {LoseAnswer: 1},
		"early and twice, and the answer lost": {LoseAnswer: 1, Webhook: assemblyai.WebhookFaults{Early: true, Doubled: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, "TRANSCRIPTION_CHECK_AFTER=1s", "TRANSCRIPTION_LOST_AFTER=2s")
			p := a.person("ours", "OPERATOR")
			a.provider.SetFaults(faults)
			id := p.transcribe()
			p.becomes(id, "COMPLETED")
			if n := a.provider.Stats().Submitted; n != 1 {
				t.Errorf("submitted %d times", n)
			}
			if s := p.state(id); s.Attempt != 1 || s.Version != 1 {
				t.Errorf("state: %+v", s)
			}
		})
	}
}
