package inbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxShown is far above what a notification of a call holds, and keeps a page of a hundred below 7 MB.
	maxShown = 64 << 10
	// hidden stands where something is not shown.
	hidden = "[redacted]"
)

// Content is what was sent, as far as a screen may show it.
type Content struct {
	Headers []Header
	Query   json.RawMessage // an object
	Payload json.RawMessage // an object for JSON and forms, else a string
}

// Header is one header. Its value is not shown unless it is known to be harmless.
type Header struct{ Name, Value string }

var (
	// secretNames are fields that let whoever reads them pose as somebody, or listen: SignalWire's audio asks for no
	// password, and its address is made of the account's id and the recording's, which is shown.
	secretNames = regexp.MustCompile(`(?i)^account_?sid$|secret|token|signature|password|passwd|authori[sz]ation|credential|cookie|session|(^|[_-])(api)?key$|apikey`)
	// addresses may be keys: who has the address of a provider's recording can listen.
	addresses = regexp.MustCompile(`(?i)\b(https?|wss?|s3)://([^/\s?#"'<>@]*@)?([^/\s?#"'<>]*)([^\s"'<>]*)`)
	// bearers are tokens in the middle of a text.
	bearers = regexp.MustCompile(`(?i)\b(bearer|basic)\s+\S+`)
	// networks are machines of ours or others', as errors of the network name them.
	networks = regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b|\[[0-9a-fA-F:]+\](:\d+)?`)
)

func harmless(header string) bool {
	switch http.CanonicalHeaderKey(header) {
	case "Accept", "Accept-Encoding", "Content-Encoding", "Content-Length", "Content-Type", "Date", "User-Agent":
		return true
	}
	return false
}

func redacted(query string, headers, body []byte) (*Content, error) {
	var sent map[string][]string
	if err := json.Unmarshal(headers, &sent); err != nil {
		return nil, fmt.Errorf("reading the headers: %w", err)
	}
	c := &Content{Headers: []Header{}}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		for _, value := range sent[name] {
			if !harmless(name) {
				value = hidden
			}
			c.Headers = append(c.Headers, Header{name, value})
		}
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		values = url.Values{}
	}
	if c.Query, err = json.Marshal(fields(values)); err != nil {
		return nil, fmt.Errorf("showing the query: %w", err)
	}
	if c.Payload, err = json.Marshal(payload(http.Header(sent).Get("Content-Type"), body)); err != nil {
		return nil, fmt.Errorf("showing the payload: %w", err)
	}
	return c, nil
}

// payload reads a body as what it says it is, and else as a text.
func payload(contentType string, body []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // a large number stays what it is
	var value any
	if err := decoder.Decode(&value); err == nil && !decoder.More() {
		return veiled(value)
	}
	if strings.HasPrefix(strings.ToLower(contentType), "application/x-www-form-urlencoded") {
		if values, err := url.ParseQuery(string(body)); err == nil {
			return fields(values)
		}
	}
	if !utf8.Valid(body) {
		return nil
	}
	return veil(string(body))
}

func fields(values url.Values) map[string]any {
	out := make(map[string]any, len(values))
	for name, list := range values {
		switch {
		case secretNames.MatchString(name):
			out[name] = hidden
		case len(list) == 1:
			out[name] = veil(list[0])
		default:
			many := make([]any, len(list))
			for i, v := range list {
				many[i] = veil(v)
			}
			out[name] = many
		}
	}
	return out
}

func veiled(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if v[name] = veiled(inner); secretNames.MatchString(name) && inner != nil {
				v[name] = hidden
			}
		}
	case []any:
		for i := range v {
			v[i] = veiled(v[i])
		}
	case string:
		return veil(v)
	}
	return value
}

// veil keeps of an address its host, and of a token nothing.
func veil(text string) string {
	text = addresses.ReplaceAllStringFunc(text, func(address string) string {
		parts := addresses.FindStringSubmatch(address)
		if parts[2] == "" && (parts[4] == "" || parts[4] == "/") {
			return address
		}
		return parts[1] + "://" + parts[3] + "/" + hidden
	})
	text = bearers.ReplaceAllString(text, "$1 "+hidden)
	return networks.ReplaceAllString(text, hidden)
}
