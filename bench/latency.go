package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/ids"
	vendor "github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// walks are the transcriptions whose completion is timed: the 99th percentile is the third slowest.
	walks = 240
	// uploaders begin them; more would only queue for the two cores.
	uploaders = 4
	// breath is the longest pause between two: without it each would meet the workers at the same moment.
	breath = 40 * time.Millisecond
)

// sample is the recording that is uploaded; what is in it, the provider of the benchmark does not hear.
const sample = "internal/devstack/samples/harbor-dental-call.wav"

// walk is one transcription that the provider is done with, and that waits for the webhook.
type walk struct {
	id         ids.ID
	submission uuid.UUID
	providerID string
}

// measureLatency fills the row of the time from a webhook to the message on a socket.
func (l *bench) measureLatency(ctx context.Context, t *table) error {
	token, err := l.Token(l.people[people-1])
	if err != nil {
		return err
	}
	if err := l.begin(ctx, token); err != nil {
		return err
	}
	list, err := l.walks(ctx)
	if err != nil {
		return err
	}
	var took []time.Duration
	for _, w := range list {
		one, err := l.timed(ctx, token, w)
		if err != nil {
			return fmt.Errorf("timing a webhook: %w", err)
		}
		took = append(took, one)
		if err := lab.Pause(ctx, rand.N(breath)); err != nil {
			return err
		}
	}
	slices.Sort(took)
	ms := func(percent int) float64 {
		return float64(took[(len(took)-1)*percent/100]) / float64(time.Millisecond)
	}
	t.add(row{
		what:  "POST of a webhook to the message on a socket, 1,000 others open: p50 / p90 / p99",
		ours:  fmt.Sprintf("%.0f / %.0f / %.0f ms", ms(50), ms(90), ms(99)),
		bound: fmt.Sprintf("p50 %d, p99 %d ms", maxMedian, maxSlowest),
	}, ms(50) <= maxMedian*noise && ms(99) <= maxSlowest*noise)
	return nil
}

// begin walks the real way: upload, submission, and the provider's work.
func (l *bench) begin(ctx context.Context, token string) error {
	c := client.New(client.Config{Server: l.Server.URL, Token: token})
	errs := make([]error, uploaders)
	var all sync.WaitGroup
	for i := range uploaders {
		all.Go(func() {
			for range walks / uploaders {
				if _, errs[i] = c.Submit(ctx, client.Job{Organization: slug, File: filepath.FromSlash(sample)}); errs[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("uploading: %w", err)
		}
	}
	return nil
}

// walks waits until the provider has and has finished them all.
func (l *bench) walks(ctx context.Context) (list []walk, err error) {
	err = lab.Eventually(ctx, "all submissions", func() (bool, error) {
		rows, err := l.Pool.Query(ctx, `SELECT s.transcription_id, s.id, s.provider_id FROM switchboard.transcription_submissions s
			JOIN switchboard.transcriptions t ON t.id = s.transcription_id WHERE s.provider_id IS NOT NULL AND t.status = 'PROCESSING'`)
		if err != nil {
			return false, fmt.Errorf("reading submissions: %w", err)
		}
		defer rows.Close()
		list = nil
		for rows.Next() {
			var w walk
			var id uuid.UUID
			if err := rows.Scan(&id, &w.submission, &w.providerID); err != nil {
				return false, fmt.Errorf("reading submissions: %w", err)
			}
			w.id = ids.Of(ids.Transcription, id)
			list = append(list, w)
		}
		return len(list) == walks, rows.Err()
	})
	if err != nil {
		return nil, err
	}
	provider := vendor.New(vendor.Config{BaseURL: l.ProviderURL, Key: l.Key})
	for _, w := range list {
		err := lab.Eventually(ctx, "the provider to be done", func() (bool, error) {
			answer, err := provider.Get(ctx, w.providerID)
			return answer.Status == vendor.StatusCompleted, err
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// timed is the time from sending the webhook to COMPLETED at a client that was watching before.
func (l *bench) timed(ctx context.Context, token string, w walk) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, lab.Patience)
	defer cancel()
	watching, completed, ended := make(chan struct{}, 1), make(chan time.Time, 1), make(chan error, 1)
	go func() {
		ended <- follow(ctx, l.Server, token, w.id, func(status string) {
			if status == "COMPLETED" {
				completed <- time.Now()
				return
			}
			wake(watching)
		})
	}()
	select {
	case <-watching:
	case err := <-ended:
		return 0, fmt.Errorf("the stream ended before the webhook was sent: %w", err)
	}
	body, err := json.Marshal(map[string]string{"transcript_id": w.providerID, "status": "completed"})
	if err != nil {
		return 0, err
	}
	request, err := wire("POST", l.Server.URL+"/api/webhooks/assemblyai?submission="+w.submission.String(), string(body),
		"Content-Type", "application/json", "X-Webhook-Secret", l.Webhook)
	if err != nil {
		return 0, err
	}
	sender, err := dial(l.Server)
	if err != nil {
		return 0, err
	}
	defer sender.conn.Close()
	began := time.Now()
	if err := sender.send(request, &bytes.Buffer{}); err != nil {
		return 0, err
	}
	if err := <-ended; err != nil {
		return 0, fmt.Errorf("watching: %w", err)
	}
	return (<-completed).Sub(began), nil
}
