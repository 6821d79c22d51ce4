package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	dataName  = "data"
	aboutName = "about.json"
	// staleAfter is far beyond what any upload may pause (idleTimeout), so a sweep never takes the work of
	// another process that shares the folder.
	staleAfter = time.Hour
)

// errExists is the answer for a second upload under one key.
var errExists = errors.New("the object exists")

// store streams body to the disk and then, in one step, under its key. Whatever fails, nothing of it
// stays. about.Size may be SizeUnknown; about.SHA256 is what the bytes have to have, where it is given.
func (l *Local) store(about Object, body io.Reader, replace bool) (Object, error) {
	dir, err := os.MkdirTemp(l.tmp, "put-")
	if err != nil {
		return Object{}, fmt.Errorf("storing object: %w", err)
	}
	defer os.RemoveAll(dir) // after the rename there is nothing left here
	about, err = l.writeData(filepath.Join(dir, dataName), about, body)
	if err != nil {
		return Object{}, fmt.Errorf("storing object: %w", err)
	}
	if err := l.writeAbout(filepath.Join(dir, aboutName), about); err != nil {
		return Object{}, fmt.Errorf("storing object: %w", err)
	}
	if err := l.commit(dir, about.Key, replace); err != nil {
		return Object{}, fmt.Errorf("storing object: %w", err)
	}
	return about, nil
}

// writeData holds one small buffer, whatever the object's size, and fills in what only the bytes can tell.
func (l *Local) writeData(name string, about Object, body io.Reader) (Object, error) {
	file, err := l.create(name)
	if err != nil {
		return about, err
	}
	defer file.Close()
	limit := about.Size
	if limit == SizeUnknown {
		limit = MaxSize
	}
	sum := sha256.New()
	// One byte more than the limit tells a body that is too long from one that just fits.
	n, err := io.Copy(io.MultiWriter(file, sum), io.LimitReader(body, limit+1))
	if err != nil {
		return about, err
	}
	if n > limit || (about.Size != SizeUnknown && n != about.Size) {
		return about, fmt.Errorf("%w: %d bytes of %d", ErrSize, n, limit)
	}
	announced := about.SHA256
	about.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if announced != "" && announced != about.SHA256 {
		return about, errSum
	}
	about.Size, about.StoredAt = n, l.now().UTC()
	about.ETag = `"` + about.SHA256 + `"`
	return about, file.Sync()
}

func (l *Local) writeAbout(name string, about Object) error {
	raw, err := json.Marshal(about)
	if err != nil {
		return err
	}
	file, err := l.create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Write(raw); err != nil {
		return err
	}
	return file.Sync()
}

// commit moves a complete directory to its key. Rename refuses a target that exists, so of two uploads
// of one key exactly one wins.
func (l *Local) commit(dir, key string, replace bool) error {
	if err := syncDir(dir); err != nil {
		return err
	}
	l.moving.Lock()
	defer l.moving.Unlock()
	if replace {
		old, err := l.setAside(key)
		if err != nil {
			return err
		}
		defer os.RemoveAll(old)
	}
	if err := os.Rename(dir, l.dir(key)); errors.Is(err, fs.ErrExist) {
		return errExists
	} else if err != nil {
		return err
	}
	return syncDir(l.objects)
}

// setAside takes an object out of sight and says where it went, for the caller to remove; a process that
// ends in between leaves that to the sweep. The caller holds moving.
func (l *Local) setAside(key string) (string, error) {
	aside, err := os.MkdirTemp(l.tmp, "old-")
	if err != nil {
		return "", err
	}
	err = os.Rename(l.dir(key), filepath.Join(aside, "object"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", errors.Join(err, os.Remove(aside))
	}
	return aside, nil
}

// sweep removes what processes that ended in the middle of an upload left behind.
func (l *Local) sweep() error {
	left, err := os.ReadDir(l.tmp)
	if err != nil {
		return fmt.Errorf("sweeping bucket: %w", err)
	}
	for _, entry := range left {
		path := filepath.Join(l.tmp, entry.Name())
		if l.now().Sub(touched(path)) < staleAfter {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("sweeping bucket: %w", err)
		}
	}
	return nil
}

// touched is when the last byte came in; the directory's own time is only that of its last file name.
func touched(dir string) time.Time {
	for _, path := range []string{filepath.Join(dir, dataName), dir} {
		if info, err := os.Stat(path); err == nil {
			return info.ModTime()
		}
	}
	return time.Time{}
}

func createPrivate(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// syncDir makes the names in a directory survive a loss of power.
func syncDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
