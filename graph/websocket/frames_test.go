package websocket_test

import (
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/switchboard-voice/switchboard/graph/websocket"
)

func TestFragmentedMessageIsReadAsOne(t *testing.T) {
	t.Parallel()
	r := start(t, websocket.Config{}).bare(t)
	message := `{"type":"subscribe","id":"ü","payload":{"query":"{hello}"}}`
	first := []byte(message)[:strings.Index(message, "ü")+1] // in the middle of a character
	r.write(frame(opText, string(first)))
	r.write(frame(final|opPing, "in between"))
	r.want(opPong, "in between")
	for _, b := range []byte(message[len(first):]) {
		r.write(frame(opContinue, string([]byte{b})))
	}
	r.write(frame(final|opContinue, ""))
	r.want(opText, `{"id":"ü","type":"next","payload":{"data":{"hello":"world"}}}`)
	r.want(opText, `{"id":"ü","type":"complete"}`)
}

func TestFrameSentByteByByteIsReadAsOne(t *testing.T) {
	t.Parallel()
	r := start(t, websocket.Config{}).bare(t)
	for _, b := range frame(final|opText, `{"type":"ping"}`) {
		r.write([]byte{b})
	}
	r.want(opText, `{"type":"pong"}`)
}

func TestManyFramesInOnePacketAreAllAnswered(t *testing.T) {
	t.Parallel()
	r := start(t, websocket.Config{}).bare(t)
	var all []byte
	for range 100 {
		all = append(all, frame(final|opText, `{"type":"ping"}`)...)
	}
	r.write(all)
	for range 100 {
		r.want(opText, `{"type":"pong"}`)
	}
}

func TestBrokenFramesCloseWith4400AndNever1002(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{})
	unmasked := frame(final|opText, `{"type":"ping"}`)
	unmasked[1] &^= masked
	for name, sent := range map[string][]byte{
		"unmasked":                       unmasked,
		"reserved bit 1":                 frame(final|0x40|opText, `{"type":"ping"}`),
		"reserved bit 2":                 frame(final|0x20|opText, `{"type":"ping"}`),
		"reserved bit 3":                 frame(final|0x10|opText, `{"type":"ping"}`),
		"reserved opcode 3":              frame(final|0x3, "x"),
		"reserved opcode 15":             frame(final|0xf, "x"),
		"continuation of nothing":        frame(final|opContinue, "x"),
		"text inside of a text":          append(frame(opText, `{"ty`), frame(final|opText, `pe":"ping"}`)...),
		"fragmented ping":                frame(opPing, "x"),
		"ping of 126 bytes":              frame(final|opPing, strings.Repeat("x", 126)),
		"close with a code of nobody":    frame(final|opClose, "\x03\xed"), // 1005
		"close with a reason not UTF-8":  frame(final|opClose, "\x03\xe8\xff"),
		"text that is not UTF-8":         frame(final|opText, "{\"type\":\"ping\",\"payload\":{\"a\":\"\xff\"}}"),
		"text with half a character":     frame(final|opText, "{\"type\":\"ping\",\"payload\":{\"a\":\"\xc3\"}}"),
		"text with a surrogate":          frame(final|opText, "{\"type\":\"ping\",\"payload\":{\"a\":\"\xed\xa0\x80\"}}"),
		"binary":                         frame(final|opBinary, `{"type":"ping"}`),
		"binary in two pieces":           append(frame(opBinary, `{"type":`), frame(final|opContinue, `"ping"}`)...),
		"nothing at all":                 frame(final|opText, ""),
		"a whole HTTP request":           []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"a ping whose length says 64 KB": append([]byte{final | opPing, masked | 126}, "\xff\xff\x00\x00\x00\x00"...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := s.bare(t)
			r.write(sent)
			r.wantClose(4400)
		})
	}
	eventually(t, "every socket has gone", func() bool { return s.Stats().Sockets == 0 })
}

func TestMessageAboveTheLimitClosesWith1009BeforeItIsRead(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{ReadLimit: 4 << 10})
	for name, sent := range map[string][]byte{
		"a frame that says so":      header(final|opText, 5<<10),
		"a frame that says 2^62":    append([]byte{final | opText, masked | 127}, "\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...),
		"a frame that says 2^63":    append([]byte{final | opText, masked | 127}, "\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00"...),
		"two pieces, one too many":  append(frame(opText, strings.Repeat(" ", 4000)), header(final|opContinue, 4000)...),
		"a whole message too large": frame(final|opText, strings.Repeat(" ", 5<<10)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := s.bare(t)
			r.write(sent)
			r.wantClose(1009)
		})
	}
}

func TestLargestMessageIsStillRead(t *testing.T) {
	t.Parallel()
	r := start(t, websocket.Config{ReadLimit: 4 << 10}).bare(t)
	message := `{"type":"ping"}`
	r.write(frame(final|opText, message+strings.Repeat(" ", 4<<10-len(message))))
	r.want(opText, `{"type":"pong"}`)
}

func TestPingFloodIsReadNoFasterThanItsAnswersAreTaken(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{WriteTimeout: patience})
	r := s.bare(t)
	_ = r.conn.SetReadBuffer(4 << 10)
	flood := frame(final|opPing, strings.Repeat("x", 125))
	before := heap()
	var sent int
	for sent < 64<<20 { // far more than the kernel keeps in between
		_ = r.conn.SetWriteDeadline(soon())
		n, err := r.conn.Write(flood)
		sent += n
		if err != nil {
			if !isTimeout(err) {
				t.Fatalf("after %d bytes: %v", sent, err)
			}
			break
		}
	}
	if sent >= 64<<20 {
		t.Error("the server reads pings whose answers nobody takes")
	}
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("the flood takes %d bytes of memory", grown)
	}
}

func TestPingFloodIsAnsweredInOrderAndDisturbsNobody(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{})
	r, other := s.bare(t), s.connect(t)
	const pings = 5000
	failed := make(chan error, 1)
	go func() {
		for i := range pings {
			if _, err := r.conn.Write(frame(final|opPing, number(i))); err != nil {
				failed <- err
				return
			}
		}
		failed <- nil
	}()
	for i := range pings {
		r.want(opPong, number(i))
		if i%1000 == 0 {
			other.wantPong()
		}
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
}

func TestCloseFrameIsAnsweredAndEndsTheConnection(t *testing.T) {
	t.Parallel()
	r := start(t, websocket.Config{}).bare(t)
	r.write(frame(final|opClose, "\x03\xe9away"))
	r.wantClose(1001)
}

func TestPeerThatIsGoneWithoutAWordIsForgotten(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{PongTimeout: patience})
	r := s.bare(t)
	r.write(frame(final|opText, `{"type":"subscribe","id":"1","payload":{"query":"subscription{feed(name:\"a\")}"}}`))
	eventually(t, "the operation runs", func() bool { return s.Stats().Operations == 1 })
	_ = r.conn.SetLinger(0) // a reset, as from a machine that has restarted
	r.conn.Close()
	eventually(t, "all is over", func() bool { return s.Stats().Operations == 0 && s.Stats().Sockets == 0 })
}

func TestPeerThatHasClosedItsHalfIsForgotten(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{PongTimeout: patience})
	r := s.bare(t)
	if err := r.conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, r.reader); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatal(err)
	}
	eventually(t, "the socket has gone", func() bool { return s.Stats().Sockets == 0 })
}

// number is a payload that tells one ping from another.
func number(i int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(i))) }

// heap is what is in use after everything that can go has gone.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
