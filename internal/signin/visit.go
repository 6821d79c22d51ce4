package signin

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/limit"
)

// maxBody is far above what next-auth's client sends: an address, a password, where to go.
const maxBody = 16 << 10

// visit is one request, as next-auth reads it.
type visit struct {
	*Handler
	w    http.ResponseWriter
	r    *http.Request
	form url.Values // of the body
	json bool       // the client wants to be told where to go, and goes itself
}

// read makes a visit of a request. A body is a form, or JSON of one level, as next-auth takes both.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (*visit, error) {
	v := &visit{Handler: h, w: w, r: r, form: url.Values{}}
	if r.Method != http.MethodPost {
		return v, nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		if err := v.object(); err != nil {
			return nil, err
		}
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return nil, fault.Invalid("", "The form cannot be read.").Because(err)
		}
		v.form = r.PostForm
	}
	if !legible(v.form) {
		return nil, fault.Invalid("", "The body holds something that is no character.")
	}
	v.json = v.form.Get("json") == "true"
	return v, nil
}

// legible says whether a database takes what was sent: it takes no broken characters, and no zero byte.
func legible(form url.Values) bool {
	for _, values := range form {
		for _, value := range values {
			if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
				return false
			}
		}
	}
	return true
}

func (v *visit) object() error {
	var body map[string]any
	if err := json.NewDecoder(v.r.Body).Decode(&body); err != nil {
		return fault.Invalid("", "The body is no JSON object.").Because(err)
	}
	for name, value := range body {
		switch word := value.(type) {
		case string:
			v.form.Set(name, word)
		case bool:
			if word {
				v.form.Set(name, "true")
			}
		}
	}
	return nil
}

// callbackURL is where to go afterwards: what the request says, else what the browser remembers, else home.
func (v *visit) callbackURL() string {
	for _, said := range []string{v.form.Get("callbackUrl"), v.r.URL.Query().Get("callbackUrl")} {
		if said == "" {
			continue
		}
		if to := v.destination(said); to != "" {
			return to
		}
		return v.home
	}
	if to := v.destination(v.jar.CallbackURL(v.r)); to != "" {
		return to
	}
	return v.home
}

// remember keeps where to go while the visitor is at a provider, reads mail, or tries another password.
func (v *visit) remember() { v.jar.SetCallbackURL(v.w, v.callbackURL()) }

// to sends the visitor somewhere. A script is told where and with which status; a form is redirected.
func (v *visit) to(address string, status int) {
	if v.json {
		answer(v.w, status, map[string]string{"url": address})
		return
	}
	http.Redirect(v.w, v.r, address, http.StatusFound)
}

// at is an address of ours, as the browser sees it.
func (h *Handler) at(path string, query ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	address := h.base + Prefix + path
	if len(values) > 0 {
		address += "?" + values.Encode()
	}
	return address
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-cache, no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone cannot be told
}

// guarded keeps pages of other sites from acting for a visitor. A form of theirs has their Origin, and no
// browser leaves it out of a POST; a program that has none sends no cookies of a visitor either.
func (h *Handler) guarded(next func(*visit)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if sent := r.Header.Values("Origin"); len(sent) > 1 || len(sent) == 1 && !h.friendly(sent[0]) {
			refuse(w, r, fault.Forbidden("Pages of this origin may not sign anybody in. Name the origin in ALLOWED_ORIGINS."))
			return
		}
		if site := r.Header.Get("Sec-Fetch-Site"); len(r.Header.Values("Origin")) == 0 && site == "cross-site" {
			refuse(w, r, fault.Forbidden("Pages of this origin may not sign anybody in."))
			return
		}
		if wait := h.pace.Take(limit.Address(r.RemoteAddr), 1); wait > 0 { // before a body is read or a password hashed
			refuse(w, r, fault.Limit(wait, "These are too many requests. Come back in %d s.", limit.Seconds(wait)))
			return
		}
		v, err := h.read(w, r)
		if err != nil {
			refuse(w, r, err)
			return
		}
		next(v)
	}
}

// script is guarded for what only scripts send: a form of another site cannot be JSON.
func (h *Handler) script(next func(*visit)) http.HandlerFunc {
	return h.guarded(func(v *visit) {
		if !v.isScript() {
			refuse(v.w, v.r, fault.Invalid("", "Send application/json to this address."))
			return
		}
		next(v)
	})
}

// own is guarded for next-auth's forms, which repeat the token of the CSRF cookie.
func (h *Handler) own(path string, next func(*visit)) http.HandlerFunc {
	return h.guarded(func(v *visit) {
		if !h.jar.CSRFRepeated(v.r, v.form.Get("csrfToken")) {
			v.to(h.at(path, "csrf", "true"), http.StatusOK)
			return
		}
		if v.form.Get("callbackUrl") != "" {
			v.remember() // for who fails and tries again
		}
		next(v)
	})
}

// tooLong says whether a body was cut.
func tooLong(err error) bool {
	var long *http.MaxBytesError
	return errors.As(err, &long)
}

// friendly says whether pages of an origin may call with a cookie.
func (h *Handler) friendly(origin string) bool {
	return origin == h.base || slices.Contains(h.origins, origin)
}

// isScript says whether the body is what no form can send.
func (v *visit) isScript() bool {
	kind, _, _ := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	return kind == "application/json"
}
