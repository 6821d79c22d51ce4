package blob

import (
	"testing"

	"github.com/switchboard-voice/switchboard/internal/devstack/testbucket"
)

func TestS3KeepsThePromisesOfABucket(t *testing.T) {
	t.Parallel()
	bucket := openS3(t, nil)
	bucketConformance(t, func() Bucket { return bucket })
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
