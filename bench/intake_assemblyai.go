package main

import (
	"context"

	"github.com/switchboard-voice/switchboard/lab"
)

// measureWebhooks is for the source that proves itself by a secret word.
func (l *bench) measureWebhooks(ctx context.Context, t *table) error {
	ours, err := l.webhooks(l.Server, "/api/webhooks/assemblyai")
	if err != nil {
		return err
	}
	byHand, err := l.webhooks(l.byHand, "/webhook")
	if err != nil {
		return err
	}
	return l.measureIntake(ctx, t, intake{what: "Webhooks accepted a second: verified, durable, deduplicated, enqueued", bound: minIntake, ours: ours, byHand: byHand})
}

func (l *bench) webhooks(p *lab.Process, path string) (*webhooks, error) {
	// Of the provider's two kinds this is the one that asks for no work: what is measured is the accepting.
	body := `{"status":"redacted_audio_ready","redacted_audio_url":"https://audio.example.com/` + blank + `"}`
	request, err := wire("POST", p.URL+path+"?submission=0190b5a4-0000-7000-8000-000000000000", body,
		"Content-Type", "application/json", "X-Webhook-Secret", l.Webhook)
	if err != nil {
		return nil, err
	}
	return every(request, nil), nil
}
