package lab

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
)

// Frame is one thing that a socket has heard.
type Frame struct {
	Who      int // the socket
	At       time.Time
	Event    *Event // nil when the socket ended
	Ended    error
	Complete bool
}

// Event is a status that a socket has heard.
type Event struct {
	Cursor     string
	Status     string
	OccurredAt time.Time
	Replayed   bool
}

func receive(conn *websocket.Conn, number int) Frame {
	_, message, err := conn.ReadMessage()
	f := Frame{Who: number, At: time.Now(), Ended: err}
	if err == nil {
		f.Event, f.Complete, f.Ended = decode(message)
	}
	return f
}

func decode(message []byte) (e *Event, complete bool, err error) {
	var m struct {
		Type    string
		Payload json.RawMessage
	}
	if err := json.Unmarshal(message, &m); err != nil {
		return nil, false, fmt.Errorf("decoding a message: %w", err)
	}
	if m.Type == "complete" {
		return nil, true, nil
	}
	var payload struct {
		Data struct{ TranscriptionStatus *Event }
	}
	if err := json.Unmarshal(m.Payload, &payload); err != nil || payload.Data.TranscriptionStatus == nil {
		return nil, false, fmt.Errorf("an answer that is no event: %.300s", message)
	}
	return payload.Data.TranscriptionStatus, false, nil
}
