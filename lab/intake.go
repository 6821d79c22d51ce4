package lab

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
	// quietFor is the same query with nothing beside it.
	quietFor = 5 * time.Second
	// senders are as many deliveries as a busy provider has under way.
	senders = 16
	// queryEvery is the pace of the query that feels it all.
	queryEvery = 20 * time.Millisecond
	// MaxKept is the promise for a webhook: the provider waits 10 s, so there is room for a bad minute.
	MaxKept = time.Second
	// MaxBeside is the promise for a query at the 99th percentile while both cores are busy.
	MaxBeside = 500 * time.Millisecond
)

// Intake is what webhooks at full rate took, and what a query felt of them; all sorted.
type Intake struct{ Webhooks, Alone, Beside []time.Duration }

// Intake sends webhooks, each another one, as fast as they are taken, and asks about a call beside them.
func (l *Lab) Intake(ctx context.Context, c Call, long time.Duration) (in Intake, err error) {
	if in.Alone, err = l.queries(ctx, c, quietFor); err != nil {
		return in, err
	}
	beside := make(chan error, 1)
	go func() {
		var err error
		in.Beside, err = l.queries(ctx, c, long)
		beside <- err
	}()
	in.Webhooks, err = l.flood(ctx, long)
	return in, errors.Join(err, <-beside)
}

// queries runs one query again and again and gives what each took, sorted.
func (l *Lab) queries(ctx context.Context, c Call, long time.Duration) (took []time.Duration, err error) {
	client := &http.Client{Timeout: Patience, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for end := time.Now().Add(long); time.Now().Before(end); {
		began := time.Now()
		_, err := l.Ask(ctx, client, c.Token, "query($id: ID!) { transcription(id: $id) { status recording { filename } } }", map[string]any{"id": c.Transcription.String()})
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
		if err := Pause(ctx, queryEvery); err != nil {
			return nil, err
		}
	}
	slices.Sort(took)
	return took, nil
}

func (l *Lab) flood(ctx context.Context, long time.Duration) ([]time.Duration, error) {
	took, failed := make([][]time.Duration, senders), make([]error, senders)
	end := time.Now().Add(long)
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() { took[s], failed[s] = l.send(ctx, s, end) })
	}
	all.Wait()
	return slices.Sorted(slices.Values(slices.Concat(took...))), errors.Join(failed...)
}

func (l *Lab) send(ctx context.Context, sender int, end time.Time) (took []time.Duration, err error) {
	conn, err := net.Dial("tcp", l.Server.Address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for n := 0; time.Now().Before(end) && ctx.Err() == nil; n++ {
		// Of the provider's two kinds this one asks for no work: what is measured is the keeping.
		head, body := l.Knock(fmt.Sprintf("%d-%d", sender, n))
		began := time.Now()
		if _, err := io.WriteString(conn, head+body); err != nil {
			return nil, fmt.Errorf("sending a webhook: %w", err)
		}
		if status, err := Answered(reader); err != nil || status != http.StatusOK {
			return nil, fmt.Errorf("a webhook was answered with %d: %w", status, err)
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// Knock is a webhook as its bytes.
func (l *Lab) Knock(name string) (head, body string) {
	body = `{"status":"redacted_audio_ready","redacted_audio_url":"https://audio.example.com/` + name + `"}`
	head = fmt.Sprintf("POST /api/webhooks/assemblyai?submission=0190b5a4-0000-7000-8000-000000000000 HTTP/1.1\r\nHost: %s\r\n"+
		"Content-Type: application/json\r\nX-Webhook-Secret: %s\r\nContent-Length: %d\r\n\r\n", l.Server.Address, l.Webhook, len(body))
	return head, body
}

// Answered reads the answer to one request.
func Answered(reader *bufio.Reader) (int, error) {
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return 0, fmt.Errorf("reading the answer: %w", err)
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// Worked waits until all webhooks are processed.
func (l *Lab) Worked(ctx context.Context) error {
	return Eventually(ctx, "all to be processed", func() (bool, error) {
		var left bool
		err := l.Pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM switchboard.webhook_events WHERE processed_at IS NULL)").Scan(&left)
		return err == nil && !left, err
	})
}
