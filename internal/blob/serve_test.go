package blob

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestEachRefusalHasItsStatusAndOneSentence(t *testing.T) {
	t.Parallel()
	var ahead time.Duration
	local := serveLocal(t, func(l *Local) { l.now = func() time.Time { return time.Now().Add(ahead) } })
	put := presignPut(t, local, PutLink{Key: "a", Size: 5, ContentType: "audio/wav", Expires: time.Minute})
	late := presignPut(t, local, PutLink{Key: "late", Size: 5, ContentType: "audio/wav", Expires: time.Second})
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		want   int
	}{
		{"chunked", func(r *http.Request) { r.ContentLength = -1 }, http.StatusLengthRequired},
		{"larger", func(r *http.Request) { setBody(r, "123456") }, http.StatusRequestEntityTooLarge},
		{"smaller", func(r *http.Request) { setBody(r, "1") }, http.StatusBadRequest},
		{"other type", func(r *http.Request) { r.Header.Set("Content-Type", "audio/mpeg") }, http.StatusBadRequest},
		{"other signature", func(r *http.Request) { r.URL.RawQuery += "x" }, http.StatusForbidden},
		{"post", func(r *http.Request) { r.Method = http.MethodPost }, http.StatusMethodNotAllowed},
	} {
		r := request(t, put, strings.NewReader("12345"))
		c.change(r)
		wantRefusal(t, c.name, do(t, r), c.want)
	}
	ahead = time.Second
	wantRefusal(t, "expired", send(t, late, strings.NewReader("12345")), http.StatusForbidden)
	wantNoLeftovers(t, local)
}

func TestOfManyUploadsOfOneLinkExactlyOneWins(t *testing.T) {
	t.Parallel()
	local := serveLocal(t, nil)
	const uploads = 4
	put := presignPut(t, local, PutLink{Key: "race", Size: 2, ContentType: "audio/wav", Expires: time.Minute})
	bodies, statuses := make([]*io.PipeWriter, uploads), make([]int, uploads)
	var all sync.WaitGroup
	for i := range uploads {
		body, writer := io.Pipe()
		bodies[i] = writer
		r := request(t, put, body)
		r.ContentLength = 2
		all.Go(func() {
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			answer.Body.Close()
			statuses[i] = answer.StatusCode
		})
	}
	// All are under way, past every check that comes before the body, when the first one ends.
	waitUntil(t, "all uploads have begun", func() bool {
		staged, err := os.ReadDir(local.tmp)
		return err == nil && len(staged) == uploads
	})
	for i, body := range bodies {
		fmt.Fprintf(body, "%d.", i)
		body.Close()
	}
	all.Wait()

	winner := slices.Index(statuses, http.StatusOK)
	for i, status := range statuses {
		if i != winner && status != http.StatusPreconditionFailed {
			t.Errorf("upload %d: status %d beside the winner %d", i, status, winner)
		}
	}
	wantObject(t, local, "race", fmt.Sprintf("%d.", winner))
	wantNoLeftovers(t, local)
}

func TestAStalledUploadIsCutAndLeavesNothing(t *testing.T) {
	t.Parallel()
	local := serveLocal(t, func(l *Local) { l.idle = 50 * time.Millisecond })
	put := presignPut(t, local, PutLink{Key: "stalled", Size: 100, ContentType: "audio/wav", Expires: time.Minute})
	link, err := url.Parse(put.URL)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", link.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Type: audio/wav\r\nContent-Length: 100\r\n\r\nten bytes!", link.RequestURI(), link.Host)

	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, "stalled", answered{answer.StatusCode, answer.Header, string(body)}, http.StatusRequestTimeout)
	wantNothing(t, local, "stalled")
	wantNoLeftovers(t, local)
}

