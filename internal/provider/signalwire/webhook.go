package signalwire

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the vendor's choice; within an HMAC it still holds
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// SignatureHeader is where the vendor signs, in both of its schemes.
const SignatureHeader = "X-SignalWire-Signature"

// Verify says whether one of the keys signed a request to us. base is our own public address, without a path:
// what a proxy made of host and scheme was never signed. There are two keys while they are changed; no key
// lets nobody in. A form is signed over its sorted parameters, everything else over its bytes or their hash.
func Verify(base string, keys []string, r *http.Request, body []byte) bool {
	sent := r.Header.Values(SignatureHeader)
	if len(sent) != 1 {
		return false
	}
	said := signed{target: r.URL.RequestURI(), hash: r.URL.Query()["bodySHA256"], body: body}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	said.form = kind == formType || len(body) == 0
	known := false
	for _, at := range addresses(base) {
		for _, message := range said.messages(at, sent[0]) {
			for _, key := range keys {
				known = key != "" && hmac.Equal(message.mac, sum(key, message.text)) || known
			}
		}
	}
	return known
}

// signed is what of a request a signature covers.
type signed struct {
	target string   // path and query, as they were sent
	hash   []string // of the body, as the query tells
	body   []byte
	form   bool
}

// message is what may have been signed, with what the signature would then say.
type message struct {
	text string
	mac  []byte
}

// messages are the texts that a signature of this shape can be over.
func (s signed) messages(at, signature string) []message {
	address := at + s.target
	if mac, ok := shortBase64(signature); ok {
		if !s.form {
			if s.hashed() {
				return []message{{address, mac}}
			}
			return nil
		}
		parameters, ok := sorted(s.body)
		if !ok {
			return nil
		}
		return []message{{address + parameters, mac}}
	}
	if mac, ok := lowerHex(signature); ok && (!s.form || len(s.body) == 0) {
		return []message{{address + string(s.body), mac}}
	}
	return nil
}

// hashed says that the signed address itself vouches for the body.
func (s signed) hashed() bool {
	hash := sha256.Sum256(s.body)
	return len(s.hash) == 1 && hmac.Equal([]byte(s.hash[0]), []byte(hex.EncodeToString(hash[:])))
}

// sorted joins names and values as the vendor does: by name, and values of one name in the order sent.
func sorted(body []byte) (string, bool) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", false
	}
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	var text strings.Builder
	for _, name := range names {
		for _, value := range form[name] {
			text.WriteString(name)
			text.WriteString(value)
		}
	}
	return text.String(), true
}

func sum(key, text string) []byte {
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func shortBase64(signature string) ([]byte, bool) {
	mac, err := base64.StdEncoding.Strict().DecodeString(signature)
	return mac, err == nil && len(mac) == sha1.Size && len(signature) == base64.StdEncoding.EncodedLen(sha1.Size)
}

func lowerHex(signature string) ([]byte, bool) {
	mac, err := hex.DecodeString(signature)
	return mac, err == nil && len(mac) == sha1.Size && signature == strings.ToLower(signature)
}

// addresses are the forms in which the vendor may have written ours: with the port and without.
func addresses(base string) []string {
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || u.Host == "" {
		return nil
	}
	u.User = nil // a call's signature leaves it out
	all := []string{u.String()}
	standard := map[string]string{"https": "443", "http": "80"}[u.Scheme]
	host := *u
	if u.Port() != "" {
		host.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	} else if standard != "" {
		host.Host = u.Host + ":" + standard
	}
	if host.Host != u.Host {
		all = append(all, host.String())
	}
	return all
}
