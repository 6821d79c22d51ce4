// Package blob is the bucket: objects under keys that the server chose, and signed links with which a
// browser or a provider moves bytes without passing through our API. A driver keeps the promises that
// the conformance test states: Local in a folder, S3 at any server of that protocol.
package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"regexp"
	"strings"
	"time"
)

// Bucket stores private objects. All methods may be used by many goroutines at once.
type Bucket interface {
	// PresignPut makes a link that stores exactly one object of that size, type and, where it is given,
	// SHA-256, once: it never replaces an object (412).
	PresignPut(ctx context.Context, in PutLink) (SignedRequest, error)
	// PresignGet makes a link that reads an object, whole or by ranges. The object need not exist yet.
	PresignGet(ctx context.Context, in GetLink) (SignedRequest, error)
	// Head says what is stored. Errors: ErrNotFound.
	Head(ctx context.Context, key string) (Object, error)
	// Open reads length bytes from offset, or fewer where the object ends; ToEnd reads all the rest. The
	// caller closes it. Errors: ErrNotFound, ErrRange.
	Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	// Put stores an object that the server itself made or fetched, and replaces one of the same key. size
	// is what body must hold to the byte, or SizeUnknown. Errors: ErrSize; then nothing is stored.
	Put(ctx context.Context, key, contentType string, size int64, body io.Reader) (Object, error)
	// Delete removes an object; that there is none is no error, so that a job may run again.
	Delete(ctx context.Context, key string) error
}

// Object is what is known of a stored object.
type Object struct {
	Key         string    `json:"key"`
	Size        int64     `json:"size"` // bytes
	ContentType string    `json:"contentType"`
	SHA256      string    `json:"sha256"` // hex; empty where the driver was not told
	ETag        string    `json:"etag"`   // with its quotes; equal tags mean equal bytes
	StoredAt    time.Time `json:"storedAt"`
}

// PutLink is what a signed upload is held to.
type PutLink struct {
	Key         string
	Size        int64 // bytes, 1 to MaxSize
	ContentType string
	SHA256      []byte        // of the bytes; nil: any bytes
	Expires     time.Duration // up to MaxExpiry; the upload must begin by then
}

// GetLink is what a signed download gives.
type GetLink struct {
	Key         string
	Expires     time.Duration // up to MaxExpiry
	Filename    string        // when set, a browser saves the object under this name
	ContentType string        // when set, answered instead of the stored type
}

// SignedRequest is a request that anyone who holds it may send. It is a secret until it expires.
type SignedRequest struct {
	Method    string
	URL       string
	Headers   []Header // to be sent exactly like this, or the signature does not fit
	ExpiresAt time.Time
}

// Header is one header of a signed request.
type Header struct{ Name, Value string }

const (
	// ToEnd as a length reads the rest of the object.
	ToEnd = -1
	// SizeUnknown as a size stores whatever the body holds, up to MaxSize.
	SizeUnknown = -1
	// MaxSize is the largest single PUT that S3 and R2 take.
	MaxSize = 5 << 30
	// MaxExpiry is the longest that S3 and R2 let a signed link live.
	MaxExpiry = 7 * 24 * time.Hour
	// MaxKey is the longest file name of common file systems; S3 would take 1024 bytes.
	MaxKey = 255
	// maxText bounds content types and file names, which end up in URLs and headers.
	maxText = 255
)

var (
	// ErrNotFound is the answer for a key under which nothing is stored.
	ErrNotFound = errors.New("no such object")
	// ErrRange is the answer for a range that begins outside the object.
	ErrRange = errors.New("range outside the object")
	// ErrSize is the answer for a body that is not as long as announced, or longer than MaxSize.
	ErrSize = errors.New("the body is not of the announced size")
)

// keyPattern leaves out all that means something to a file system, a URL or a header. Parts between
// slashes do not begin with a dot, so that there is neither traversal nor a hidden file.
var keyPattern = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)

// checkKey says what is wrong with a key. Keys are made by the server, so a bad one is our bug.
func checkKey(key string) error {
	if len(key) > MaxKey || !keyPattern.MatchString(key) {
		return fmt.Errorf("object key %.80q: want at most %d letters, digits, - _ . and / between names", key, MaxKey)
	}
	return nil
}

// checkType keeps out what could not be a header's value.
func checkType(contentType string) error {
	if len(contentType) > maxText {
		return fmt.Errorf("content type of %d bytes: at most %d", len(contentType), maxText)
	}
	if _, _, err := mime.ParseMediaType(contentType); err != nil || hasControl(contentType) {
		return fmt.Errorf("content type %q is not a media type", contentType)
	}
	return nil
}

func checkExpiry(d time.Duration) error {
	if d < time.Second || d > MaxExpiry {
		return fmt.Errorf("signed link for %s: want 1s to %s", d, MaxExpiry)
	}
	return nil
}

func checkPut(key, contentType string, size int64) error {
	if size > MaxSize || size < SizeUnknown {
		return fmt.Errorf("storing object: %w: %d bytes announced", ErrSize, size)
	}
	return errors.Join(checkKey(key), checkType(contentType))
}

func (in PutLink) check() error {
	if in.Size < 1 || in.Size > MaxSize {
		return fmt.Errorf("signed upload of %d bytes: want 1 to %d", in.Size, int64(MaxSize))
	}
	if n := len(in.SHA256); n != 0 && n != sha256.Size {
		return fmt.Errorf("signed upload with a SHA-256 of %d bytes", n)
	}
	return errors.Join(checkKey(in.Key), checkType(in.ContentType), checkExpiry(in.Expires))
}

func (in GetLink) check() error {
	problems := []error{checkKey(in.Key), checkExpiry(in.Expires)}
	if in.ContentType != "" {
		problems = append(problems, checkType(in.ContentType))
	}
	if len(in.Filename) > maxText || hasControl(in.Filename) {
		problems = append(problems, fmt.Errorf("file name %.80q: want at most %d printable bytes", in.Filename, maxText))
	}
	return errors.Join(problems...)
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
