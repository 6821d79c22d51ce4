package blob

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// LocalConfig is what a bucket in a folder needs.
type LocalConfig struct {
	Dir     string   // made when it is not there
	BaseURL string   // where Handler is reached from outside, e.g. http://localhost:4000/blobs
	Key     []byte   // signs links, at least MinKey bytes
	OldKeys [][]byte // still open links that they signed: a new Key ends none
	Origins []string // whole web origins that may use links from scripts, e.g. https://app.example.com
	Now     func() time.Time
}

// MinKey is the block that HMAC-SHA256 gains its full strength from, in bytes.
const MinKey = 32

// Local is a bucket in a folder: objects/<key>/ holds an object's bytes and what is known of them, tmp/
// what is not complete. A directory moves from one to the other by a single rename, so an object is
// there whole or not at all.
type Local struct {
	objects, tmp string
	base         *url.URL
	keys         [][]byte // the first signs, all open
	origins      []string
	now          func() time.Time
	// create and idle are fields so that a test can meet a full disk and a stalled client.
	create func(name string) (*os.File, error)
	idle   time.Duration
	// moving lets Put replace an object by two renames without a reader seeing the moment between.
	moving sync.RWMutex
}

var _ Bucket = (*Local)(nil)

// NewLocal opens the folder, and clears away what an earlier process left half written.
func NewLocal(cfg LocalConfig) (*Local, error) {
	base, err := url.Parse(strings.TrimSuffix(cfg.BaseURL, "/"))
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" || base.RawQuery != "" {
		return nil, fmt.Errorf("opening bucket: base URL %q is not http(s)://host/path", cfg.BaseURL)
	}
	keys := append([][]byte{cfg.Key}, cfg.OldKeys...)
	for _, key := range keys {
		if len(key) < MinKey {
			return nil, fmt.Errorf("opening bucket: signing key of %d bytes, want at least %d", len(key), MinKey)
		}
	}
	if err := checkOrigins(cfg.Origins); err != nil {
		return nil, fmt.Errorf("opening bucket: %w", err)
	}
	l := &Local{
		objects: filepath.Join(cfg.Dir, "objects"), tmp: filepath.Join(cfg.Dir, "tmp"),
		base: base, keys: keys, origins: cfg.Origins, now: cfg.Now,
		create: createPrivate, idle: idleTimeout,
	}
	for _, dir := range []string{l.objects, l.tmp} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("opening bucket: %w", err)
		}
	}
	return l, l.sweep()
}

// Head says what is stored under key.
func (l *Local) Head(_ context.Context, key string) (Object, error) {
	file, about, err := l.open(key)
	if err != nil {
		return Object{}, err
	}
	return about, file.Close()
}

// Open reads a range of the object under key.
func (l *Local) Open(_ context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	file, about, err := l.open(key)
	if err != nil {
		return nil, err
	}
	if offset < 0 || offset >= about.Size || (length < 1 && length != ToEnd) {
		file.Close()
		return nil, fmt.Errorf("opening object: %w: %d bytes from %d of %d", ErrRange, length, offset, about.Size)
	}
	if length == ToEnd || length > about.Size-offset {
		length = about.Size - offset
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(file, offset, length), file}, nil
}

// Put stores what the server made.
func (l *Local) Put(ctx context.Context, key, contentType string, size int64, body io.Reader) (Object, error) {
	if err := checkPut(key, contentType, size); err != nil {
		return Object{}, err
	}
	about := Object{Key: key, Size: size, ContentType: contentType}
	return l.store(about, untilDone{ctx, body}, true)
}

// Delete removes the object under key.
func (l *Local) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	l.moving.Lock()
	gone, err := l.setAside(key)
	l.moving.Unlock()
	if err != nil {
		return fmt.Errorf("deleting object: %w", err)
	}
	return os.RemoveAll(gone)
}

// open gives the bytes and what is known of them; the caller closes the file.
func (l *Local) open(key string) (*os.File, Object, error) {
	if err := checkKey(key); err != nil {
		return nil, Object{}, err
	}
	l.moving.RLock()
	defer l.moving.RUnlock()
	var about Object
	raw, err := os.ReadFile(filepath.Join(l.dir(key), aboutName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, about, ErrNotFound
	}
	if err != nil {
		return nil, about, fmt.Errorf("opening object: %w", err)
	}
	if err := json.Unmarshal(raw, &about); err != nil {
		return nil, about, fmt.Errorf("opening object: reading what is known of it: %w", err)
	}
	file, err := os.Open(filepath.Join(l.dir(key), dataName))
	if err != nil {
		return nil, about, fmt.Errorf("opening object: %w", err)
	}
	return file, about, nil
}

// dir is flat: with a tree, the keys "a" and "a/b" would want a file and a directory of the same name.
// A plus sign is in no key.
func (l *Local) dir(key string) string {
	return filepath.Join(l.objects, strings.ReplaceAll(key, "/", "+"))
}

func checkOrigins(origins []string) error {
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme+"://"+u.Host != origin || u.Host == "" || strings.Contains(origin, "*") {
			return fmt.Errorf("web origin %q is not scheme://host", origin)
		}
	}
	return nil
}

// untilDone stops a copy whose caller has gone.
type untilDone struct {
	ctx  context.Context
	body io.Reader
}

func (r untilDone) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.body.Read(p)
}
