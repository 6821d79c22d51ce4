package test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
)

// balancer is the load balancer before two processes: it takes one that answers, and repeats reads.
type balancer struct {
	*httptest.Server
	pass http.Transport

	mu      sync.Mutex
	servers []string
	next    int
}

func newBalancer(t *testing.T) *balancer {
	t.Helper()
	b := &balancer{}
	b.pass = http.Transport{DisableKeepAlives: true, DialContext: b.dial}
	target := &url.URL{Scheme: "http", Host: "one.of.us"}
	b.Server = httptest.NewServer(&httputil.ReverseProxy{
		Transport: b, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	})
	t.Cleanup(func() {
		b.CloseClientConnections()
		b.Close()
	})
	return b
}

func (b *balancer) serve(processes ...*process) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.servers = nil
	for _, p := range processes {
		b.servers = append(b.servers, p.url[len("http://"):])
	}
}

// dial takes the processes in turn and passes over those that are dead.
func (b *balancer) dial(ctx context.Context, network, _ string) (conn net.Conn, err error) {
	b.mu.Lock()
	servers, first := b.servers, b.next
	b.next++
	b.mu.Unlock()
	err = errors.New("there is no server")
	for i := range servers {
		if conn, err = (&net.Dialer{}).DialContext(ctx, network, servers[(first+i)%len(servers)]); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// RoundTrip reads the whole answer of a GET before it is passed on, so that it can be asked for again.
func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet || r.Header.Get("Upgrade") != "" {
		return b.pass.RoundTrip(r)
	}
	var failed error
	for range 5 { // one process dies at a time: the second try is enough
		response, err := b.pass.RoundTrip(r)
		if failed = err; err != nil {
			continue
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		response.Body = io.NopCloser(bytes.NewReader(body))
		if failed = err; err == nil {
			return response, nil
		}
	}
	return nil, failed
}

// The drill "killed" does this many times; here it shows that it can be done at all.
func TestKilledAnywhereInTheWalkEachTranscriptionIsDoneOnceAndEachAcknowledgedWebhookIsKept(t *testing.T) {
	t.Parallel()
	const rounds, walkers = 2, 3
	chance := rand.New(rand.NewPCG(rounds, walkers)) // the same pauses in each run
	b := newBalancer(t)
	a := start(t, "BACKEND_URL="+b.URL, "TRANSCRIPTION_CHECK_AFTER=2s", "TRANSCRIPTION_LOST_AFTER=4s")
	a.provider.SetFaults(assemblyai.Faults{Delay: 100 * time.Millisecond}) // some die while the provider works
	processes := []*process{a.process, a.run()}
	b.serve(processes...)
	p := a.person("ours", "OPERATOR")
	p.Client = client.New(client.Config{Server: b.URL, Token: p.token})
	stop, walking := make(chan struct{}), sync.WaitGroup{}
	for range walkers {
		walking.Go(func() {
			until(stop, func() { // what fails is tried again by a person; what was begun is counted below
				_, _ = p.Submit(within(t), client.Job{File: "../internal/devstack/samples/jfk.wav"})
			})
		})
	}
	var acknowledged []string
	walking.Go(func() {
		until(stop, func() {
			name := fmt.Sprintf("knock=%d", len(acknowledged))
			if b.knock(name, a.secrets.webhook) == http.StatusOK {
				acknowledged = append(acknowledged, name)
			}
		})
	})
	for range rounds {
		<-time.After(time.Duration(chance.Int64N(int64(time.Second))))
		i := chance.IntN(len(processes))
		processes[i].kill()
		processes[i] = a.run()
		b.serve(processes...)
	}
	close(stop)
	walking.Wait()
	a.process = processes[0]
	a.wantEachDoneOnce(acknowledged)
}

func until(stop <-chan struct{}, do func()) {
	for {
		select {
		case <-stop:
			return
		default:
			do()
		}
	}
}

// knock sends a webhook through the balancer; 0 is no answer at all.
func (b *balancer) knock(name, secret string) int {
	request, err := http.NewRequest(http.MethodPost, b.URL+"/api/webhooks/assemblyai?"+name, bytes.NewReader([]byte(`{"transcript_id":"x","status":"completed"}`)))
	if err != nil {
		return 0
	}
	request.Header.Set("X-Webhook-Secret", secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

func (a *app) wantEachDoneOnce(acknowledged []string) {
	a.t.Helper()
	began := time.Now()
	left := func() int {
		return a.rows("SELECT count(*) FROM switchboard.transcriptions WHERE status <> 'COMPLETED'")
	}
	for left() > 0 && time.Since(began) < 4*healed { // some need a sweep after that, and some two deaths
		<-time.After(100 * time.Millisecond)
	}
	if n := left(); n > 0 {
		a.t.Errorf("%d are not done after %s", n, time.Since(began))
	}
	done := a.rows("SELECT count(*) FROM switchboard.transcriptions")
	once := a.rows("SELECT count(*) FROM switchboard.transcriptions WHERE attempt = 1 AND version = 1")
	events := a.rows("SELECT count(*) FROM switchboard.activity_events WHERE status = 'COMPLETED'")
	if taken := a.provider.Stats().Submitted; done == 0 || once != done || events != done || taken != done {
		a.t.Errorf("%d transcriptions: %d at the first attempt, %d events, %d submissions taken", done, once, events, taken)
	}
	kept := a.rows("SELECT count(*) FROM unnest($1::text[]) name WHERE EXISTS (SELECT FROM switchboard.webhook_events WHERE query = name)", acknowledged)
	if len(acknowledged) == 0 || kept != len(acknowledged) {
		a.t.Errorf("%d webhooks were acknowledged, %d are kept", len(acknowledged), kept)
	}
}
