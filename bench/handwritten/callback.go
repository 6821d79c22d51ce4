package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"
)

const insertCallback = `INSERT INTO bench.webhook_events (id, source, dedupe_key, type, external_id, query, headers, body)
	VALUES ($1, 'SIGNALWIRE', $2, $3, $4, $5, $6, $7) ON CONFLICT (source, dedupe_key) DO NOTHING`

// callback checks the signature of a form and inserts it, once; nothing is enqueued.
func (s *server) callback(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "too long", http.StatusRequestEntityTooLarge)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		http.Error(w, "no form", http.StatusBadRequest)
		return
	}
	mac := hmac.New(sha1.New, s.signing)
	_, _ = io.WriteString(mac, s.public+r.URL.RequestURI())
	for _, name := range slices.Sorted(maps.Keys(form)) {
		_, _ = io.WriteString(mac, name+form.Get(name))
	}
	if sent, err := base64.StdEncoding.DecodeString(r.Header.Get("X-SignalWire-Signature")); err != nil || !hmac.Equal(sent, mac.Sum(nil)) {
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	r.Header.Del("X-SignalWire-Signature")
	headers, err := json.Marshal(r.Header)
	if err != nil {
		reply(w, nil, err)
		return
	}
	key := sha256.Sum256([]byte(form.Get("CallSid") + " " + form.Get("CallStatus") + " " + form.Get("SequenceNumber")))
	_, err = s.pool.Exec(r.Context(), insertCallback, uuid.Must(uuid.NewV7()), key[:], "call "+form.Get("CallStatus"), form.Get("CallSid"), r.URL.RawQuery, headers, body)
	reply(w, "kept", err)
}
