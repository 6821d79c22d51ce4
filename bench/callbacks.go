package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/lab"
)

// phoneProject is our account at the telephone provider.
const phoneProject = "bench"

// phoneTimeout is generous for a provider on this machine.
const phoneTimeout = 5 * time.Second

// telephone is the telephone provider of an account that others use too: it knows every call that it is asked about,
// and none is ours. One that it did not know would be asked for again and again.
type telephone struct{ url, token, key string }

// openTelephone starts it. stop is never nil.
func openTelephone() (phone telephone, stop func() error, err error) {
	phone = telephone{token: rand.Text(), key: rand.Text()}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return phone, func() error { return nil }, fmt.Errorf("opening the telephone provider's port: %w", err)
	}
	phone.url = "http://" + listener.Addr().String()
	web := &http.Server{Handler: http.HandlerFunc(anyCall), ReadHeaderTimeout: phoneTimeout}
	go func() { _ = web.Serve(listener) }() // ends with stop; what it could not answer fails the benchmark
	return phone, web.Close, nil
}

func anyCall(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{ // fails only for a server that has left
		"sid": strings.TrimSuffix(path.Base(r.URL.Path), ".json"), "status": "in-progress", "direction": "outbound-api", "from": "+12025550199", "to": "+12025550198",
	})
}

// settings have a server work with it.
func (p telephone) settings() []string {
	return []string{"SIGNALWIRE_PROJECT_ID=" + phoneProject, "SIGNALWIRE_TOKEN=" + p.token, "SIGNALWIRE_SPACE_URL=" + p.url, "SIGNALWIRE_SIGNING_KEY=" + p.key}
}

// measureCallbacks is for the source whose signatures cover the fields of a form, and whose jobs ask the provider
// about a call.
func (l *bench) measureCallbacks(ctx context.Context, t *table) error {
	ours, err := l.callbacks(l.Server, "/api/webhooks/signalwire")
	if err != nil {
		return err
	}
	byHand, err := l.callbacks(l.byHand, "/callback")
	if err != nil {
		return err
	}
	return l.measureIntake(ctx, t, intake{what: "Callbacks of SignalWire accepted a second, each with a signature of its own", bound: minIntake, ours: ours, byHand: byHand})
}

// callbacks are those of one receiver; the number is in the id of the call.
func (l *bench) callbacks(p *lab.Process, route string) (*webhooks, error) {
	const call = "0190b5a4-0000-7000-8000-00" + blank
	form := url.Values{
		"CallSid": {call}, "AccountSid": {phoneProject}, "ApiVersion": {"2010-04-01"}, "CallStatus": {"in-progress"}, "Direction": {"outbound-api"},
		"From": {"+12025550100"}, "To": {"+12025550142"}, "SequenceNumber": {"2"}, "Timestamp": {time.Now().UTC().Format(time.RFC1123Z)}, "CallbackSource": {"call-progress-events"},
	}
	target := p.URL + route + "?call=0190b5a4-0000-7000-8000-000000000000"
	unsigned := strings.Repeat("-", base64.StdEncoding.EncodedLen(sha1.Size))
	request, err := wire("POST", target, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "X-SignalWire-Signature", unsigned)
	if err != nil {
		return nil, err
	}
	text := target
	for _, name := range slices.Sorted(maps.Keys(form)) {
		text += name + form.Get(name)
	}
	at, signature, number := bytes.LastIndex(request, []byte(blank)), bytes.Index(request, []byte(unsigned)), strings.LastIndex(text, call)+len(call)-len(blank)
	return every(request, func(request []byte) {
		mac := hmac.New(sha1.New, []byte(l.phone.key))
		mac.Write([]byte(text[:number]))
		mac.Write(request[at : at+len(blank)])
		mac.Write([]byte(text[number+len(blank):]))
		base64.StdEncoding.Encode(request[signature:signature+len(unsigned)], mac.Sum(nil))
	}), nil
}
