package main

import (
	"net/http"
	"time"

	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/config"
)

// openBucket opens R2 where it is configured, else a folder. links serves the folder's signed links; those of
// R2 lead there.
func openBucket(c config.Config) (bucket blob.Bucket, links http.Handler, err error) {
	if c.UsesR2() {
		bucket, err = openR2(c)
		return bucket, nil, err
	}
	keys, err := derive(c, "switchboard bucket links")
	if err != nil {
		return nil, nil, err
	}
	local, err := blob.NewLocal(blob.LocalConfig{
		Dir: c.Blobs(), BaseURL: c.PublicURL() + "/blobs", Key: keys[0], OldKeys: keys[1:], Origins: c.Origins(), Now: time.Now,
	})
	if err != nil {
		return nil, nil, err
	}
	return local, local.Handler(), nil
}

func openR2(c config.Config) (*blob.S3, error) {
	return blob.NewS3(blob.S3Config{
		Endpoint: c.R2Endpoint, Region: c.R2Region, Bucket: c.R2Bucket, AccessKeyID: c.R2AccessKeyID, SecretAccessKey: c.R2SecretAccessKey,
	})
}
