package blob

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/cors"
)

func TestPagesOfOurOriginsMayUploadOnceTheyAreAllowed(t *testing.T) {
	t.Parallel()
	bucket := openS3(t, nil)
	ours, others := []string{"https://app.example.com", "http://localhost:3000"}, "https://other.example.com"
	if err := bucket.core.SetBucketCors(t.Context(), bucket.bucket, cors.NewConfig([]cors.Rule{{ID: "theirs", AllowedOrigin: []string{others}, AllowedMethod: []string{"GET"}}})); err != nil {
		t.Fatal(err)
	}
	if err := bucket.CheckOrigins(t.Context(), ours); err == nil || strings.Count(err.Error(), "cannot upload") != 2 {
		t.Errorf("before: %v, want both refused", err)
	}
	for range 2 { // the second time nothing is there twice
		if err := bucket.AllowOrigins(t.Context(), ours); err != nil {
			t.Fatal(err)
		}
	}
	if err := bucket.CheckOrigins(t.Context(), ours); err != nil {
		t.Errorf("after: %v", err)
	}
	if err := bucket.CheckOrigins(t.Context(), []string{"https://app.example.com.evil.test"}); err == nil {
		t.Error("another page may upload")
	}
	there, err := bucket.core.GetBucketCors(t.Context(), bucket.bucket)
	if err != nil || len(there.CORSRules) != 2 || there.CORSRules[1].ID != "theirs" {
		t.Errorf("rules: %+v, %v", there, err)
	}
	put := request(t, presignPut(t, bucket, PutLink{Key: newKey(), Size: 5, ContentType: "audio/wav", Expires: time.Minute}), strings.NewReader("12345"))
	put.Header.Set("Origin", ours[0])
	got := do(t, put)
	if got.status != http.StatusOK || got.header.Get("Access-Control-Allow-Origin") != ours[0] || !lists(got.header, "Access-Control-Expose-Headers", "ETag") {
		t.Errorf("upload = %+v", got)
	}
	for _, origins := range [][]string{nil, {"*"}, {"https://*.example.com"}, {"https://app.example.com/"}} {
		if err := bucket.AllowOrigins(t.Context(), origins); err == nil {
			t.Errorf("%v were allowed", origins)
		}
	}
}
