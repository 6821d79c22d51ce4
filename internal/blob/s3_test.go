package blob

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/testbucket"
)

func TestS3KeepsThePromisesOfABucket(t *testing.T) {
	t.Parallel()
	bucket := openS3(t, nil)
	bucketConformance(t, func() Bucket { return bucket })
}

func TestAWrongKeyOpensNothingAndIsNeverShown(t *testing.T) {
	t.Parallel()
	const secret = "wrong-secret-0123456789"
	bucket := openS3(t, func(c *S3Config) { c.SecretAccessKey = secret })
	_, put := bucket.Put(t.Context(), newKey(), "audio/wav", 1, strings.NewReader("x"))
	_, head := bucket.Head(t.Context(), newKey())
	_, open := bucket.Open(t.Context(), newKey(), 0, ToEnd)
	for door, err := range map[string]error{"Put": put, "Head": head, "Open": open, "Delete": bucket.Delete(t.Context(), newKey()), "AllowOrigins": bucket.AllowOrigins(t.Context(), []string{"https://app.example.com"})} {
		if err == nil || !strings.Contains(err.Error(), "403") || errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v, want 403", door, err)
		} else if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "ignature=") {
			t.Errorf("%s shows a secret: %v", door, err)
		}
	}
	link := presignPut(t, bucket, PutLink{Key: newKey(), Size: 1, ContentType: "audio/wav", Expires: time.Minute})
	wantStatus(t, send(t, link, strings.NewReader("x")), http.StatusForbidden)
}

func TestABucketThatIsNotThereIsNotAnEmptyOne(t *testing.T) {
	t.Parallel()
	bucket := openS3(t, func(c *S3Config) { c.Bucket = "elsewhere" })
	if _, err := bucket.Open(t.Context(), newKey(), 0, ToEnd); err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "NoSuchBucket") {
		t.Errorf("Open = %v, want NoSuchBucket", err)
	}
	if _, err := bucket.Put(t.Context(), newKey(), "audio/wav", 1, strings.NewReader("x")); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("Put = %v", err)
	}
}

func TestAnUploadLinkNamesAllThatIsSigned(t *testing.T) {
	t.Parallel()
	bucket := offline(t, "https://r2.example.com")
	link := presignPut(t, bucket, PutLink{Key: "a/b.wav", Size: 5, ContentType: "audio/wav", Expires: time.Hour})
	u, err := url.Parse(link.URL)
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Query().Get("X-Amz-SignedHeaders"); got != "content-length;content-type;host;if-none-match" {
		t.Errorf("signed headers: %s", got)
	}
	if u.Host != "r2.example.com" || u.Path != "/recordings/a/b.wav" || u.Query().Get("X-Amz-Expires") != "3600" {
		t.Errorf("link: %s", link.URL)
	}
	if left := time.Until(link.ExpiresAt); left > time.Hour || left < time.Hour-10*time.Second {
		t.Errorf("expires in %s", left)
	}
	if strings.Contains(link.URL, "the-secret") {
		t.Error("the link holds the secret")
	}
}

func TestABucketWithoutWhatItNeedsDoesNotOpen(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*S3Config){
		"no host":       func(c *S3Config) { c.Endpoint = "r2.example.com" },
		"another way":   func(c *S3Config) { c.Endpoint = "ftp://r2.example.com" },
		"with a bucket": func(c *S3Config) { c.Endpoint += "/recordings" },
		"no key":        func(c *S3Config) { c.AccessKeyID = "" },
		"no secret":     func(c *S3Config) { c.SecretAccessKey = "" },
		"no region":     func(c *S3Config) { c.Region = "" },
	} {
		cfg := S3Config{Endpoint: "https://r2.example.com", Region: "auto", Bucket: "recordings", AccessKeyID: "id", SecretAccessKey: "the-secret"}
		change(&cfg)
		if _, err := NewS3(cfg); err == nil || strings.Contains(err.Error(), "the-secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnAnswerThatOverlooksTheRangeIsRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		fmt.Fprint(w, "0123456789")
	}))
	t.Cleanup(server.Close)
	if _, err := offline(t, server.URL).Open(t.Context(), "a", 3, 4); err == nil {
		t.Error("the beginning was taken for the middle")
	}
}

func TestNothingIsAskedTwice(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	bucket := offline(t, server.URL)
	if _, err := bucket.Put(t.Context(), "a", "audio/wav", 1, strings.NewReader("x")); err == nil {
		t.Error("a busy server took an object")
	}
	if _, err := bucket.Head(t.Context(), "a"); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("Head at a busy server = %v", err)
	}
	if err := bucket.Delete(t.Context(), "a"); err == nil {
		t.Error("a busy server deleted an object")
	}
	if n := len(asked); n != 3 {
		t.Errorf("%d requests for three questions", n)
	}
}

// openS3 gives a bucket on a server that checks signatures.
func openS3(t *testing.T, change func(*S3Config)) *S3 {
	t.Helper()
	server := testbucket.New(t)
	cfg := S3Config{
		Endpoint: server.Endpoint, Region: server.Region, Bucket: server.Name,
		AccessKeyID: server.AccessKeyID, SecretAccessKey: server.SecretAccessKey,
	}
	if change != nil {
		change(&cfg)
	}
	bucket, err := NewS3(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

// offline is a bucket at an address that the test controls.
func offline(t *testing.T, endpoint string) *S3 {
	t.Helper()
	bucket, err := NewS3(S3Config{Endpoint: endpoint, Region: "auto", Bucket: "recordings", AccessKeyID: "id", SecretAccessKey: "the-secret"})
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}
