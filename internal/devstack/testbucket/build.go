package testbucket

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	version = "v1.8.0"
	module  = "github.com/versity/versitygw/cmd/versitygw@" + version
	// buildTimeout is for the first time: the build takes 185 seconds of one processor, and others may build
	// beside it.
	buildTimeout = 9 * time.Minute
)

// build gives the server's program. Of several processes that want it at once, one builds.
func build(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "switchboard", "versitygw-"+version[1:])
	program := filepath.Join(dir, "versitygw")
	if there(program) {
		return program, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(ctx, filepath.Join(dir, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if there(program) {
		return program, nil
	}
	return program, install(ctx, dir, program)
}

// install builds aside and moves: a build that is cut off leaves nothing that looks like the program.
func install(ctx context.Context, dir, program string) error {
	aside, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(aside)
	cmd := exec.CommandContext(ctx, "go", "install", "-trimpath", "-ldflags=-s -w", module)
	cmd.Dir = aside // its own dependencies, not ours
	cmd.Env = append(os.Environ(), "GOBIN="+aside, "GOFLAGS=", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go install %s (it needs the module proxy once): %w\n%s", module, err, out)
	}
	return os.Rename(filepath.Join(aside, "versitygw"), program)
}

func there(program string) bool {
	info, err := os.Stat(program)
	return err == nil && info.Mode().IsRegular()
}
