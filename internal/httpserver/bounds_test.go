package httpserver

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestLongOperationIsRefusedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	h := all()
	h.GraphQL = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") })
	s := start(t, h)
	conn := s.dial() // which sends the headers and nothing else
	_, _ = io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 262145\r\n\r\n")
	if got := readStatus(t, conn); got != "HTTP/1.1 413 Request Entity Too Large" {
		t.Error(got)
	}
}

func TestOperationOfUnknownLengthIsCutAtTheLimit(t *testing.T) {
	t.Parallel()
	h := all()
	h.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		var long *http.MaxBytesError
		if errors.As(err, &long) {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
		if n > maxOperation {
			t.Errorf("read %d bytes", n)
		}
	})
	s := start(t, h)
	for size, status := range map[int]int{maxOperation: 200, maxOperation + 1: 413, 10 << 20: 413} {
		body := struct{ io.Reader }{strings.NewReader(strings.Repeat("a", size))} // without its length
		response, err := s.client.Post(s.url+"/graphql", "application/json", body)
		if err != nil {
			if size <= maxOperation {
				t.Error(err)
			}
			continue // cut while it was still sending
		}
		response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%d bytes: %d, want %d", size, response.StatusCode, status)
		}
	}
}

func TestOperationEndsWithItsTime(t *testing.T) {
	t.Parallel()
	h := all()
	h.GraphQL = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		deadline, bounded := r.Context().Deadline()
		if left := time.Until(deadline); !bounded || left > operationTimeout || left < operationTimeout-patience {
			t.Errorf("has %s left", left)
		}
	})
	start(t, h).do(http.MethodPost, "/graphql", "{}", nil)

	limitTime(time.Millisecond, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(patience):
			t.Error("the context outlived its time")
		}
	})).ServeHTTP(nil, (&http.Request{}).WithContext(t.Context()))
}

func TestSlowHeadersAreCut(t *testing.T) {
	t.Parallel()
	s := start(t, all())
	conn := s.dial()
	_, _ = io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	began := time.Now()
	text, err := io.ReadAll(conn) // until the server hangs up
	if took := time.Since(began); err != nil || took < headerTimeout/2 || took > patience/2 {
		t.Errorf("%q %v after %s", text, err, took)
	}
}

func TestHeadersHaveALimit(t *testing.T) {
	t.Parallel()
	s := start(t, all())
	cookies := strings.Repeat("a", 30<<10) // more than any session of Auth.js
	if got := s.do(http.MethodGet, "/health", "", http.Header{"Cookie": {cookies}}); got.status != http.StatusOK {
		t.Errorf("%d", got.status)
	}
	conn := s.dial()
	_, _ = io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: x\r\nCookie: "+strings.Repeat("a", maxHeader+8<<10))
	if got := readStatus(t, conn); got != "HTTP/1.1 431 Request Header Fields Too Large" {
		t.Error(got)
	}
}

// patient is a writer that notes until when it may be written to.
type patient struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (p *patient) SetWriteDeadline(until time.Time) error {
	p.until = until
	return nil
}

func TestDownloadMayTakeLongerThanOtherAnswers(t *testing.T) {
	t.Parallel()
	w := &patient{ResponseRecorder: httptest.NewRecorder()}
	h := all()
	h.Log = slog.New(slog.DiscardHandler)
	Routes(h).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/download/a.srt", nil))
	if left := time.Until(w.until); left <= writeTimeout || left > downloadTimeout {
		t.Errorf("has %s left", left)
	}
}
