package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestBodyIsHeldToItsLimit(t *testing.T) {
	t.Parallel()
	sound := bytes.Repeat([]byte("s"), 100_000)
	for name, answer := range map[string]http.HandlerFunc{
		"announced": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(sound[:2000]) },
		"in chunks": func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			_, _ = w.Write(sound)
		},
	} {
		address := serve(t, answer)
		if _, err := fetch(t, New(Config{Allow: here()}), address, Limits{Bytes: 1999, Time: time.Minute}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush(); _, _ = w.Write(sound) })
	if got, err := fetch(t, New(Config{Allow: here()}), address, Limits{Bytes: int64(len(sound)), Time: time.Minute}); err != nil || !bytes.Equal(got, sound) {
		t.Errorf("what just fits: %d bytes, %v", len(got), err)
	}
}

// silent sends a beginning and then nothing, until the client leaves.
func silent(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, "s")
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func TestServerThatFallsSilentIsLeft(t *testing.T) {
	t.Parallel()
	c := New(Config{Allow: here()})
	c.idle = 50 * time.Millisecond
	if _, err := fetch(t, c, serve(t, silent), generous); !errors.Is(err, ErrSlow) {
		t.Errorf("%v", err)
	}
}

func TestServerThatDripsIsLeft(t *testing.T) {
	t.Parallel()
	c := New(Config{Allow: here()})
	c.grace = 50 * time.Millisecond
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_, _ = io.WriteString(w, "s")
				w.(http.Flusher).Flush()
			case <-r.Context().Done():
				return
			}
		}
	})
	if _, err := fetch(t, c, address, generous); !errors.Is(err, ErrSlow) {
		t.Errorf("%v", err)
	}
}

func TestFetchEndsWithItsTime(t *testing.T) {
	t.Parallel()
	limits := Limits{Bytes: 1 << 20, Time: 50 * time.Millisecond}
	if _, err := fetch(t, New(Config{Allow: here()}), serve(t, silent), limits); !errors.Is(err, ErrSlow) {
		t.Errorf("in the body: %v", err)
	}
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	if _, err := fetch(t, New(Config{Allow: here()}), address, limits); !errors.Is(err, ErrSlow) {
		t.Errorf("before the head: %v", err)
	}
}

func TestBodyThatIsCutOffIsAnErrorAndNotAnEnd(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(http.ResponseWriter){
		"announced": func(w http.ResponseWriter) { w.Header().Set("Content-Length", "1000") },
		"in chunks": func(http.ResponseWriter) {},
	} {
		address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			begin(w)
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})
		if got, err := fetch(t, New(Config{Allow: here()}), address, generous); err == nil {
			t.Errorf("%s: taken for whole: %q", name, got)
		}
	}
}

func TestCallerWhoLeavesIsNotTakenForASlowServer(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	body, err := New(Config{Allow: here()}).Get(ctx, serve(t, silent), generous)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	leave()
	if _, err := io.ReadAll(body); !errors.Is(err, context.Canceled) || errors.Is(err, ErrSlow) {
		t.Errorf("%v", err)
	}
}

func TestErrorsDoNotShowTheAddress(t *testing.T) {
	t.Parallel()
	address := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := fetch(t, New(Config{Allow: here()}), address+"/path-of-theirs?signature=secret", generous)
	if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "path-of-theirs") {
		t.Errorf("%v", err)
	}
}

func TestServerWithoutACertificateOfItsNameIsNotBelieved(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that fails
	server.StartTLS()
	t.Cleanup(server.Close)
	_, err := fetch(t, New(Config{Allow: here()}), server.URL, generous)
	var untrusted *tls.CertificateVerificationError
	if !errors.As(err, &untrusted) {
		t.Errorf("%v", err)
	}
}
