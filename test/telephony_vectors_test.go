package test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
)

// signedRequest is one that the vendors' validators and ours are asked about.
type signedRequest struct {
	Scheme    string `json:"scheme"` // form, hashed or json
	Key       string `json:"key"`
	URL       string `json:"url"` // as configured
	Body      string `json:"body"`
	Signature string `json:"signature"`

	tampered string // what was changed after it was signed; empty: nothing
	repeated bool   // a name stands twice: twilio's own validator then disagrees with SignalWire
}

// ours is what we say of it.
func (s signedRequest) ours(t *testing.T) bool {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	target := u.RequestURI()
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(s.Body))
	r.Header.Set("Content-Type", "application/json")
	if s.Scheme == "form" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	}
	r.Header.Set(signalwire.SignatureHeader, s.Signature)
	return signalwire.Verify(strings.TrimSuffix(s.URL, target), []string{s.Key}, r, []byte(s.Body))
}

// sign signs as the vendor documents it; at is the address with or without a port.
func (s *signedRequest) sign(at string) {
	text := at
	switch s.Scheme {
	case "json":
		text += s.Body
	case "form":
		form, _ := url.ParseQuery(s.Body)
		for _, name := range slices.Sorted(maps.Keys(form)) {
			for _, value := range form[name] {
				text += name + value
			}
		}
	}
	mac := hmac.New(sha1.New, []byte(s.Key))
	mac.Write([]byte(text))
	s.Signature = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if s.Scheme == "json" {
		s.Signature = hex.EncodeToString(mac.Sum(nil))
	}
}

// randomRequest is signed truly, and then in half of the cases changed in one place.
func randomRequest(r *rand.Rand) signedRequest {
	word := func(letters string) string {
		out := make([]rune, r.IntN(12))
		for i := range out {
			out[i] = []rune(letters)[r.IntN(len([]rune(letters)))]
		}
		return string(out)
	}
	const plain, any = "abcXYZ019-_~", "abc XYZ019-_~+&=%/?#\"'é漢\U0001F4DE\n"
	s := signedRequest{Scheme: []string{"form", "hashed", "json"}[r.IntN(3)], Key: "PSK" + word(plain) + "x"}
	port := []string{"", "", ":443", ":8443"}[r.IntN(4)]
	s.URL = "https://h" + strings.Trim(strings.ToLower(word("abcxyz019")), "-") + ".example.com" + port + "/webhooks/" + word("abcXYZ019")
	query := url.Values{}
	for range r.IntN(3) {
		query.Set("q"+word(plain), word(any))
	}
	if s.Scheme == "form" {
		form := url.Values{}
		for range r.IntN(6) {
			name := "P" + word(plain)
			for range 1 + r.IntN(8)/7 {
				form.Add(name, word(any))
			}
			s.repeated = s.repeated || len(form[name]) > 1
		}
		s.Body = form.Encode()
	} else {
		raw, _ := json.Marshal(map[string]string{"event": word(any), "sid": word(plain)})
		s.Body = string(raw)
	}
	if s.Scheme == "hashed" {
		query.Set("bodySHA256", fmt.Sprintf("%x", sha256.Sum256([]byte(s.Body))))
	}
	if len(query) > 0 {
		s.URL += "?" + query.Encode()
	}
	at := s.URL
	if s.Scheme != "json" { // the vendor writes its own address with a port or without
		switch r.IntN(3) {
		case 0:
			at = strings.Replace(at, ".example.com:443/", ".example.com/", 1)
		case 1:
			at = strings.Replace(at, ".example.com/", ".example.com:443/", 1)
		}
	}
	s.sign(at)
	if r.IntN(2) == 0 {
		s.tamper(r)
	}
	return s
}

// tamper changes one thing that is signed.
func (s *signedRequest) tamper(r *rand.Rand) {
	changes := map[string]func(){
		"key":       func() { s.Key += "y" },
		"path":      func() { s.URL = strings.Replace(s.URL, "/webhooks/", "/webhooks/z", 1) },
		"host":      func() { s.URL = strings.Replace(s.URL, "https://h", "https://hh", 1) },
		"scheme":    func() { s.URL = strings.Replace(s.URL, "https:", "http:", 1) },
		"signature": func() { s.Signature = flip(s.Signature, r) },
		"missing":   func() { s.Signature = "" },
		"body": func() {
			if s.Scheme == "form" {
				s.Body = strings.TrimPrefix(s.Body+"&Extra=1", "&")
			} else {
				s.Body = strings.Replace(s.Body, "{", "{ ", 1)
			}
		},
	}
	names := slices.Sorted(maps.Keys(changes))
	s.tampered = names[r.IntN(len(names))]
	changes[s.tampered]()
}

// flip changes one letter that carries bits of the signature.
func flip(signature string, r *rand.Rand) string {
	letters := []byte(signature)
	i := r.IntN(len(letters) - 2)
	if letters[i] == '0' {
		letters[i] = '1'
	} else {
		letters[i] = '0'
	}
	return string(letters)
}

// published are what the vendor prints in its documents and the tests of its libraries.
func published() []signedRequest {
	return []signedRequest{
		{Scheme: "json", Key: "PSKtest1234567890abcdef", URL: "https://example.ngrok.io/webhook",
			Body: `{"event":"call.state","params":{"call_id":"abc-123","state":"answered"}}`, Signature: "c3c08c1fefaf9ee198a100d5906765a6f394bf0f"},
		{Scheme: "form", Key: "12345", URL: "https://mycompany.com/myapp.php?foo=1&bar=2",
			Body: "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212", Signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
		{Scheme: "hashed", Key: "PSKtest1234567890abcdef", URL: "https://example.ngrok.io/webhook?bodySHA256=69f3cbfc18e386ef8236cb7008cd5a54b7fed637a8cb3373b5a1591d7f0fd5f4",
			Body: `{"event":"call.state"}`, Signature: "dfO9ek8mxyFtn2nMz24plPmPfIY="},
	}
}

func TestOurVerdictOnEverySignatureIsTheVendorsOwn(t *testing.T) {
	t.Parallel()
	chance := rand.New(rand.NewPCG(5, 2026))
	cases := published()
	for range 600 {
		cases = append(cases, randomRequest(chance))
	}
	asked, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(within(t), "node", filepath.Join("signatures", "signatures.mjs"), installed(t, "signatures"))
	cmd.Stdin, cmd.Stderr = bytes.NewReader(asked), &output{}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("asking the validators: %v\n%s", err, cmd.Stderr)
	}
	var verdicts [][]bool
	if err := json.Unmarshal(out, &verdicts); err != nil || len(verdicts) != len(cases) {
		t.Fatalf("%d verdicts on %d requests: %v", len(verdicts), len(cases), err)
	}
	agreed := map[string]int{}
	for i, c := range cases {
		got := c.ours(t)
		if got != (c.tampered == "") {
			t.Errorf("we say %v, and changed was %q: %+v", got, c.tampered, c)
		}
		for v, verdict := range verdicts[i] {
			if v == 1 && c.repeated {
				continue
			}
			if verdict != got {
				t.Errorf("validator %d says %v, we say %v, changed was %q: %+v", v, verdict, got, c.tampered, c)
			}
			agreed[fmt.Sprint(c.Scheme, " ", verdict)]++
		}
	}
	if len(agreed) != 6 || slices.Min(slices.Collect(maps.Values(agreed))) < 50 {
		t.Errorf("too few verdicts of a kind: %v", agreed)
	}
}
