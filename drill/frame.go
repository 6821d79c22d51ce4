package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
)

// frame is one thing that a socket has heard.
type frame struct {
	who      int // the socket
	at       time.Time
	event    *event // nil when the socket ended
	ended    error
	complete bool
}

type event struct {
	Cursor     string
	Status     string
	OccurredAt time.Time
	Replayed   bool
}

func receive(conn *websocket.Conn, number int) frame {
	_, message, err := conn.ReadMessage()
	f := frame{who: number, at: time.Now(), ended: err}
	if err == nil {
		f.event, f.complete, f.ended = decode(message)
	}
	return f
}

func decode(message []byte) (e *event, complete bool, err error) {
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
		Data struct{ TranscriptionStatus *event }
	}
	if err := json.Unmarshal(m.Payload, &payload); err != nil || payload.Data.TranscriptionStatus == nil {
		return nil, false, fmt.Errorf("an answer that is no event: %.300s", message)
	}
	return payload.Data.TranscriptionStatus, false, nil
}
