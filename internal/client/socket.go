package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

const (
	subprotocol = "graphql-transport-ws"
	// helloTimeout is for the upgrade and again for the acknowledgement; the server itself takes 10 s at
	// most to decide.
	helloTimeout = 15 * time.Second
	// maxSilence is three pings of the server: one may be late, two may be lost with a proxy.
	maxSilence = 60 * time.Second
	// writeTimeout is for our own messages, which fit any buffer.
	writeTimeout = 10 * time.Second
	// maxMessage is far above any event; the same one would be too large again, so it ends the stream.
	maxMessage = 8 << 20
	// streamID may be the same on all sockets: each carries one stream.
	streamID = "1"
)

// message is what goes over the socket in both directions.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// socket carries one stream. All that is written to it, control frames aside, is written by its reader.
type socket struct{ conn *websocket.Conn }

// stream runs an operation on a socket of its own. Errors: *stopped for one of each, lost for whatever a
// new socket may cure, *Error.
func (c *Client) stream(ctx context.Context, op operation, each func(json.RawMessage) error) error {
	header := http.Header{}
	if c.config.Origin != "" {
		header.Set("Origin", c.config.Origin)
	}
	address := *c.endpoint
	address.Scheme = map[string]string{"http": "ws", "https": "wss"}[address.Scheme]
	conn, response, err := c.dialer.DialContext(ctx, address.String(), header)
	if err != nil {
		return upgradeRefused(response, err)
	}
	defer conn.Close()
	s := socket{conn}
	defer context.AfterFunc(ctx, s.leave)()
	conn.SetReadLimit(maxMessage)
	conn.SetPingHandler(s.pong)
	if err := s.hello(c.config.Token != "", c.bearer()); err != nil {
		return err
	}
	payload, err := json.Marshal(op)
	if err != nil {
		return &stopped{fmt.Errorf("encoding the variables: %w", err)}
	}
	if err := s.write(message{ID: streamID, Type: "subscribe", Payload: payload}); err != nil {
		return err
	}
	err = s.events(each)
	var own *stopped
	if err == nil || errors.As(err, &own) {
		s.goodbye()
	}
	return err
}

// hello says who we are and waits for the answer.
func (s socket) hello(known bool, bearer string) error {
	var payload json.RawMessage
	if known {
		payload, _ = json.Marshal(map[string]string{"authorization": bearer}) // a string always can
	}
	if err := s.write(message{Type: "connection_init", Payload: payload}); err != nil {
		return err
	}
	deadline := time.Now().Add(helloTimeout)
	for {
		m, err := s.read(deadline)
		if err != nil {
			return err
		}
		if m.Type == "connection_ack" {
			return nil
		}
	}
}

// events reads until the stream ends.
func (s socket) events(each func(json.RawMessage) error) error {
	for {
		m, err := s.read(time.Now().Add(maxSilence))
		if err != nil {
			return err
		}
		switch m.Type {
		case "next":
			err = next(m.Payload, each)
		case "error":
			err = streamFailed(m.Payload)
		case "complete":
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func next(payload json.RawMessage, each func(json.RawMessage) error) error {
	var event struct {
		Data   json.RawMessage
		Errors []problem
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		return &stopped{fmt.Errorf("decoding an event: %w", err)}
	}
	if len(event.Errors) > 0 {
		return failure(event.Errors, Error{})
	}
	if err := each(event.Data); err != nil {
		return &stopped{err}
	}
	return nil
}

func streamFailed(payload json.RawMessage) error {
	var problems []problem
	if err := json.Unmarshal(payload, &problems); err != nil || len(problems) == 0 {
		return &Error{Code: "INTERNAL", Message: "The stream ended with an error that says nothing."}
	}
	return failure(problems, Error{})
}

// read gives the next message; pings among them are answered.
func (s socket) read(deadline time.Time) (message, error) {
	_ = s.conn.SetReadDeadline(deadline) // fails only on a dead socket, of which the read tells
	_, data, err := s.conn.ReadMessage()
	if err != nil {
		return message{}, ended(err)
	}
	var m message
	if err := json.Unmarshal(data, &m); err != nil {
		return message{}, &stopped{fmt.Errorf("decoding a message: %w", err)}
	}
	if m.Type == "ping" {
		return m, s.write(message{Type: "pong", Payload: m.Payload})
	}
	return m, nil
}

func (s socket) write(m message) error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)) // always nil
	if err := s.conn.WriteJSON(m); err != nil {
		return lost{fmt.Errorf("sending %s: %w", m.Type, err)}
	}
	return nil
}

// pong answers a ping frame, which is also a sign of life.
func (s socket) pong(data string) error {
	_ = s.conn.SetReadDeadline(time.Now().Add(maxSilence)) // fails only on a dead socket
	err := s.conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeTimeout))
	if errors.Is(err, websocket.ErrCloseSent) {
		return nil
	}
	return err
}

// leave wakes the reader of a stream that nobody wants any more. The server reads the end of the socket
// as the end of the stream; the close frame only spares it the wait.
func (s socket) leave() {
	s.goodbye()
	_ = s.conn.Close()
}

func (s socket) goodbye() {
	frame := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = s.conn.WriteControl(websocket.CloseMessage, frame, time.Now().Add(time.Second)) // a courtesy
}

// upgradeRefused tells a server that does not answer from one that says no.
func upgradeRefused(response *http.Response, err error) error {
	if response == nil || !errors.Is(err, websocket.ErrBadHandshake) {
		return lost{fmt.Errorf("opening a websocket: %w", err)}
	}
	body, _ := io.ReadAll(response.Body) // at most 1 KiB, which the dialer has read already
	return refused(response, body)
}
