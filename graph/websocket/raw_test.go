package websocket_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Opcodes of RFC 6455.
const (
	opContinue = 0x0
	opText     = 0x1
	opBinary   = 0x2
	opClose    = 0x8
	opPing     = 0x9
	opPong     = 0xa
	final      = 0x80
	masked     = 0x80
)

// raw is a connection on which a test writes frames byte by byte.
type raw struct {
	t      testing.TB
	conn   *net.TCPConn
	reader *bufio.Reader
}

// bare upgrades by hand, and says hello.
func (s *server) bare(t testing.TB) *raw {
	t.Helper()
	address := strings.TrimPrefix(s.url, "ws://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	r := &raw{t, conn.(*net.TCPConn), bufio.NewReader(conn)}
	r.write([]byte("GET / HTTP/1.1\r\nHost: " + address + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"))
	response, err := http.ReadResponse(r.reader, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrading: %v %v", response, err)
	}
	r.write(frame(final|opText, `{"type":"connection_init"}`))
	r.want(opText, `{"type":"connection_ack"}`)
	return r
}

func (r *raw) write(b []byte) {
	r.t.Helper()
	if _, err := r.conn.Write(b); err != nil {
		r.t.Fatalf("writing: %v", err)
	}
}

// read is the next frame of the server, which must not be masked.
func (r *raw) read() (op byte, payload string) {
	r.t.Helper()
	var head [2]byte
	if _, err := io.ReadFull(r.reader, head[:]); err != nil {
		r.t.Fatalf("waiting for a frame: %v", err)
	}
	if head[1]&masked != 0 {
		r.t.Fatal("a server masked a frame")
	}
	size := int(head[1])
	if size > 125 {
		var long [8]byte
		at := 8 - map[int]int{126: 2, 127: 8}[size]
		if _, err := io.ReadFull(r.reader, long[at:]); err != nil {
			r.t.Fatal(err)
		}
		size = int(binary.BigEndian.Uint64(long[:]))
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r.reader, body); err != nil {
		r.t.Fatal(err)
	}
	return head[0] & 0xf, string(body)
}

func (r *raw) want(op byte, payload string) {
	r.t.Helper()
	if gotOp, got := r.read(); gotOp != op || got != payload {
		r.t.Fatalf("got frame %x %q, want %x %q", gotOp, got, op, payload)
	}
}

// wantClose asks for a close frame as the next thing, and for the end of the connection behind it.
func (r *raw) wantClose(code int) {
	r.t.Helper()
	op, payload := r.read()
	if op != opClose || len(payload) < 2 || int(binary.BigEndian.Uint16([]byte(payload))) != code {
		r.t.Fatalf("got frame %x %q, want close %d", op, payload, code)
	}
	if rest, err := io.ReadAll(r.reader); err != nil || len(rest) > 0 {
		r.t.Fatalf("behind the close: %q %v", rest, err)
	}
}

// frame is masked, as a client's must be, with a mask of zeros, which leaves the payload readable.
func frame(first byte, payload string) []byte {
	return append(header(first, len(payload)), payload...)
}

func header(first byte, size int) []byte {
	b := []byte{first, masked}
	switch {
	case size > 0xffff:
		b[1] |= 127
		b = binary.BigEndian.AppendUint64(b, uint64(size))
	case size > 125:
		b[1] |= 126
		b = binary.BigEndian.AppendUint16(b, uint16(size))
	default:
		b[1] |= byte(size)
	}
	return append(b, 0, 0, 0, 0)
}
