package signalwire

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// request is one to us, signed by the header alone.
func request(target, contentType, signature, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if signature != "" {
		r.Header.Set(SignatureHeader, signature)
	}
	return r
}

const (
	formBody = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"
	jsonBody = `{"event":"call.state","params":{"call_id":"abc-123","state":"answered"}}`
	jsonType = "application/json"
)

func TestVectorsOfTheVendorAreAccepted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ base, target, kind, key, signature, body string }{
		"a form": {"https://mycompany.com", "/myapp.php?foo=1&bar=2", formType, "12345", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", formBody},
		"JSON":   {"https://example.ngrok.io", "/webhook", jsonType, "PSKtest1234567890abcdef", "c3c08c1fefaf9ee198a100d5906765a6f394bf0f", jsonBody},
		"JSON that is hashed in the address": {
			"https://example.ngrok.io", "/webhook?bodySHA256=69f3cbfc18e386ef8236cb7008cd5a54b7fed637a8cb3373b5a1591d7f0fd5f4", jsonType,
			"PSKtest1234567890abcdef", "dfO9ek8mxyFtn2nMz24plPmPfIY=", `{"event":"call.state"}`,
		},
		"a fetch of a SWML document": {
			"https://81f2-2-45-18-191.ngrok-free.app", "/", jsonType, "PSK_7TruNcSNTxp4zNrykMj4EPzF", "b18500437ebb010220ddd770cbe6fd531ea0ba0d",
			`{"call":{"call_id":"b5d63b2e-f75b-4dc8-b6d4-269b635f96c0","node_id":"fa3570ae-f8bd-42c2-83f4-9950d906c91b@us-west","segment_id":"b5d63b2e-f75b-4dc8-b6d4-269b635f96c0","call_state":"created","direction":"inbound","type":"phone","from":"+12135877632","to":"+12089806814","from_number":"+12135877632","to_number":"+12089806814","project_id":"4b7ae78a-d02e-4889-a63b-08b156d5916e","space_id":"62615f44-2a34-4235-b38b-76b5a1de6ef8"},"vars":{}}`,
		},
	} {
		for _, keys := range [][]string{{c.key}, {"older", c.key}, {c.key, "newer"}} {
			if !Verify(c.base, keys, request(c.target, c.kind, c.signature, c.body), []byte(c.body)) {
				t.Errorf("%s with %d keys is refused", name, len(keys))
			}
		}
		for why, r := range map[string]*http.Request{
			"another address": request(c.target+"x", c.kind, c.signature, c.body),
			"no signature":    request(c.target, c.kind, "", c.body),
			"more of it":      request(c.target, c.kind, c.signature+"=", c.body),
			"less of it":      request(c.target, c.kind, c.signature[:len(c.signature)-1], c.body),
			"in capitals":     request(c.target, c.kind, strings.ToUpper(c.signature), c.body),
		} {
			if Verify(c.base, []string{c.key}, r, []byte(c.body)) {
				t.Errorf("%s with %s is accepted", name, why)
			}
		}
		if Verify(c.base, []string{c.key}, request(c.target, c.kind, c.signature, c.body), []byte(c.body+" ")) {
			t.Errorf("%s with another body is accepted", name)
		}
		doubled := request(c.target, c.kind, c.signature, c.body)
		doubled.Header.Add(SignatureHeader, c.signature)
		if Verify(c.base, []string{c.key}, doubled, []byte(c.body)) {
			t.Errorf("%s with two signatures is accepted", name)
		}
	}
}

func TestNoKeyAndAnEmptyKeyLetNobodyIn(t *testing.T) {
	t.Parallel()
	for _, keys := range [][]string{nil, {}, {""}, {"", ""}} {
		forged := base64.StdEncoding.EncodeToString(sum("", "https://us.example/hook"+"a1"))
		if Verify("https://us.example", keys, request("/hook", formType, forged, "a=1"), []byte("a=1")) {
			t.Errorf("%q let a form in", keys)
		}
		forged = hex.EncodeToString(sum("", "https://us.example/hook{}"))
		if Verify("https://us.example", keys, request("/hook", jsonType, forged, "{}"), []byte("{}")) {
			t.Errorf("%q let JSON in", keys)
		}
	}
}

