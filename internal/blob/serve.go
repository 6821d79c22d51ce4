package blob

import (
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rs/cors"
)

// preflightAge, in seconds, spares a browser the question before each upload of a session; Chrome asks
// again after two hours at the latest.
const preflightAge = 7200

// refusal is a way to answer that the client can do something about: a status and one plain sentence.
type refusal struct {
	status   int
	sentence string
}

func (r *refusal) Error() string { return r.sentence }

var (
	errSignature = &refusal{http.StatusForbidden, "This link is not valid for this request."}
	errExpired   = &refusal{http.StatusForbidden, "This link has expired. Ask for a new one."}
	errMethod    = &refusal{http.StatusMethodNotAllowed, "Use PUT to store, GET or HEAD to read."}
	errMissing   = &refusal{http.StatusNotFound, "There is no such object."}
	errNoLength  = &refusal{http.StatusLengthRequired, "Send the exact Content-Length; chunked uploads are not taken."}
	errTooLarge  = &refusal{http.StatusRequestEntityTooLarge, "The body is larger than this link was signed for."}
	errTooSmall  = &refusal{http.StatusBadRequest, "The body is smaller than this link was signed for."}
	errType      = &refusal{http.StatusBadRequest, "The Content-Type is not the one this link was signed for."}
	errSum       = &refusal{http.StatusBadRequest, "The body does not have the SHA-256 this link was signed for."}
	errTwice     = &refusal{http.StatusPreconditionFailed, "Something is already stored under this link."}
	errStalled   = &refusal{http.StatusRequestTimeout, "The upload stalled for too long. Start it again."}
	errAborted   = &refusal{http.StatusBadRequest, "The upload ended before all of it arrived."}
	errDiskFull  = &refusal{http.StatusInsufficientStorage, "There is no room left to store this. Try again later."}
	errInternal  = &refusal{http.StatusInternalServerError, "The object could not be stored or read. Try again in a moment."}
)

// Handler serves the signed links. It answers every path below BaseURL's own path.
func (l *Local) Handler() http.Handler {
	// A function instead of a list: to this library an empty list means everyone.
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool { return slices.Contains(l.origins, origin) },
		AllowedMethods:  []string{http.MethodPut, http.MethodGet, http.MethodHead},
		AllowedHeaders:  []string{"Content-Type", "Range"},
		ExposedHeaders:  []string{"ETag", "Content-Range", "Accept-Ranges"},
		MaxAge:          preflightAge,
	}).Handler(http.HandlerFunc(l.serve))
}

func (l *Local) serve(w http.ResponseWriter, r *http.Request) {
	err := l.answer(w, r)
	if err == nil {
		return
	}
	shown := refused(err)
	if shown.status >= http.StatusInternalServerError {
		slog.ErrorContext(r.Context(), "serving a signed link failed", "method", r.Method, "error", err)
	}
	if shown == errMethod {
		w.Header().Set("Allow", "PUT, GET, HEAD")
	}
	http.Error(w, shown.sentence, shown.status)
}

func (l *Local) answer(w http.ResponseWriter, r *http.Request) error {
	key := strings.TrimPrefix(r.URL.Path, l.base.Path+"/")
	method := r.Method
	switch method {
	case http.MethodHead:
		method = http.MethodGet // who may read may ask what there is to read
	case http.MethodGet, http.MethodPut:
	default:
		return errMethod
	}
	query, err := l.verify(method, key, r.URL.RawQuery)
	if err != nil {
		return err
	}
	if method == http.MethodPut {
		return l.serveUpload(w, r, key, query)
	}
	return l.serveDownload(w, r, key, query)
}

func (l *Local) serveUpload(w http.ResponseWriter, r *http.Request, key string, query url.Values) error {
	size, err := strconv.ParseInt(query.Get(paramSize), 10, 64)
	if err != nil {
		return errSignature
	}
	about := Object{Key: key, Size: size, ContentType: query.Get(paramType), SHA256: query.Get(paramSHA256)}
	if err := checkUpload(r, about); err != nil {
		return err
	}
	// Asked before the body is read, for those who wait for "100 Continue".
	if _, err := l.Head(r.Context(), key); err == nil {
		return errTwice
	} else if !errors.Is(err, ErrNotFound) {
		return err
	}
	body := &paced{body: r.Body, control: http.NewResponseController(w), idle: l.idle, until: time.Now().Add(longest(size))}
	// The server's own write time-out counts from the request's head; an upload is answered long after.
	if err := body.control.SetWriteDeadline(body.until.Add(l.idle)); err != nil {
		return err
	}
	about, err = l.store(about, body, false)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", about.ETag)
	return nil
}

// checkUpload refuses before a byte of the body is read.
func checkUpload(r *http.Request, signed Object) error {
	switch {
	case r.ContentLength < 0:
		return errNoLength
	case r.ContentLength > signed.Size:
		return errTooLarge
	case r.ContentLength < signed.Size:
		return errTooSmall
	case r.Header.Get("Content-Type") != signed.ContentType:
		return errType
	}
	return nil
}

func (l *Local) serveDownload(w http.ResponseWriter, r *http.Request, key string, query url.Values) error {
	file, about, err := l.open(key)
	if err != nil {
		return err
	}
	defer file.Close()
	deadline := time.Now().Add(longest(about.Size))
	if err := http.NewResponseController(w).SetWriteDeadline(deadline); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", about.ContentType)
	if query.Has(paramType) {
		header.Set("Content-Type", query.Get(paramType))
	}
	header.Set("Content-Disposition", disposition(query.Get(paramFilename)))
	header.Set("ETag", about.ETag)
	header.Set("Cache-Control", "private")
	// What people upload is shown from our own origin: a page among it must not run as ours.
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "sandbox")
	http.ServeContent(w, r, "", about.StoredAt, file)
	return nil
}

func disposition(filename string) string {
	if filename == "" {
		return "inline"
	}
	return mime.FormatMediaType("attachment", map[string]string{"filename": filename})
}

// refused finds the answer for an error.
func refused(err error) *refusal {
	var known *refusal
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, ErrNotFound):
		return errMissing
	case errors.Is(err, errExists):
		return errTwice
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return errDiskFull
	}
	return errInternal
}
