package test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// signedCase is one delivery to the door of the telephone service.
type signedCase struct {
	path, kind, body, signature string
	host                        string // that the request says it is for; empty: the true one
	opens                       bool
}

func (p *telephone) delivers(c signedCase) int {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+c.path, strings.NewReader(c.body))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Host = c.host
	request.Header.Set("Content-Type", c.kind)
	if c.signature != "" {
		request.Header.Set("X-SignalWire-Signature", c.signature)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func mac(key, text string) []byte {
	h := hmac.New(sha1.New, []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

func inBase64(key, text string) string { return base64.StdEncoding.EncodeToString(mac(key, text)) }
func inHex(key, text string) string    { return hex.EncodeToString(mac(key, text)) }

func TestBothSchemesBothKeysAndBothFormsOfTheAddressOpenTheDoorAndNothingElseDoes(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	a := startPhone(t, fmt.Sprintf("METRICS_PORT=%d", port))
	const form, kind = "CallStatus=ringing&SequenceNumber=1", "application/x-www-form-urlencoded"
	const sorted = "CallStatusringingSequenceNumber1"
	const json, jsonKind = `{"event_type":"calling.call.state"}`, "application/json"
	bare := "http://127.0.0.1" // as the vendor may write it: without the port
	sum := sha256.Sum256([]byte(json))
	hashed := hook + "?bodySHA256=" + hex.EncodeToString(sum[:])
	asked := hook + "?call=1"
	opened := 0
	cases := map[string]signedCase{
		"a form":                           {path: hook, kind: kind, body: form, signature: inBase64(a.key, a.url+hook+sorted), opens: true},
		"a form, with the new key":         {path: hook, kind: kind, body: form, signature: inBase64(a.newKey, a.url+hook+sorted), opens: true},
		"a form, without the port":         {path: hook, kind: kind, body: form, signature: inBase64(a.key, bare+hook+sorted), opens: true},
		"a form, with a query":             {path: asked, kind: kind, body: form, signature: inBase64(a.key, a.url+asked+sorted), opens: true},
		"a form, behind a proxy":           {path: hook, kind: kind, body: form, signature: inBase64(a.key, a.url+hook+sorted), host: "inside.example.com", opens: true},
		"JSON":                             {path: hook, kind: jsonKind, body: json, signature: inHex(a.key, a.url+hook+json), opens: true},
		"JSON, with the new key":           {path: hook, kind: jsonKind, body: json, signature: inHex(a.newKey, a.url+hook+json), opens: true},
		"hashed JSON":                      {path: hashed, kind: jsonKind, body: json, signature: inBase64(a.key, a.url+hashed), opens: true},
		"unsigned":                         {path: hook, kind: kind, body: form},
		"an empty key":                     {path: hook, kind: kind, body: form, signature: inBase64("", a.url+hook+sorted)},
		"the API token":                    {path: hook, kind: kind, body: form, signature: inBase64(a.token, a.url+hook+sorted)},
		"a query that is not signed":       {path: asked, kind: kind, body: form, signature: inBase64(a.key, a.url+hook+sorted)},
		"the address that the proxy says":  {path: hook, kind: kind, body: form, signature: inBase64(a.key, "http://inside.example.com"+hook+sorted), host: "inside.example.com"},
		"another form":                     {path: hook, kind: kind, body: form + "1", signature: inBase64(a.key, a.url+hook+sorted)},
		"another JSON":                     {path: hook, kind: jsonKind, body: json + " ", signature: inHex(a.key, a.url+hook+json)},
		"another hashed JSON":              {path: hashed, kind: jsonKind, body: json + " ", signature: inBase64(a.key, a.url+hashed)},
		"JSON that nothing vouches for":    {path: hook, kind: jsonKind, body: json, signature: inBase64(a.key, a.url+hook)},
		"a form in the scheme of JSON":     {path: hook, kind: kind, body: form, signature: inHex(a.key, a.url+hook+form)},
		"JSON in the scheme of forms":      {path: hook, kind: jsonKind, body: json, signature: inBase64(a.key, a.url+hook+json)},
		"the right one, and something too": {path: hook, kind: kind, body: form, signature: inBase64(a.key, a.url+hook+sorted) + "="},
	}
	for name, c := range cases {
		want := http.StatusUnauthorized
		if c.opens {
			want, opened = http.StatusOK, opened+1
		}
		if got := a.delivers(c); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	if n := a.events("true"); n != 4 { // the form with and without a query, and both kinds of JSON: the rest says the same again
		t.Errorf("%d are kept", n)
	}
	wanted := []string{ // the two JSON events are none of ours and done; a form about no call is given up
		fmt.Sprintf(`switchboard_webhooks_total{outcome="forged",source="SIGNALWIRE"} %d`, len(cases)-opened),
		`switchboard_webhook_handled_seconds_count{outcome="processed",source="SIGNALWIRE"} 2`,
		`switchboard_inbox_lag_seconds{source="SIGNALWIRE"} 0`, `switchboard_inbox_dead_letters{source="SIGNALWIRE"} 2`,
	}
	eventually(t, "all of it to stand in the metrics, by source", func() bool {
		scraped := scrape(t, port)
		return !slices.ContainsFunc(wanted, func(line string) bool { return !strings.Contains(scraped, "\n"+line+"\n") })
	})

	// Without a key nobody is let in: the program does not even begin.
	cmd := exec.Command(program, "serve")
	cmd.Env = append(append([]string{}, a.cmd.Env...), "SIGNALWIRE_SIGNING_KEY=")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "SIGNALWIRE_SIGNING_KEY missing") {
		t.Errorf("without a signing key: %v\n%s", err, out)
	}
}
