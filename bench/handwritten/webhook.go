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

const insertEvent = `INSERT INTO bench.webhook_events (id, source, dedupe_key, type, external_id, query, headers, body)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (source, dedupe_key) DO NOTHING`

// event is a webhook that has proved itself, by a header that is not kept.
type event struct {
	source, kind string
	about        *string
	same         string // what another delivery of the same has in common with it
	body         []byte
	proof        string
}

// insert keeps an event, once, in one statement that is its own transaction; nothing is enqueued.
func (s *server) insert(w http.ResponseWriter, r *http.Request, e event) {
	r.Header.Del(e.proof)
	headers, err := json.Marshal(r.Header)
	if err != nil {
		reply(w, nil, err)
		return
	}
	key := sha256.Sum256([]byte(e.same))
	_, err = s.pool.Exec(r.Context(), insertEvent, uuid.Must(uuid.NewV7()), e.source, key[:], e.kind, e.about, r.URL.RawQuery, headers, e.body)
	reply(w, "kept", err)
}

// body reads one, or answers that it is too long.
func body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "too long", http.StatusRequestEntityTooLarge)
	}
	return raw, err == nil
}

func stranger(w http.ResponseWriter) { http.Error(w, "who are you?", http.StatusUnauthorized) }

// keep compares a secret word.
func (s *server) keep(w http.ResponseWriter, r *http.Request) {
	if !same(r.Header.Get("X-Webhook-Secret"), s.webhook) {
		stranger(w)
		return
	}
	if raw, whole := body(w, r); whole {
		s.insert(w, r, event{source: "ASSEMBLYAI", kind: "other", same: string(raw), body: raw, proof: "X-Webhook-Secret"})
	}
}
