package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// oldest is when a signature is refused, as Switchboard does.
const oldest = 5 * time.Minute

// stripe checks the signature of a body.
func (s *server) stripe(w http.ResponseWriter, r *http.Request) {
	raw, whole := body(w, r)
	if !whole {
		return
	}
	at, signature, _ := strings.Cut(r.Header.Get("Stripe-Signature"), ",v1=")
	at = strings.TrimPrefix(at, "t=")
	mac := hmac.New(sha256.New, s.stripeKey)
	_, _ = io.WriteString(mac, at+".")
	_, _ = mac.Write(raw)
	seconds, err := strconv.ParseInt(at, 10, 64)
	if sent, wrong := hex.DecodeString(signature); err != nil || wrong != nil || !hmac.Equal(sent, mac.Sum(nil)) || time.Since(time.Unix(seconds, 0)) > oldest {
		stranger(w)
		return
	}
	var said struct {
		ID, Type string
		Data     struct{ Object struct{ ID string } }
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		http.Error(w, "no event", http.StatusBadRequest)
		return
	}
	s.insert(w, r, event{source: "STRIPE", kind: said.Type, about: &said.Data.Object.ID, same: said.ID, body: raw, proof: "Stripe-Signature"})
}
