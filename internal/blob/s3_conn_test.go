package blob

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

func TestAServerThatFallsSilentIsLeft(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Method == http.MethodGet { // half an answer
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
		}
		<-over
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(over) })
	client := &http.Client{Transport: transport(50 * time.Millisecond)}
	if answer, err := client.Post(server.URL, "audio/wav", strings.NewReader("sound")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("without an answer: %v, %v", answer, err)
	}
	answer, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if got, err := io.ReadAll(answer.Body); string(got) != "half" || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("with half an answer: %q, %v", got, err)
	}
}

func TestATransferThatMovesMayTakeItsTime(t *testing.T) {
	t.Parallel()
	const idle, steps = time.Second, 8
	pace := time.NewTicker(idle / 4) // all of it takes twice as long as silence may
	t.Cleanup(pace.Stop)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	t.Cleanup(server.Close)
	left := steps
	body := readerFunc(func(p []byte) (int, error) {
		if left == 0 {
			return 0, io.EOF
		}
		<-pace.C
		left--
		return copy(p, "x"), nil
	})
	client := &http.Client{Transport: transport(idle)}
	answer, err := client.Post(server.URL, "audio/wav", body)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if got, err := io.ReadAll(answer.Body); err != nil || len(got) != steps {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
