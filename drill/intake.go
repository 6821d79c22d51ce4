package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// intakeFor is long enough for checkpoints and garbage.
	intakeFor = 30 * time.Second
	// quietFor is the same query with nothing beside it.
	quietFor = 5 * time.Second
	// senders are as many deliveries as a busy provider has under way.
	senders = 16
	// queryEvery is the pace of the query that feels it all.
	queryEvery = 20 * time.Millisecond
	// maxKept is the promise for a webhook: the provider waits 10 s, so there is room for a bad minute.
	maxKept = time.Second
	// maxBeside is the promise for a query at the 99th percentile while both cores are busy.
	maxBeside = 500 * time.Millisecond
)

func intake(ctx context.Context, l *lab) error {
	calls, err := l.seed(ctx, organizations)
	if err != nil {
		return err
	}
	alone, err := l.queries(ctx, calls[0], quietFor)
	if err != nil {
		return err
	}
	beside := make(chan error, 1)
	var felt []time.Duration
	go func() {
		var err error
		felt, err = l.queries(ctx, calls[0], intakeFor)
		beside <- err
	}()
	took, err := l.flood(ctx)
	if err = errors.Join(err, <-beside); err != nil {
		return err
	}
	l.saw("%d webhooks in %s: %.0f a second, p50 %s", len(took), intakeFor, float64(len(took))/intakeFor.Seconds(), ms(percentile(took, 50)))
	p99 := percentile(took, 99)
	l.promise(p99 < maxKept, "webhooks: p99 %s (less than %s), longest %s", ms(p99), maxKept, ms(took[len(took)-1]))
	l.saw("a query alone: p50 %s, p99 %s", ms(percentile(alone, 50)), ms(percentile(alone, 99)))
	slow := percentile(felt, 99)
	l.promise(slow < maxBeside, "the query meanwhile: p50 %s, p99 %s (less than %s)", ms(percentile(felt, 50)), ms(slow), maxBeside)
	return l.kept(ctx, len(took))
}

// queries runs one query again and again and gives what each took, sorted.
func (l *lab) queries(ctx context.Context, c call, long time.Duration) (took []time.Duration, err error) {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for end := time.Now().Add(long); time.Now().Before(end); {
		began := time.Now()
		_, err := l.ask(ctx, client, c.token, "query($id: ID!) { transcription(id: $id) { status recording { filename } } }", map[string]any{"id": c.transcription.String()})
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
		if err := pause(ctx, queryEvery); err != nil {
			return nil, err
		}
	}
	slices.Sort(took)
	return took, nil
}

// flood sends webhooks, each another one, as fast as they are taken.
func (l *lab) flood(ctx context.Context) ([]time.Duration, error) {
	took, failed := make([][]time.Duration, senders), make([]error, senders)
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() { took[s], failed[s] = l.send(ctx, s) })
	}
	all.Wait()
	return slices.Sorted(slices.Values(slices.Concat(took...))), errors.Join(failed...)
}

func (l *lab) send(ctx context.Context, sender int) (took []time.Duration, err error) {
	conn, err := net.Dial("tcp", l.server.address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	end := time.Now().Add(intakeFor)
	for n := 0; time.Now().Before(end) && ctx.Err() == nil; n++ {
		// Of the provider's two kinds this one asks for no work: what is measured is the keeping.
		head, body := l.knock(fmt.Sprintf("%d-%d", sender, n))
		began := time.Now()
		if _, err := io.WriteString(conn, head+body); err != nil {
			return nil, fmt.Errorf("sending a webhook: %w", err)
		}
		if status, err := answered(reader); err != nil || status != http.StatusOK {
			return nil, fmt.Errorf("a webhook was answered with %d: %w", status, err)
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// knock is a webhook as its bytes.
func (l *lab) knock(name string) (head, body string) {
	body = `{"status":"redacted_audio_ready","redacted_audio_url":"https://audio.example.com/` + name + `"}`
	head = fmt.Sprintf("POST /api/webhooks/assemblyai?submission=0190b5a4-0000-7000-8000-000000000000 HTTP/1.1\r\nHost: %s\r\n"+
		"Content-Type: application/json\r\nX-Webhook-Secret: %s\r\nContent-Length: %d\r\n\r\n", l.server.address, l.webhook, len(body))
	return head, body
}

func answered(reader *bufio.Reader) (int, error) {
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return 0, fmt.Errorf("reading the answer: %w", err)
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// kept makes sure that what was acknowledged is there, and that the work behind it gets done.
func (l *lab) kept(ctx context.Context, want int) error {
	var got int
	if err := l.pool.QueryRow(ctx, "SELECT count(*) FROM switchboard.webhook_events").Scan(&got); err != nil {
		return fmt.Errorf("counting webhooks: %w", err)
	}
	l.promise(got == want, "%d were acknowledged, %d are kept", want, got)
	began := time.Now()
	err := eventually(ctx, "all to be processed", func() (bool, error) {
		var left bool
		err := l.pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM switchboard.webhook_events WHERE processed_at IS NULL)").Scan(&left)
		return err == nil && !left, err
	})
	l.promise(err == nil, "all were processed %s after the last", time.Since(began).Round(100*time.Millisecond))
	return nil
}

// half is a request of which the end is missing.
type half struct {
	conn net.Conn
	rest string
}

func (l *lab) halfSent() (*half, error) {
	conn, err := net.Dial("tcp", l.server.address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	head, body := l.knock("half")
	if _, err := io.WriteString(conn, head+body[:len(body)/2]); err != nil {
		return nil, errors.Join(fmt.Errorf("sending half a webhook: %w", err), conn.Close())
	}
	return &half{conn, body[len(body)/2:]}, nil
}

func (h *half) finish() (int, error) {
	if _, err := io.WriteString(h.conn, h.rest); err != nil {
		return 0, fmt.Errorf("sending the other half: %w", err)
	}
	return answered(bufio.NewReader(h.conn))
}

func (h *half) close() { _ = h.conn.Close() }
