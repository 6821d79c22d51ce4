package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// Dialers open sockets at the same time: a crowd, and still fewer than the kernel's queue of new ones.
	Dialers = 200
	// addresses are the ends of loopback that connections come from: ours has ports for 28,000 only, and
	// who counts by address should see many.
	addresses = 200
	// framesEach is more than one socket has in any drill, so that no reader ever waits for us.
	framesEach = 8
	// maxPause is before a socket that was told to come later does; clients of ours take longer.
	maxPause = 500 * time.Millisecond
)

const watchQuery = `subscription($id: ID!, $after: String) { transcriptionStatus(transcriptionId: $id, after: $after) { cursor status occurredAt replayed } }`

// Gathering is many sockets, each subscribed to one call.
type Gathering struct {
	Calls   []Call
	Cursors []string // of the last event that Collect has seen
	Frames  chan Frame
	Again   atomic.Int64 // how often one was told to come later

	mu      sync.Mutex
	conns   []*websocket.Conn
	readers sync.WaitGroup
}

// Gather opens a socket for each call and subscribes; with cursors, behind them. Each has had its first event
// then, which waits in frames.
func Gather(ctx context.Context, p *Process, calls []Call, cursors []string) (*Gathering, error) {
	g := &Gathering{Calls: calls, Cursors: make([]string, len(calls)), Frames: make(chan Frame, framesEach*len(calls))}
	next := make(chan int)
	failed := make([]error, Dialers)
	var all sync.WaitGroup
	for d := range Dialers {
		all.Go(func() {
			for i := range next {
				if failed[d] != nil {
					continue // let the others see the end
				}
				after := ""
				if cursors != nil {
					after = cursors[i]
				}
				failed[d] = g.join(ctx, p, i, after)
			}
		})
	}
	for i := range calls {
		next <- i
	}
	close(next)
	all.Wait()
	for _, err := range failed {
		if err != nil { // the others are much the same
			g.Leave()
			return nil, err
		}
	}
	return g, nil
}

// From is an end of loopback of its own for each number.
func From(number int) *net.Dialer {
	return &net.Dialer{Timeout: Patience, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+number%addresses))}}
}

// join opens a socket as a client of ours does: told to come later, it pauses and comes again.
func (g *Gathering) join(ctx context.Context, p *Process, number int, after string) error {
	for {
		conn, first, err := g.attempt(ctx, p, number, after)
		if err == nil {
			g.mu.Lock()
			g.conns = append(g.conns, conn)
			g.mu.Unlock()
			g.Frames <- first
			g.readers.Go(func() { g.read(conn, number) })
			return nil
		}
		var closed *websocket.CloseError
		later := errors.As(err, &closed) && closed.Code == websocket.CloseTryAgainLater
		if !later && !strings.Contains(err.Error(), "UNAVAILABLE") {
			return err
		}
		g.Again.Add(1)
		if err := Pause(ctx, rand.N(maxPause)); err != nil {
			return err
		}
	}
}

// attempt comes as far as the first event.
func (g *Gathering) attempt(ctx context.Context, p *Process, number int, after string) (conn *websocket.Conn, first Frame, err error) {
	dialer := websocket.Dialer{
		Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: Patience, ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10,
		NetDialContext: From(number).DialContext,
	}
	opened, _, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(p.URL, "http")+"/graphql", http.Header{})
	if err != nil {
		return nil, first, fmt.Errorf("opening a socket: %w", err)
	}
	defer func() {
		if err != nil {
			_ = opened.Close()
		}
	}()
	conn = opened
	c := g.Calls[number]
	if err := conn.WriteJSON(map[string]any{"type": "connection_init", "payload": map[string]string{"authorization": "Bearer " + c.Token}}); err != nil {
		return nil, first, fmt.Errorf("saying hello: %w", err)
	}
	if _, _, err := conn.ReadMessage(); err != nil {
		return nil, first, fmt.Errorf("waiting for the acknowledgement: %w", err)
	}
	variables := map[string]any{"id": c.Transcription.String()}
	if after != "" {
		variables["after"] = after
	}
	if err := conn.WriteJSON(map[string]any{"type": "subscribe", "id": "1", "payload": map[string]any{"query": watchQuery, "variables": variables}}); err != nil {
		return nil, first, fmt.Errorf("subscribing: %w", err)
	}
	first = receive(conn, number)
	return conn, first, first.Ended
}

// read ends with the socket.
func (g *Gathering) read(conn *websocket.Conn, number int) {
	for {
		f := receive(conn, number)
		g.Frames <- f
		if f.Ended != nil {
			return
		}
	}
}

// Collect takes frames until done says so. A socket that ends in between is an error.
func (g *Gathering) Collect(ctx context.Context, within time.Duration, take func(Frame) (done bool)) error {
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	for {
		select {
		case f := <-g.Frames:
			if f.Ended != nil {
				return fmt.Errorf("a socket ended: %w", f.Ended)
			}
			if f.Event != nil {
				g.Cursors[f.Who] = f.Event.Cursor
			}
			if take(f) {
				return nil
			}
		case <-timeout.C:
			return fmt.Errorf("some frames did not come within %s", within)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// First waits until each socket has had its first event.
func (g *Gathering) First(ctx context.Context) error {
	waiting := len(g.Calls)
	return g.Collect(ctx, Patience, func(f Frame) bool {
		if f.Event != nil {
			waiting--
		}
		return waiting == 0
	})
}

// Leave closes all sockets and waits for their readers.
func (g *Gathering) Leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, conn := range g.conns {
		_ = conn.Close()
	}
	g.readers.Wait()
}

// Ended waits until every socket has ended, by itself or by the server, and gives what was not collected.
func (g *Gathering) Ended() <-chan Frame {
	g.readers.Wait()
	close(g.Frames)
	return g.Frames
}