func TestConfiguredAddressCountsAndNotTheOneThatAProxyMade(t *testing.T) {
	t.Parallel()
	const key, target = "key", "/hook?a=%20b+c&d"
	for base, signs := range map[string][]string{
		"https://us.example":           {"https://us.example", "https://us.example:443"},
		"https://us.example/":          {"https://us.example", "https://us.example:443"},
		"https://us.example:443":       {"https://us.example", "https://us.example:443"},
		"https://us.example:8443":      {"https://us.example", "https://us.example:8443"},
		"http://us.example":            {"http://us.example", "http://us.example:80"},
		"https://user:word@us.example": {"https://us.example", "https://us.example:443"},
		"https://[2001:db8::1]":        {"https://[2001:db8::1]", "https://[2001:db8::1]:443"},
		"https://[2001:db8::1]:443":    {"https://[2001:db8::1]", "https://[2001:db8::1]:443"},
		"https://us.example/below":     {"https://us.example/below", "https://us.example:443/below"},
	} {
		for _, at := range signs {
			signature := base64.StdEncoding.EncodeToString(sum(key, at+target+"a1"))
			if !Verify(base, []string{key}, request("http://10.0.0.7:8080"+target, formType, signature, "a=1"), []byte("a=1")) {
				t.Errorf("%s is refused where %s is configured", at, base)
			}
		}
		for _, at := range []string{"https://evil.example", "http://10.0.0.7:8080", "https://us.example:444", "https://us.example:80"} {
			signature := base64.StdEncoding.EncodeToString(sum(key, at+target+"a1"))
			if Verify(base, []string{key}, request("http://10.0.0.7:8080"+target, formType, signature, "a=1"), []byte("a=1")) {
				t.Errorf("%s is accepted where %s is configured", at, base)
			}
		}
	}
	for _, base := range []string{"", "us.example", "%"} {
		signature := base64.StdEncoding.EncodeToString(sum(key, base+target+"a1"))
		if Verify(base, []string{key}, request(target, formType, signature, "a=1"), []byte("a=1")) {
			t.Errorf("%q is taken for an address", base)
		}
	}
}

func TestSignatureOfOneSchemeIsNoneInTheOther(t *testing.T) {
	t.Parallel()
	const key, at = "key", "https://us.example/hook"
	text := at + "CallSidcall-1"
	for name, c := range map[string]struct{ kind, signature, body string }{
		"a form's signature over JSON that reads like its parameters": {jsonType, hex.EncodeToString(sum(key, text)), "CallSidcall-1x"},
		"the bytes of a form in hex":                                  {formType, hex.EncodeToString(sum(key, at+"CallSid=call-1")), "CallSid=call-1"},
		"JSON in base64":                                              {jsonType, base64.StdEncoding.EncodeToString(sum(key, at+`{}`)), `{}`},
		"the address alone without a hash":                            {jsonType, base64.StdEncoding.EncodeToString(sum(key, at)), `{}`},
		"a form that cannot be read":                                  {formType, base64.StdEncoding.EncodeToString(sum(key, at+"a%zz")), "a=%zz"},
	} {
		if Verify("https://us.example", []string{key}, request("/hook", c.kind, c.signature, c.body), []byte(c.body)) {
			t.Errorf("%s is accepted", name)
		}
	}
	hash := sha256.Sum256([]byte(`{}`))
	twice := "/hook?bodySHA256=" + hex.EncodeToString(hash[:]) + "&bodySHA256=x"
	signature := base64.StdEncoding.EncodeToString(sum(key, "https://us.example"+twice))
	if Verify("https://us.example", []string{key}, request(twice, jsonType, signature, `{}`), []byte(`{}`)) {
		t.Error("two hashes are accepted")
	}
}

func TestRepeatedParametersCountInTheirOrder(t *testing.T) {
	t.Parallel()
	signature := base64.StdEncoding.EncodeToString(sum("key", "https://us.example/hook"+"a2a1a2b"))
	if !Verify("https://us.example", []string{"key"}, request("/hook", formType, signature, "b=&a=2&a=1&a=2"), []byte("b=&a=2&a=1&a=2")) {
		t.Error("refused")
	}
}

func FuzzOnlyWhatAKeySignedIsLetIn(f *testing.F) {
	f.Add("/hook", formType, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "a=1&b=2", "key")
	f.Add("/hook?a=%20", jsonType, "c3c08c1fefaf9ee198a100d5906765a6f394bf0f", jsonBody, "key")
	f.Add("/hook?bodySHA256=x", jsonType, "dfO9ek8mxyFtn2nMz24plPmPfIY=", "{}", "")
	f.Add("/", "", "", "", "\x00")
	f.Add("/%zz", "text/plain; a=\"", "=", "%zz=%", "k")
	f.Fuzz(func(t *testing.T, target, contentType, signature, body, key string) {
		r := &http.Request{Method: http.MethodPost, URL: nil, Header: http.Header{"Content-Type": {contentType}, SignatureHeader: {signature}}}
		address, err := http.NewRequest(http.MethodPost, "https://us.example/"+strings.TrimPrefix(target, "/"), nil)
		if err != nil {
			return
		}
		r.URL = address.URL
		r.Header.Set(SignatureHeader, signature)
		if Verify("https://us.example", []string{"a key that nobody guesses", ""}, r, []byte(body)) {
			t.Errorf("%q opens %s", signature, target)
		}
		if key == "" {
			return
		}
		text := "https://us.example" + r.URL.RequestURI()
		r.Header.Set("Content-Type", jsonType)
		r.Header.Set(SignatureHeader, hex.EncodeToString(sum(key, text+body)))
		if !Verify("https://us.example", []string{key}, r, []byte(body)) || Verify("https://us.example", []string{key + "x"}, r, []byte(body)) {
			t.Errorf("JSON %q to %s: its own key does not open, or another does", body, target)
		}
		if Verify("https://us.example", []string{key}, r, []byte(body+"x")) {
			t.Errorf("JSON %q may be longer", body)
		}
	})
}
