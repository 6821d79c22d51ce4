package test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// installed gives a folder with the pinned packages of folder, put once a machine into the user's cache. The
// lock file is in its name, so that other versions are installed beside it.
func installed(t *testing.T, folder string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	lock, err := os.ReadFile(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	parent := filepath.Join(cache, "switchboard")
	final := filepath.Join(parent, fmt.Sprintf("%s-%.8x", folder, sha256.Sum256(lock)))
	if _, err := os.Stat(final); err == nil {
		return final
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	work, err := os.MkdirTemp(parent, "installing-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(work)
	for _, name := range []string{"package.json", "package-lock.json"} {
		raw, err := os.ReadFile(filepath.Join(folder, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(work, name), raw, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(within(t), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = work
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("installing the packages of %s with npm: %v\n%s", folder, err, out)
	}
	if err := os.Rename(work, final); err != nil && !errors.Is(err, os.ErrExist) { // else another run was faster
		t.Fatal(err)
	}
	return final
}
