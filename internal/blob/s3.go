package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3Config is what a bucket behind the S3 protocol needs: Amazon's, R2's, or another server's that checks
// signed headers and knows If-None-Match.
type S3Config struct {
	Endpoint        string // scheme://host, without the bucket
	Region          string // "auto" for R2
	Bucket          string
	AccessKeyID     string
	SecretAccessKey string
}

// askTimeout is for a question without a body. S3 answers in well under a second; who waits is a person
// or a job that is tried again.
const askTimeout = 20 * time.Second

// S3 is a bucket at Amazon, R2 or a server like theirs. No request is repeated here: jobs are, and know how far they came.
type S3 struct {
	core   *minio.Core
	direct *http.Client // for questions that are not signed
	bucket string
}

var _ Bucket = (*S3)(nil)

// NewS3 asks nothing of the network, so that a service starts while its bucket is away.
func NewS3(cfg S3Config) (*S3, error) {
	endpoint, err := url.Parse(strings.TrimSuffix(cfg.Endpoint, "/"))
	if err != nil || (endpoint.Scheme != "http" && endpoint.Scheme != "https") || endpoint.Host == "" || endpoint.Path != "" || endpoint.RawQuery != "" {
		return nil, errors.New("opening bucket: the endpoint is not http(s)://host") // not shown: it may hold a password
	}
	if cfg.AccessKeyID == "" || cfg.SecretAccessKey == "" || cfg.Region == "" {
		return nil, errors.New("opening bucket: access key, secret and region must be there") // else requests go unsigned
	}
	transport := transport(idleTimeout)
	core, err := minio.NewCore(endpoint.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(cfg.AccessKeyID, cfg.SecretAccessKey, ""),
		Secure: endpoint.Scheme == "https", Region: cfg.Region, Transport: transport, MaxRetries: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("opening bucket: %w", err)
	}
	return &S3{core: core, direct: &http.Client{Transport: transport, Timeout: askTimeout}, bucket: cfg.Bucket}, nil
}

// Head says what is stored under key.
func (s *S3) Head(ctx context.Context, key string) (Object, error) {
	if err := checkKey(key); err != nil {
		return Object{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	info, err := s.core.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return Object{}, fmt.Errorf("looking for object: %w", told(err))
	}
	return Object{Key: key, Size: info.Size, ContentType: info.ContentType, ETag: quoted(info.ETag), StoredAt: info.LastModified.UTC()}, nil
}

// Open reads a range of the object under key.
func (s *S3) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if offset < 0 || (length < 1 && length != ToEnd) {
		return nil, fmt.Errorf("opening object: %w: %d bytes from %d", ErrRange, length, offset)
	}
	span := fmt.Sprintf("bytes=%d-", offset)
	if length != ToEnd {
		span += fmt.Sprint(offset + length - 1)
	}
	var options minio.GetObjectOptions
	options.Set("Range", span)
	body, _, header, err := s.core.GetObject(ctx, s.bucket, key, options)
	if err != nil {
		return nil, fmt.Errorf("opening object: %w", told(err))
	}
	// A server or a proxy that overlooks the range would have us take the beginning for the middle.
	if !strings.HasPrefix(header.Get("Content-Range"), fmt.Sprintf("bytes %d-", offset)) {
		return nil, errors.Join(errors.New("opening object: the bucket overlooked the range"), body.Close())
	}
	return body, nil
}

// Delete removes the object under key.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	err := told(s.core.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("deleting object: %w", err)
	}
	return nil
}

// told turns the library's errors into ours. Of an answer it keeps status and code only: its text is
// somebody else's, and may repeat what was sent.
func told(err error) error {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) {
		switch answer.Code {
		case minio.NoSuchKey:
			return ErrNotFound
		case minio.InvalidRange:
			return ErrRange
		}
		return fmt.Errorf("the bucket answered %d %s", answer.StatusCode, answer.Code)
	}
	return withoutURL(err)
}

// withoutURL drops the address, which in a signed link is as good as a password.
func withoutURL(err error) error {
	var sent *url.Error
	if errors.As(err, &sent) {
		return sent.Err
	}
	return err
}

// quoted writes a tag as HTTP does; the library takes the quotes off.
func quoted(tag string) string { return `"` + strings.Trim(tag, `"`) + `"` }
