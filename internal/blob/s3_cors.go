package blob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/cors"
)

// corsRule is our rule's name in the bucket: the next AllowOrigins replaces it and leaves the others alone.
const corsRule = "switchboard"

// scriptHeaders are what a page sends with a link of PresignPut.
var scriptHeaders = []string{"content-type", "if-none-match", checksumHeader}

// AllowOrigins lets pages of these origins, and no others by our rule, use links from scripts. It needs a
// key that may change the bucket, not only its objects.
func (s *S3) AllowOrigins(ctx context.Context, origins []string) error {
	if err := checkOrigins(origins); err != nil {
		return fmt.Errorf("setting CORS: %w", err)
	}
	if len(origins) == 0 {
		return errors.New("setting CORS: no origins are given")
	}
	there, err := s.core.GetBucketCors(ctx, s.bucket)
	if err != nil {
		return fmt.Errorf("reading CORS: %w", told(err))
	}
	rules := []cors.Rule{{ // first, because the first rule that fits decides
		ID: corsRule, AllowedOrigin: origins, AllowedMethod: []string{http.MethodPut, http.MethodGet, http.MethodHead},
		AllowedHeader: append([]string{"range"}, scriptHeaders...), ExposeHeader: []string{"ETag", "Content-Range", "Accept-Ranges"}, MaxAgeSeconds: preflightAge,
	}}
	if there != nil {
		for _, rule := range there.CORSRules {
			if rule.ID != corsRule {
				rules = append(rules, rule)
			}
		}
	}
	if err := s.core.SetBucketCors(ctx, s.bucket, cors.NewConfig(rules)); err != nil {
		return fmt.Errorf("setting CORS: %w", told(err))
	}
	return nil
}

// CheckOrigins asks as a browser would whether pages of these origins may upload. Reading the bucket's rules
// would need a stronger key, and would not say what the server makes of them.
func (s *S3) CheckOrigins(ctx context.Context, origins []string) error {
	link, err := s.core.PresignHeader(ctx, http.MethodPut, s.bucket, "preflight", time.Minute, nil, nil)
	if err != nil {
		return fmt.Errorf("signing link: %w", told(err))
	}
	var refused []error
	for _, origin := range origins {
		if err := s.preflight(ctx, link.String(), origin); err != nil {
			refused = append(refused, fmt.Errorf("pages of %s cannot upload: %w", origin, err))
		}
	}
	return errors.Join(refused...)
}

func (s *S3) preflight(ctx context.Context, address, origin string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodOptions, address, nil)
	if err != nil {
		return withoutURL(err)
	}
	request.Header.Set("Origin", origin)
	request.Header.Set("Access-Control-Request-Method", http.MethodPut)
	request.Header.Set("Access-Control-Request-Headers", strings.Join(scriptHeaders, ","))
	answer, err := s.direct.Do(request)
	if err != nil {
		return withoutURL(err)
	}
	defer answer.Body.Close()
	if allowed := answer.Header.Get("Access-Control-Allow-Origin"); answer.StatusCode >= 300 || (allowed != origin && allowed != "*") {
		return fmt.Errorf("the bucket's CORS does not name them (status %d)", answer.StatusCode)
	}
	if !lists(answer.Header, "Access-Control-Allow-Methods", "PUT") {
		return errors.New("the bucket's CORS does not allow PUT")
	}
	for _, name := range scriptHeaders {
		if !lists(answer.Header, "Access-Control-Allow-Headers", name) {
			return fmt.Errorf("the bucket's CORS does not allow the header %s", name)
		}
	}
	return nil
}

// lists says whether a header with commas holds a word, or a star for all of them.
func lists(header http.Header, name, word string) bool {
	for part := range strings.SplitSeq(strings.Join(header.Values(name), ","), ",") {
		if part = strings.TrimSpace(part); part == "*" || strings.EqualFold(part, word) {
			return true
		}
	}
	return false
}
