package stripe

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/vendor"
)

// call is one request of the API.
type call struct {
	*http.Request
	form url.Values // of the query or the body
}

func (c *call) get(name string) string { return c.form.Get(name) }

// group are the words in brackets after a name, as in metadata[organization].
func (c *call) group(name string) map[string]string {
	found := map[string]string{}
	for key, values := range c.form {
		if inner, ok := strings.CutPrefix(key, name+"["); ok && len(values) > 0 {
			found[strings.TrimSuffix(inner, "]")] = values[0]
		}
	}
	return found
}

// route lets the key in, misbehaves if it shall, answers a repeated key as before, and writes what answer gives.
func (s *Server) route(e endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // a recorder has none
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			write(w, refuse(errBody))
			return
		}
		w.Header().Set("Request-Id", "req_"+rand.Text()[:14])
		w.Header().Set("Stripe-Version", APIVersion)
		if err := s.admit(r); err != nil {
			write(w, refuse(err))
			return
		}
		if strike := s.strike(e.name); strike != nil {
			strike(w)
			return
		}
		c := &call{Request: r, form: r.URL.Query()}
		if len(raw) > 0 {
			if c.form, err = url.ParseQuery(string(raw)); err != nil {
				write(w, refuse(errBody))
				return
			}
		}
		said := s.once(e, c, raw)
		if s.loses(e.name) {
			vendor.Reset(w)
			return
		}
		write(w, said)
	}
}

func (s *Server) admit(r *http.Request) error {
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if s.config.Key == "" || subtle.ConstantTimeCompare([]byte(key), []byte(s.config.Key)) != 1 {
		return errKey
	}
	if version := r.Header.Get("Stripe-Version"); version != APIVersion {
		return bad("", "This local service speaks version %s only, not %q.", APIVersion, version)
	}
	return nil
}

// once answers a call, or gives the answer that its key had before.
func (s *Server) once(e endpoint, c *call, raw []byte) answer {
	s.mu.Lock()
	defer s.leave()
	key := c.Header.Get("Idempotency-Key")
	print := c.Method + " " + c.URL.Path + " " + string(raw)
	if c.Method == http.MethodGet || key == "" {
		return s.do(e, c)
	}
	s.stats.Writes++
	if before, known := s.answers.find(key); known {
		if before.print != print {
			return refuse(errKeyReused)
		}
		s.stats.Replayed++
		before.answer.replayed = true
		return before.answer
	}
	said := s.do(e, c)
	if said.status < 300 && s.spoils(e.name) { // the write took effect, and nobody is told
		said = refuse(errBroken)
	}
	if said.status < 300 || said.status == http.StatusPaymentRequired || said.status >= 500 { // what was not begun is not kept
		s.answers.keep(key, kept{print, said})
	}
	return said
}

// do runs a call whose parameters are all known.
func (s *Server) do(e endpoint, c *call) answer {
	if e.name != "unknown" {
		for name := range c.form {
			if !slices.Contains(e.params, pattern(name)) && !slices.Contains(e.params, starred(name)) {
				return refuse(&refusal{status: http.StatusBadRequest, kind: invalid, code: "parameter_unknown", param: name, sentence: "Received unknown parameter: " + name})
			}
		}
	}
	body, err := e.answer(c)
	if err != nil {
		return refuse(err)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return refuse(err)
	}
	return answer{status: http.StatusOK, body: raw}
}

var (
	number = regexp.MustCompile(`\[\d+\]`)
	last   = regexp.MustCompile(`\[[^\[\]]*\]$`)
)

func pattern(name string) string { return number.ReplaceAllString(name, "[]") }
func starred(name string) string { return last.ReplaceAllString(pattern(name), "[*]") }

// answer is what goes over the wire.
type answer struct {
	status   int
	body     []byte
	replayed bool
	after    time.Duration
}

func write(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	if a.replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	if a.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(a.after/time.Second)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // fails only when the client has left
}

// answers are what writes were told, by idempotency key.
type answers struct {
	byKey map[string]kept
	order []string
}

type kept struct {
	print  string // the request, to tell another one with the same key
	answer answer
}

func (a *answers) find(key string) (kept, bool) {
	k, known := a.byKey[key]
	return k, known
}

// keep forgets the oldest beyond the bound; the vendor forgets after a day.
func (a *answers) keep(key string, k kept) {
	if a.byKey == nil {
		a.byKey = map[string]kept{}
	}
	if len(a.order) >= maxObjects {
		delete(a.byKey, a.order[0])
		a.order = a.order[1:]
	}
	a.byKey[key], a.order = k, append(a.order, key)
}
