package config

import (
	"errors"
	"strings"
	"testing"
)

// inR2 is a good environment with a bucket.
func inR2(changes ...string) map[string]string {
	return with(append([]string{"R2_ENDPOINT=https://0123.r2.cloudflarestorage.com", "R2_ACCESS_KEY_ID=4b1d", "R2_SECRET_ACCESS_KEY=c0ffee"}, changes...)...)
}

func TestABucketIsNamedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	if c := load(t, good()); c.UsesR2() || c.R2Bucket != "recordings" || c.R2Region != "auto" {
		t.Errorf("without R2: %v, %s, %s", c.UsesR2(), c.R2Bucket, c.R2Region)
	}
	c := load(t, inR2())
	if err := c.Check(); err != nil || !c.UsesR2() || len(c.Warnings()) > 0 {
		t.Errorf("with R2: %v, %v, %v", c.UsesR2(), err, c.Warnings())
	}
	for _, spoiled := range []string{"R2_ENDPOINT", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY"} {
		_, err := Load(inR2(spoiled + "="))
		var problems Problems
		if !errors.As(err, &problems) || len(problems) != 1 || !strings.HasPrefix(problems[0], spoiled+" missing") || !strings.Contains(problems[0], "all or none") {
			t.Errorf("without %s: %v", spoiled, err)
		}
		if strings.Contains(err.Error(), "c0ffee") {
			t.Errorf("without %s the secret is shown: %v", spoiled, err)
		}
	}
	if _, err := Load(with("R2_ENDPOINT=https://0123.r2.cloudflarestorage.com")); err == nil || !strings.Contains(err.Error(), "R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY missing") {
		t.Errorf("with an endpoint alone: %v", err)
	}
}

func TestABucketsEndpointIsAnAddressWithoutTheBucket(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"0123.r2.cloudflarestorage.com", "https://0123.r2.cloudflarestorage.com/recordings", "https://id:c0ffee@0123.r2.cloudflarestorage.com", "s3://recordings"} {
		if _, err := Load(inR2("R2_ENDPOINT=" + endpoint)); err == nil || !strings.Contains(err.Error(), "R2_ENDPOINT must be") || strings.Contains(err.Error(), "c0ffee") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	load(t, inR2("R2_ENDPOINT=https://0123.r2.cloudflarestorage.com/"))
	if err := load(t, inR2("R2_ENDPOINT=http://r2.example.com")).Check(); err == nil || !strings.Contains(err.Error(), "R2_ENDPOINT must begin with https://") {
		t.Errorf("without https: %v", err)
	}
	if err := load(t, inR2("R2_ENDPOINT=http://localhost:9000")).Check(); err != nil {
		t.Errorf("on this machine: %v", err)
	}
	wantWarning(t, load(t, inR2("BLOB_DIR=blobs")), "R2_ENDPOINT wins")
}

func TestTheProviderFetchesFromR2AlsoWhereNoWebhookCanCome(t *testing.T) {
	t.Parallel()
	const here, there, r2 = "http://localhost:8080", "https://api.example.com", "https://0123.r2.cloudflarestorage.com"
	for _, c := range []struct {
		public, bucket, provider, mode string
		uploads, polls                 bool
	}{
		{there, "", "https://api.assemblyai.com", "auto", false, false},
		{here, "", "https://api.assemblyai.com", "auto", true, true},
		{here, r2, "https://api.assemblyai.com", "auto", false, true},
		{there, r2, "https://api.assemblyai.com", "auto", false, false},
		{there, "http://localhost:9000", "https://api.assemblyai.com", "auto", true, false},
		{here, "http://localhost:9000", "https://api.assemblyai.com", "auto", true, true},
		{here, "http://localhost:9000", "http://localhost:9999", "auto", false, false},
		{there, r2, "https://api.assemblyai.com", "always", true, true},
		{here, r2, "https://api.assemblyai.com", "never", false, false},
	} {
		environ := with("BACKEND_URL="+c.public, "ASSEMBLYAI_BASE_URL="+c.provider, "ASSEMBLYAI_UPLOAD="+c.mode)
		if c.bucket != "" {
			environ = inR2("R2_ENDPOINT="+c.bucket, "BACKEND_URL="+c.public, "ASSEMBLYAI_BASE_URL="+c.provider, "ASSEMBLYAI_UPLOAD="+c.mode)
		}
		if got := load(t, environ); got.UploadsAudio() != c.uploads || got.PollsProvider() != c.polls {
			t.Errorf("%v: uploads %v, polls %v", c, got.UploadsAudio(), got.PollsProvider())
		}
	}
}
