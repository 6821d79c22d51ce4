package blob

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLocalKeepsThePromisesOfABucket(t *testing.T) {
	t.Parallel()
	local := serveLocal(t, nil)
	bucketConformance(t, func() Bucket { return local })
}

func TestObjectsSurviveARestartWithTheirChecksum(t *testing.T) {
	t.Parallel()
	cfg := LocalConfig{Dir: t.TempDir(), BaseURL: "http://localhost/blobs/", Key: testKey(), Now: time.Now}
	before, err := NewLocal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	store(t, before, "org_1/rec_1", "hello")

	after, err := NewLocal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	about, err := after.Head(t.Context(), "org_1/rec_1")
	sum := sha256.Sum256([]byte("hello"))
	if err != nil || about.SHA256 != hex.EncodeToString(sum[:]) || about.ContentType != "audio/wav" {
		t.Errorf("Head = %+v, %v", about, err)
	}
	wantObject(t, after, "org_1/rec_1", "hello")
}

func TestAKeyAndAKeyBelowItAreTwoObjects(t *testing.T) {
	t.Parallel()
	local := serveLocal(t, nil)
	store(t, local, "a", "one")
	store(t, local, "a/b", "two")
	wantObject(t, local, "a", "one")
	wantObject(t, local, "a/b", "two")
}

func TestStartSweepsOnlyWhatIsStale(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"put-old", "put-live", "old-emptied"} {
		if err := os.MkdirAll(filepath.Join(dir, "tmp", name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * staleAfter)
	for name, at := range map[string]time.Time{"put-old": long, "put-live": time.Now()} {
		data := filepath.Join(dir, "tmp", name, dataName)
		if err := os.WriteFile(data, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(data, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(dir, "tmp", "old-emptied"), long, long); err != nil {
		t.Fatal(err)
	}

	if _, err := NewLocal(LocalConfig{Dir: dir, BaseURL: "http://localhost/blobs", Key: testKey(), Now: time.Now}); err != nil {
		t.Fatal(err)
	}

	left, err := os.ReadDir(filepath.Join(dir, "tmp"))
	if err != nil || len(left) != 1 || left[0].Name() != "put-live" {
		t.Errorf("left in tmp: %v, %v, want only put-live", left, err)
	}
}

func TestABucketThatCannotBeSafeDoesNotOpen(t *testing.T) {
	t.Parallel()
	good := LocalConfig{Dir: t.TempDir(), BaseURL: "http://localhost/blobs", Key: testKey(), Origins: []string{"https://app.example.com"}, Now: time.Now}
	if _, err := NewLocal(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*LocalConfig){
		"short key":          func(c *LocalConfig) { c.Key = c.Key[:MinKey-1] },
		"no host":            func(c *LocalConfig) { c.BaseURL = "/blobs" },
		"not the web":        func(c *LocalConfig) { c.BaseURL = "file:///tmp" },
		"every origin":       func(c *LocalConfig) { c.Origins = []string{"*"} },
		"a wildcard":         func(c *LocalConfig) { c.Origins = []string{"https://*.example.com"} },
		"an origin's prefix": func(c *LocalConfig) { c.Origins = []string{"https://app.example.com/"} },
		"a file as folder":   func(c *LocalConfig) { c.Dir = os.Args[0] },
	} {
		cfg := good
		change(&cfg)
		if _, err := NewLocal(cfg); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

// serveLocal gives a bucket whose links work over loopback.
func serveLocal(t *testing.T, change func(*Local), origins ...string) *Local {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	local, err := NewLocal(LocalConfig{
		Dir: t.TempDir(), BaseURL: "http://" + server.Listener.Addr().String() + "/blobs",
		Key: testKey(), Origins: origins, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(local)
	}
	mux := http.NewServeMux()
	mux.Handle("/blobs/", local.Handler())
	server.Config.Handler = mux
	// Shorter than any transfer should need to respect: the handler sets its own deadlines.
	server.Config.ReadTimeout, server.Config.WriteTimeout = time.Minute, time.Minute
	server.Start()
	t.Cleanup(server.Close)
	return local
}

func testKey() []byte { return bytes.Repeat([]byte("k"), MinKey) }

func wantNoLeftovers(t *testing.T, l *Local) {
	t.Helper()
	left, err := os.ReadDir(l.tmp)
	if err != nil || len(left) > 0 {
		names := []string{}
		for _, entry := range left {
			names = append(names, entry.Name())
		}
		t.Errorf("left in tmp: %s, %v", strings.Join(names, " "), err)
	}
}
