package blob

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// checksumHeader carries the SHA-256 of a body, in base64.
const checksumHeader = "x-amz-checksum-sha256"

// PresignPut makes a link for one upload. Type, length and If-None-Match are part of the signature, so
// whoever sends anything else has a link that opens nothing. If-None-Match is what refuses a second upload:
// Amazon, R2, MinIO and versitygw heed it; of a server that does not, `switchboard doctor` says so. The same
// holds for the checksum, to which the bucket compares what arrives before it keeps it.
func (s *S3) PresignPut(ctx context.Context, in PutLink) (SignedRequest, error) {
	if err := in.check(); err != nil {
		return SignedRequest{}, err
	}
	sent := []Header{{"Content-Type", in.ContentType}, {"If-None-Match", "*"}}
	if len(in.SHA256) > 0 {
		sent = append(sent, Header{checksumHeader, base64.StdEncoding.EncodeToString(in.SHA256)})
	}
	// Content-Length is signed and not sent by name: it follows from the body, and a browser lets no script set it.
	headers := http.Header{"Content-Length": {strconv.FormatInt(in.Size, 10)}}
	for _, h := range sent {
		headers.Set(h.Name, h.Value)
	}
	signed, err := s.sign(ctx, http.MethodPut, in.Key, in.Expires, nil, headers)
	signed.Headers = sent
	return signed, err
}

// PresignGet makes a link for reading.
func (s *S3) PresignGet(ctx context.Context, in GetLink) (SignedRequest, error) {
	if err := in.check(); err != nil {
		return SignedRequest{}, err
	}
	query := url.Values{}
	if in.Filename != "" {
		query.Set("response-content-disposition", disposition(in.Filename))
	}
	if in.ContentType != "" {
		query.Set("response-content-type", in.ContentType)
	}
	return s.sign(ctx, http.MethodGet, in.Key, in.Expires, query, nil)
}

func (s *S3) sign(ctx context.Context, method, key string, expires time.Duration, query url.Values, headers http.Header) (SignedRequest, error) {
	at := time.Now().Add(expires).Truncate(time.Second) // before the library looks at the clock: never too late
	link, err := s.core.PresignHeader(ctx, method, s.bucket, key, expires, query, headers)
	if err != nil {
		return SignedRequest{}, fmt.Errorf("signing link: %w", told(err))
	}
	return SignedRequest{Method: method, URL: link.String(), ExpiresAt: at.UTC()}, nil
}
