package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/config"
)

// probe is what doctor stores and removes again.
const probe = "ok"

// checkBucket stores, reads and removes a few bytes, and sends some by a signed link as a browser would.
func checkBucket(ctx context.Context, c config.Config) (err error) {
	bucket, err := bucketToCheck(c)
	if err != nil {
		return err
	}
	own, sent := "doctor/"+uuid.NewString(), "doctor/"+uuid.NewString()
	defer func() {
		err = errors.Join(err, bucket.Delete(ctx, own), bucket.Delete(ctx, sent))
	}()
	if _, err := bucket.Put(ctx, own, "text/plain", int64(len(probe)), strings.NewReader(probe)); err != nil {
		return err
	}
	body, err := bucket.Open(ctx, own, 0, blob.ToEnd)
	if err != nil {
		return err
	}
	read, err := io.ReadAll(io.LimitReader(body, int64(len(probe))+1))
	if err := errors.Join(err, body.Close()); err != nil {
		return fmt.Errorf("reading what was stored: %w", err)
	}
	if string(read) != probe {
		return errors.New("what was stored reads back as something else")
	}
	if c.UsesR2() { // the folder's links need a running service
		return checkUpload(ctx, bucket, sent)
	}
	return nil
}

// bucketToCheck needs no session secret: whatever signs, the folder is the same.
func bucketToCheck(c config.Config) (blob.Bucket, error) {
	if c.UsesR2() {
		return openR2(c)
	}
	return blob.NewLocal(blob.LocalConfig{
		Dir: c.Blobs(), BaseURL: c.PublicURL() + "/blobs", Key: bytes.Repeat([]byte("0"), blob.MinKey), Now: time.Now,
	})
}

// checkUpload sends other bytes than announced, then the right ones, twice: a server that overlooks the checksum
// keeps whatever comes, one that overlooks If-None-Match lets a link replace what is there.
func checkUpload(ctx context.Context, bucket blob.Bucket, key string) error {
	sum := sha256.Sum256([]byte(probe))
	link, err := bucket.PresignPut(ctx, blob.PutLink{Key: key, Size: int64(len(probe)), ContentType: "text/plain", SHA256: sum[:], Expires: time.Minute})
	if err != nil {
		return err
	}
	for _, try := range []struct {
		body string
		want int
	}{{strings.ToUpper(probe), http.StatusBadRequest}, {probe, http.StatusOK}, {probe, http.StatusPreconditionFailed}} {
		got, err := sendBy(ctx, link, try.body)
		if err != nil {
			return err
		}
		if got != try.want {
			return fmt.Errorf("a signed upload is answered with %d instead of %d: the bucket's server has to check signed headers, x-amz-checksum-sha256 and If-None-Match", got, try.want)
		}
	}
	return nil
}

// sendBy sends a body by a signed link and gives the status of the answer.
func sendBy(ctx context.Context, link blob.SignedRequest, body string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, link.Method, link.URL, strings.NewReader(body))
	if err != nil {
		return 0, errors.New("the signed link is not an address")
	}
	for _, h := range link.Headers {
		request.Header.Set(h.Name, h.Value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("sending by a signed link: %w", withoutLink(err))
	}
	return answer.StatusCode, answer.Body.Close()
}

// withoutLink takes the signed address out of an error.
func withoutLink(err error) error {
	var sent *url.Error
	if errors.As(err, &sent) {
		return sent.Err
	}
	return err
}

// checkOrigins asks whether the web app's pages may upload. The folder is served by us, who know them.
func (d doctorCommand) checkOrigins(ctx context.Context, c config.Config) error {
	if !c.UsesR2() {
		return nil
	}
	bucket, err := openR2(c)
	if err != nil {
		return err
	}
	refused := bucket.CheckOrigins(ctx, c.Origins())
	if refused == nil {
		return nil
	}
	if !d.Fix {
		return fmt.Errorf("%w (switchboard doctor --fix allows it)", refused)
	}
	if err := bucket.AllowOrigins(ctx, c.Origins()); err != nil {
		return fmt.Errorf("%w (it takes a key that may change the bucket: an admin token of R2, s3:PutBucketCORS at Amazon)", err)
	}
	fmt.Println("fixed  the bucket's CORS, within half a minute, for", strings.Join(c.Origins(), ", "))
	return nil
}
