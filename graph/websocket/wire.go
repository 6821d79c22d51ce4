package websocket

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"net"
	"net/http"

	gorilla "github.com/gorilla/websocket"
)

// sendBuffer bounds, in bytes, what the kernel keeps for a peer that does not read; left alone it grows
// to megabytes for each slow socket.
const sendBuffer = 64 << 10

// hijacker hands the upgrader a wire instead of the bare connection, also through wrapped writers.
type hijacker struct{ http.ResponseWriter }

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if c, ok := conn.(interface{ SetWriteBuffer(int) error }); ok {
		_ = c.SetWriteBuffer(sendBuffer) // only a hint: without it slow peers cost more
	}
	return wire{conn}, buffered, nil
}

// wire is the connection below gorilla. Gorilla answers a broken frame on its own with 1002, which ends
// a graphql-ws client without a word of what was wrong; the protocol's own code for it is 4400.
type wire struct{ net.Conn }

func (w wire) Write(p []byte) (int, error) {
	if isProtocolErrorFrame(p) {
		p = bytes.Clone(p)
		binary.BigEndian.PutUint16(p[2:], closeBadRequest)
	}
	return w.Conn.Write(p)
}

// isProtocolErrorFrame recognizes one whole close frame with code 1002. No part of a JSON message looks
// like it: the code holds the byte 3, which JSON only has escaped.
func isProtocolErrorFrame(p []byte) bool {
	const finalClose = 0x80 | gorilla.CloseMessage
	return len(p) >= 4 && len(p) <= 127 && p[0] == finalClose && int(p[1]) == len(p)-2 &&
		binary.BigEndian.Uint16(p[2:]) == gorilla.CloseProtocolError
}

// closeWrite tells the peer that nothing more comes, so that it does not wait for us to hang up.
func (w wire) closeWrite() {
	if c, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite() // the connection is on its way out in any case
	}
}
