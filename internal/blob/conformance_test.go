package blob

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// bucketConformance is what every driver promises, spoken through Bucket and plain HTTP only. open gives a
// bucket whose links the test can reach; one bucket may serve all, keys are never used twice.
func bucketConformance(t *testing.T, open func() Bucket) {
	promises := map[string]func(*testing.T, Bucket){
		"a signed upload is stored and can be read back":     uploadIsReadBack,
		"a signed upload never replaces an object":           uploadNeverReplaces,
		"an upload of another size or type is refused":       uploadIsHeldToItsSignature,
		"an upload of other bytes than announced is refused": otherBytesAreRefused,
		"an upload that is cut off leaves nothing":           cutUploadLeavesNothing,
		"a link opens one key for one method until it ends":  linkOpensNothingElse,
		"a download answers ranges, name and type":           downloadAnswersRanges,
		"the server stores, replaces and deletes":            serverStoresReplacesDeletes,
		"a body that is not of the announced size is undone": wrongSizeIsUndone,
		"ranges are read exactly":                            rangesAreExact,
		"bad keys, types, sizes and expiries are refused":    badInputIsRefused,
	}
	for name, promise := range promises {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			promise(t, open())
		})
	}
}

func uploadIsReadBack(t *testing.T, b Bucket) {
	key, body := newKey(), "some sound"
	put := presignPut(t, b, PutLink{Key: key, Size: int64(len(body)), ContentType: "audio/wav", Expires: time.Minute})
	got := send(t, put, strings.NewReader(body))
	wantStatus(t, got, http.StatusOK)

	about, err := b.Head(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if about.Size != int64(len(body)) || about.ContentType != "audio/wav" || about.Key != key || about.StoredAt.IsZero() {
		t.Errorf("Head = %+v", about)
	}
	if tag := got.header.Get("ETag"); tag == "" || tag != about.ETag {
		t.Errorf("ETag of the upload = %q, of Head = %q", tag, about.ETag)
	}
	get := presignGet(t, b, GetLink{Key: key, Expires: time.Minute})
	if got := send(t, get, nil); got.status != http.StatusOK || got.body != body || got.header.Get("Content-Type") != "audio/wav" {
		t.Errorf("download = %+v", got)
	}
}

func uploadNeverReplaces(t *testing.T, b Bucket) {
	key := newKey()
	put := presignPut(t, b, PutLink{Key: key, Size: 5, ContentType: "audio/wav", Expires: time.Minute})
	wantStatus(t, send(t, put, strings.NewReader("first")), http.StatusOK)
	wantStatus(t, send(t, put, strings.NewReader("other")), http.StatusPreconditionFailed)
	wantObject(t, b, key, "first")
}

func uploadIsHeldToItsSignature(t *testing.T, b Bucket) {
	for name, change := range map[string]func(*http.Request){
		"larger":       func(r *http.Request) { setBody(r, "123456") },
		"smaller":      func(r *http.Request) { setBody(r, "1234") },
		"without size": func(r *http.Request) { r.ContentLength = -1 },
		"another type": func(r *http.Request) { r.Header.Set("Content-Type", "text/html") },
		"without type": func(r *http.Request) { r.Header.Del("Content-Type") },
	} {
		key := newKey()
		put := presignPut(t, b, PutLink{Key: key, Size: 5, ContentType: "audio/wav", Expires: time.Minute})
		r := request(t, put, strings.NewReader("12345"))
		change(r)
		if got := do(t, r); got.status < 400 || got.status >= 500 {
			t.Errorf("%s: status %d, want a refusal", name, got.status)
		}
		wantNothing(t, b, key)
	}
}

func otherBytesAreRefused(t *testing.T, b Bucket) {
	key, sum := newKey(), sha256.Sum256([]byte("right"))
	put := presignPut(t, b, PutLink{Key: key, Size: 5, ContentType: "audio/wav", SHA256: sum[:], Expires: time.Minute})
	if got := send(t, put, strings.NewReader("wrong")); got.status < 400 || got.status >= 500 {
		t.Errorf("other bytes: status %d, want a refusal", got.status)
	}
	wantNothing(t, b, key)
	if len(put.Headers) > 2 { // whoever makes the checksum fit the bytes has no signature for it
		other, r := sha256.Sum256([]byte("wrong")), request(t, put, strings.NewReader("wrong"))
		r.Header.Set(checksumHeader, base64.StdEncoding.EncodeToString(other[:]))
		wantStatus(t, do(t, r), http.StatusForbidden)
		r = request(t, put, strings.NewReader("wrong"))
		r.Header.Del(checksumHeader)
		wantStatus(t, do(t, r), http.StatusForbidden)
		wantNothing(t, b, key)
	}
	wantStatus(t, send(t, put, strings.NewReader("right")), http.StatusOK)
	wantObject(t, b, key, "right")
}

func cutUploadLeavesNothing(t *testing.T, b Bucket) {
	key := newKey()
	put := presignPut(t, b, PutLink{Key: key, Size: 1 << 20, ContentType: "audio/wav", Expires: time.Minute})
	broken := io.MultiReader(strings.NewReader("the beginning"), failing{errors.New("the browser tab was closed")})
	r := request(t, put, broken)
	r.ContentLength = 1 << 20
	if answer, err := http.DefaultClient.Do(r); err == nil {
		answer.Body.Close()
		t.Fatalf("status %d for half an upload", answer.StatusCode)
	}
	wantNothing(t, b, key)
	// The link still works for the second attempt.
	whole := strings.Repeat("x", 1<<20)
	wantStatus(t, send(t, put, strings.NewReader(whole)), http.StatusOK)
}

func linkOpensNothingElse(t *testing.T, b Bucket) {
	key, other := newKey(), newKey()
	store(t, b, key, "mine")
	store(t, b, other, "theirs")
	get := presignGet(t, b, GetLink{Key: key, Expires: time.Minute})
	put := presignPut(t, b, PutLink{Key: newKey(), Size: 4, ContentType: "audio/wav", Expires: time.Minute})

	for name, r := range map[string]SignedRequest{
		"put with a link to get":  {Method: http.MethodPut, URL: get.URL, Headers: put.Headers},
		"get with a link to put":  {Method: http.MethodGet, URL: put.URL},
		"delete":                  {Method: http.MethodDelete, URL: get.URL},
		"another key":             {Method: http.MethodGet, URL: strings.Replace(get.URL, key, other, 1)},
		"another parameter":       {Method: http.MethodGet, URL: get.URL + "&type=text%2Fhtml"},
		"without a signature":     {Method: http.MethodGet, URL: strings.SplitN(get.URL, "?", 2)[0]},
		"with half the signature": {Method: http.MethodGet, URL: get.URL[:len(get.URL)-20]},
	} {
		var body io.Reader
		if r.Method == http.MethodPut {
			body = strings.NewReader("evil")
		}
		if got := send(t, r, body); got.status < 400 || got.status >= 500 {
			t.Errorf("%s: status %d, want a refusal", name, got.status)
		}
	}
	wantObject(t, b, key, "mine")
	wantStatus(t, send(t, get, nil), http.StatusOK)
}

func downloadAnswersRanges(t *testing.T, b Bucket) {
	key := newKey()
	store(t, b, key, "0123456789")
	get := presignGet(t, b, GetLink{Key: key, Expires: time.Minute, Filename: "Gespräch 1.wav", ContentType: "audio/x-wav"})
	r := request(t, get, nil)
	r.Header.Set("Range", "bytes=2-4")
	got := do(t, r)
	if got.status != http.StatusPartialContent || got.body != "234" || got.header.Get("Content-Range") != "bytes 2-4/10" {
		t.Errorf("range = %+v", got)
	}
	if got.header.Get("Content-Type") != "audio/x-wav" || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("headers = %v", got.header)
	}
	missing := presignGet(t, b, GetLink{Key: newKey(), Expires: time.Minute})
	wantStatus(t, send(t, missing, nil), http.StatusNotFound)
}

