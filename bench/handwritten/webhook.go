package main

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"

	"github.com/google/uuid"
)

// maxBody is Switchboard's own limit.
const maxBody = 1 << 20

const insertEvent = `INSERT INTO bench.webhook_events (id, source, dedupe_key, type, query, headers, body)
	VALUES ($1, 'ASSEMBLYAI', $2, 'other', $3, $4, $5) ON CONFLICT (source, dedupe_key) DO NOTHING`

// keep verifies and inserts, once, in one statement that is its own transaction; nothing is enqueued.
func (s *server) keep(w http.ResponseWriter, r *http.Request) {
	if !same(r.Header.Get("X-Webhook-Secret"), s.webhook) {
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "too long", http.StatusRequestEntityTooLarge)
		return
	}
	r.Header.Del("X-Webhook-Secret")
	headers, err := json.Marshal(r.Header)
	if err != nil {
		reply(w, nil, err)
		return
	}
	key := sha256.Sum256(body)
	_, err = s.pool.Exec(r.Context(), insertEvent, uuid.Must(uuid.NewV7()), key[:], r.URL.RawQuery, headers, body)
	reply(w, "kept", err)
}