// Not parallel: it counts the allocations of the whole process.
func TestAHugeUploadNeedsNoMoreMemoryThanASmallOne(t *testing.T) {
	local, err := NewLocal(LocalConfig{Dir: t.TempDir(), BaseURL: "http://localhost/blobs", Key: testKey(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	const size = 64 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := local.Put(t.Context(), "huge", "audio/wav", size, io.LimitReader(zeros{}, size)); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("storing %d bytes allocated %d", size, grown)
	}
}

func TestDownloadsCannotRunAsOurPage(t *testing.T) {
	t.Parallel()
	local := serveLocal(t, nil)
	store(t, local, "page", "<script>")
	got := send(t, presignGet(t, local, GetLink{Key: "page", Expires: time.Minute, Filename: "Gespräch.html"}), nil)
	for name, want := range map[string]string{
		"X-Content-Type-Options":  "nosniff",
		"Content-Security-Policy": "sandbox",
		"Content-Disposition":     "attachment; filename*=utf-8''Gespr%C3%A4ch.html",
		"Cache-Control":           "private",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, got.header.Get(name), want)
		}
	}
	head := presignGet(t, local, GetLink{Key: "page", Expires: time.Minute})
	head.Method = http.MethodHead
	if got := send(t, head, nil); got.status != http.StatusOK || got.header.Get("Content-Length") != "8" || got.header.Get("Content-Disposition") != "inline" {
		t.Errorf("HEAD = %+v", got)
	}
}

func TestABrowserMayUploadFromOurOriginsOnly(t *testing.T) {
	t.Parallel()
	local := serveLocal(t, nil, "https://app.example.com")
	put := presignPut(t, local, PutLink{Key: "cors", Size: 5, ContentType: "audio/wav", Expires: time.Minute})
	for origin, want := range map[string]string{
		"https://app.example.com":           "https://app.example.com",
		"https://app.example.com.evil.test": "",
		"http://app.example.com":            "",
	} {
		r := request(t, SignedRequest{Method: http.MethodOptions, URL: put.URL}, nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "PUT")
		r.Header.Set("Access-Control-Request-Headers", "content-type")
		got := do(t, r)
		if got.header.Get("Access-Control-Allow-Origin") != want || (want != "" && got.header.Get("Access-Control-Allow-Headers") != "content-type") {
			t.Errorf("preflight from %s = %v", origin, got.header)
		}
	}
	r := request(t, put, strings.NewReader("12345"))
	r.Header.Set("Origin", "https://app.example.com")
	got := do(t, r)
	if got.status != http.StatusOK || !strings.Contains(strings.ToLower(got.header.Get("Access-Control-Expose-Headers")), "etag") {
		t.Errorf("upload = %+v", got)
	}
}

func TestWithoutOriginsNoPageMayUseALink(t *testing.T) {
	t.Parallel()
	local := serveLocal(t, nil)
	store(t, local, "a", "x")
	r := request(t, presignGet(t, local, GetLink{Key: "a", Expires: time.Minute}), nil)
	r.Header.Set("Origin", "https://app.example.com")
	if got := do(t, r); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("headers = %v", got.header)
	}
}

func TestAFullDiskIsSaidAndLeavesNothing(t *testing.T) {
	t.Parallel()
	local := serveLocal(t, func(l *Local) {
		l.create = func(name string) (*os.File, error) {
			return nil, &os.PathError{Op: "open", Path: name, Err: syscall.ENOSPC}
		}
	})
	put := presignPut(t, local, PutLink{Key: "full", Size: 5, ContentType: "audio/wav", Expires: time.Minute})
	wantRefusal(t, "full", send(t, put, strings.NewReader("12345")), http.StatusInsufficientStorage)
	wantNothing(t, local, "full")
	wantNoLeftovers(t, local)
}

func TestAServerThatCannotCutASlowUploadTakesNone(t *testing.T) {
	t.Parallel()
	local := serveLocal(t, nil)
	put := presignPut(t, local, PutLink{Key: "a", Size: 5, ContentType: "audio/wav", Expires: time.Minute})
	answer := httptest.NewRecorder() // it has no deadlines
	local.Handler().ServeHTTP(answer, request(t, put, strings.NewReader("12345")))
	if answer.Code != http.StatusInternalServerError {
		t.Errorf("status %d", answer.Code)
	}
	wantNothing(t, local, "a")
}

func waitUntil(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !done(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited 10 seconds in vain until %s", what)
		}
	}
}

func wantRefusal(t *testing.T, name string, got answered, status int) {
	t.Helper()
	sentence := strings.TrimSuffix(got.body, "\n")
	if got.status != status || !strings.HasSuffix(sentence, ".") || strings.ContainsAny(sentence, "\n<{") {
		t.Errorf("%s: %d %q, want %d and a sentence", name, got.status, sentence, status)
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