func serverStoresReplacesDeletes(t *testing.T, b Bucket) {
	key := newKey()
	store(t, b, key, "one")
	wantObject(t, b, key, "one")
	if _, err := b.Put(t.Context(), key, "audio/mpeg", SizeUnknown, strings.NewReader("second")); err != nil {
		t.Fatal(err)
	}
	wantObject(t, b, key, "second")
	for range 2 { // a job that runs again must not fail
		if err := b.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	wantNothing(t, b, key)
	if _, err := b.Open(t.Context(), key, 0, ToEnd); !errors.Is(err, ErrNotFound) {
		t.Errorf("Open of what was deleted: %v, want ErrNotFound", err)
	}
}

func wrongSizeIsUndone(t *testing.T, b Bucket) {
	for _, size := range []int64{4, 6} {
		key := newKey()
		if _, err := b.Put(t.Context(), key, "audio/wav", size, strings.NewReader("12345")); !errors.Is(err, ErrSize) {
			t.Errorf("5 bytes announced as %d: %v, want ErrSize", size, err)
		}
		wantNothing(t, b, key)
	}
	key, cause := newKey(), errors.New("the provider hung up")
	if _, err := b.Put(t.Context(), key, "audio/wav", 100, failing{cause}); !errors.Is(err, cause) {
		t.Errorf("Put = %v, want the cause", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Put(ctx, key, "audio/wav", 5, strings.NewReader("12345")); !errors.Is(err, context.Canceled) {
		t.Errorf("Put after the caller left = %v, want context.Canceled", err)
	}
	wantNothing(t, b, key)
}

func rangesAreExact(t *testing.T, b Bucket) {
	key := newKey()
	store(t, b, key, "0123456789")
	for _, c := range []struct {
		offset, length int64
		want           string
	}{{0, ToEnd, "0123456789"}, {0, 3, "012"}, {7, 3, "789"}, {7, 100, "789"}, {9, ToEnd, "9"}} {
		body, err := b.Open(t.Context(), key, c.offset, c.length)
		if err != nil {
			t.Fatalf("Open(%d, %d): %v", c.offset, c.length, err)
		}
		got, err := io.ReadAll(body)
		if err := errors.Join(err, body.Close()); err != nil || string(got) != c.want {
			t.Errorf("Open(%d, %d) = %q, %v, want %q", c.offset, c.length, got, err, c.want)
		}
	}
	for _, offset := range []int64{-1, 10, 11} {
		if _, err := b.Open(t.Context(), key, offset, 1); !errors.Is(err, ErrRange) {
			t.Errorf("Open at %d: %v, want ErrRange", offset, err)
		}
	}
	at, piece := ReaderAt(t.Context(), b, key), make([]byte, 4)
	if n, err := at.ReadAt(piece, 3); n != 4 || err != nil || string(piece) != "3456" {
		t.Errorf("ReadAt(3) = %d, %v, %q", n, err, piece)
	}
	if n, err := at.ReadAt(piece, 8); n != 2 || !errors.Is(err, io.EOF) {
		t.Errorf("ReadAt(8) = %d, %v, want 2 and EOF", n, err)
	}
}

func badInputIsRefused(t *testing.T, b Bucket) {
	for _, key := range []string{"", "/", "a/", "/a", "a//b", "..", "../a", "a/../b", "a/.hidden", "a\x00b", "a\nb", "a b", "a+b", "a%2e", "ä", `a\b`, strings.Repeat("k", MaxKey+1)} {
		_, put := b.PresignPut(t.Context(), PutLink{Key: key, Size: 1, ContentType: "audio/wav", Expires: time.Minute})
		_, get := b.PresignGet(t.Context(), GetLink{Key: key, Expires: time.Minute})
		_, head := b.Head(t.Context(), key)
		_, open := b.Open(t.Context(), key, 0, ToEnd)
		_, store := b.Put(t.Context(), key, "audio/wav", 1, strings.NewReader("x"))
		for door, err := range map[string]error{"PresignPut": put, "PresignGet": get, "Head": head, "Open": open, "Put": store, "Delete": b.Delete(t.Context(), key)} {
			if err == nil || errors.Is(err, ErrNotFound) {
				t.Errorf("%s took the key %q: %v", door, key, err)
			}
		}
	}
	good := PutLink{Key: newKey(), Size: 1, ContentType: "audio/wav", Expires: time.Minute}
	for name, change := range map[string]func(*PutLink){
		"no bytes":      func(in *PutLink) { in.Size = 0 },
		"too many":      func(in *PutLink) { in.Size = MaxSize + 1 },
		"no type":       func(in *PutLink) { in.ContentType = "" },
		"a header line": func(in *PutLink) { in.ContentType = "audio/wav\r\nX: y" },
		"no time":       func(in *PutLink) { in.Expires = 0 },
		"too long":      func(in *PutLink) { in.Expires = MaxExpiry + time.Second },
	} {
		in := good
		change(&in)
		if _, err := b.PresignPut(t.Context(), in); err == nil {
			t.Errorf("a link was signed for an upload of %s", name)
		}
	}
	if _, err := b.PresignGet(t.Context(), GetLink{Key: newKey(), Expires: time.Minute, Filename: "a\r\nb"}); err == nil {
		t.Error("a link was signed for a file name with a line break")
	}
}
