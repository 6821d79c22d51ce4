package websocket_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/graph/websocket"
)

// soon is a deadline for a write that should not be taken: many times what one takes that is.
func soon() time.Time { return time.Now().Add(500 * time.Millisecond) }

func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

const flood = `{"type":"subscribe","id":"1","payload":{"query":"subscription{flood}"}}`

func TestSlowReaderIsCutAndItsOperationsWithIt(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{WriteTimeout: 200 * time.Millisecond})
	r := s.bare(t)
	r.write(frame(final|opText, flood))
	eventually(t, "it is cut", func() bool { st := s.Stats(); return st.Cut == 1 && st.Sockets == 0 && st.Operations == 0 })
}

func TestSlowReaderHoldsUpItsOwnProducerAndMemoryStaysFlat(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{WriteTimeout: patience})
	before := heap()
	const readers = 20
	for range readers {
		r := s.bare(t)
		_ = r.conn.SetReadBuffer(4 << 10)
		r.write(frame(final|opText, flood))
	}
	produced := settled(t, func() int64 { return s.flooded.Load() })
	if most := int64(readers * 100); produced > most { // what the kernel takes for a connection, and one in hand
		t.Errorf("%d messages were produced for readers that take none, want at most %d", produced, most)
	}
	if grown := heap() - before; grown > readers*(1<<20) {
		t.Errorf("%d readers that take nothing hold %d bytes", readers, grown)
	}
}

func TestSlowReaderDisturbsNobody(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{WriteTimeout: patience})
	r := s.bare(t)
	r.write(frame(final|opText, flood))
	settled(t, func() int64 { return s.flooded.Load() })
	other := s.connect(t)
	other.subscribe("1", "{hello}")
	other.want(`{"type":"next","id":"1","payload":{"data":{"hello":"world"}}}`)
	other.want(`{"type":"complete","id":"1"}`)
	_ = r.conn.SetLinger(0)
	r.conn.Close()
	eventually(t, "the producer has stopped", func() bool { return s.Stats().Operations == 0 })
}

func TestHalfOpenPeerIsCutWhenItsSilenceHasLasted(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{PingInterval: 20 * time.Millisecond, PongTimeout: time.Second})
	began := time.Now()
	r := s.bare(t) // reads nothing and answers no ping, as a machine that has lost its network
	r.write(frame(final|opText, `{"type":"subscribe","id":"1","payload":{"query":"subscription{feed(name:\"a\")}"}}`))
	eventually(t, "it is forgotten", func() bool { return s.Stats().Sockets == 0 && s.Stats().Operations == 0 })
	if took := time.Since(began); took < time.Second {
		t.Errorf("after %s, before its time was over", took)
	}
}

func TestQuietPeerThatAnswersPingsStays(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{PingInterval: 20 * time.Millisecond, PongTimeout: 2 * time.Second})
	r := s.bare(t)
	for range 150 { // three seconds of nothing but pongs
		op, payload := r.read()
		if op != opPing {
			t.Fatalf("got frame %x %q, want a ping", op, payload)
		}
		r.write(frame(final|opPong, payload))
	}
	if s.Stats().Sockets != 1 {
		t.Error("it was cut")
	}
}

// settled waits until a count has stopped to grow, and gives it.
func settled(t testing.TB, count func() int64) (last int64) {
	t.Helper()
	last = -1
	since := time.Now()
	eventually(t, "the count stands still", func() bool {
		if now := count(); now != last || now == 0 {
			last, since = now, time.Now()
		}
		return time.Since(since) > time.Second
	})
	return last
}
