package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// callback checks the signature of a form.
func (s *server) callback(w http.ResponseWriter, r *http.Request) {
	raw, whole := body(w, r)
	if !whole {
		return
	}
	form, err := url.ParseQuery(string(raw))
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
		stranger(w)
		return
	}
	call, status := form.Get("CallSid"), form.Get("CallStatus")
	s.insert(w, r, event{source: "SIGNALWIRE", kind: "call " + status, about: &call, same: call + " " + status + " " + form.Get("SequenceNumber"), body: raw, proof: "X-SignalWire-Signature"})
}
