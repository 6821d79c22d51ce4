package blob

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func newKey() string { return "test/" + strings.ToLower(rand.Text()) }

func presignPut(t *testing.T, b Bucket, in PutLink) SignedRequest {
	t.Helper()
	signed, err := b.PresignPut(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func presignGet(t *testing.T, b Bucket, in GetLink) SignedRequest {
	t.Helper()
	signed, err := b.PresignGet(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func store(t *testing.T, b Bucket, key, body string) {
	t.Helper()
	if _, err := b.Put(t.Context(), key, "audio/wav", int64(len(body)), strings.NewReader(body)); err != nil {
		t.Fatal(err)
	}
}

func wantObject(t *testing.T, b Bucket, key, want string) {
	t.Helper()
	body, err := b.Open(t.Context(), key, 0, ToEnd)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v, want %q", key, got, err, want)
	}
}

func wantNothing(t *testing.T, b Bucket, key string) {
	t.Helper()
	if about, err := b.Head(t.Context(), key); !errors.Is(err, ErrNotFound) {
		t.Errorf("Head = %+v, %v, want ErrNotFound", about, err)
	}
}

// answered is a response whose body has been read.
type answered struct {
	status int
	header http.Header
	body   string
}

func request(t *testing.T, signed SignedRequest, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), signed.Method, signed.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range signed.Headers {
		r.Header.Set(h.Name, h.Value)
	}
	return r
}

func send(t *testing.T, signed SignedRequest, body io.Reader) answered {
	t.Helper()
	return do(t, request(t, signed, body))
}

func do(t *testing.T, r *http.Request) answered {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{response.StatusCode, response.Header, string(body)}
}

func wantStatus(t *testing.T, got answered, want int) {
	t.Helper()
	if got.status != want {
		t.Fatalf("status %d (%q), want %d", got.status, strings.TrimSpace(got.body), want)
	}
}

func setBody(r *http.Request, body string) {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader([]byte(body))), int64(len(body))
}

// failing is a body whose source breaks.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, fmt.Errorf("reading: %w", f.err) }
