package speech

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAModelIsInstalledOnceHoweverManyAskAtOnce(t *testing.T) {
	t.Parallel()
	p, calls := smallModel(t)
	dir := filepath.Join(t.TempDir(), "state", "model")
	done := make(chan error, 4)
	for range cap(done) {
		go func() { done <- p.install(t.Context(), dir, func(string) {}) }()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := fileText(t, calls); got != "pack a-model@1\n" || !p.installed(dir) {
		t.Errorf("npm was asked %q", got)
	}
	wantFiles(t, dir, ".lock", "LICENSE", "encoder")
}

func TestADamagedModelIsInstalledAgain(t *testing.T) {
	t.Parallel()
	p, _ := smallModel(t)
	dir := t.TempDir()
	for _, content := range []string{"cut", "WEIGHTS", strings.Repeat("x", 100)} {
		if err := os.WriteFile(filepath.Join(dir, "encoder"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if p.installed(dir) {
			t.Errorf("%q passed for the model", content)
		}
		if err := p.install(t.Context(), dir, func(string) {}); err != nil || fileText(t, filepath.Join(dir, "encoder")) != "weights" {
			t.Errorf("install over %q: %v", content, err)
		}
	}
}

func TestATarballPutThereByHandNeedsNoNpm(t *testing.T) {
	t.Parallel()
	p, calls := smallModel(t)
	dir := t.TempDir()
	if err := os.Rename(filepath.Join(filepath.Dir(calls), p.tarball), filepath.Join(dir, p.tarball)); err != nil {
		t.Fatal(err)
	}
	p.npm = filepath.Join(dir, "no-npm")
	if err := p.install(t.Context(), dir, func(string) { t.Error("said that it fetches") }); err != nil || !p.installed(dir) {
		t.Errorf("install = %v", err)
	}
}

func TestAnotherPackageIsRefusedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	p, calls := smallModel(t)
	if err := os.WriteFile(filepath.Join(filepath.Dir(calls), p.tarball), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := p.install(t.Context(), dir, func(string) {}); err == nil || !strings.Contains(err.Error(), "not the pinned package") {
		t.Errorf("install = %v", err)
	}
	wantFiles(t, dir, ".lock")
}

func TestWithoutNpmTheErrorSaysWhatToRun(t *testing.T) {
	t.Parallel()
	p, _ := smallModel(t)
	p.npm = filepath.Join(t.TempDir(), "npm")
	if err := p.install(t.Context(), t.TempDir(), func(string) {}); err == nil || !strings.Contains(err.Error(), "npm is not installed") {
		t.Errorf("install = %v", err)
	}
	dir := t.TempDir()
	_, err := Open(dir)
	if err == nil || !strings.Contains(err.Error(), `run "npm pack @moonshine-ai/moonshine-js@0.1.29"`) || !strings.Contains(err.Error(), dir) {
		t.Errorf("Open = %v", err)
	}
	if Installed(dir) {
		t.Error("an empty folder passed for the model")
	}
}

func TestNpmsComplaintIsPassedOn(t *testing.T) {
	t.Parallel()
	p, _ := smallModel(t)
	p.npm = script(t, "echo no network >&2; exit 1")
	if err := p.install(t.Context(), t.TempDir(), func(string) {}); err == nil || !strings.Contains(err.Error(), "no network") {
		t.Errorf("install = %v", err)
	}
}

func TestWhoWaitsForAnInstallationMayGiveUp(t *testing.T) {
	t.Parallel()
	p, _ := smallModel(t)
	dir := t.TempDir()
	unlock, err := lock(t.Context(), filepath.Join(dir, ".lock"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := p.install(ctx, dir, func(string) {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("install = %v", err)
	}
	unlock()
	if err := p.install(t.Context(), dir, func(string) {}); err != nil {
		t.Error(err)
	}
}

// smallModel is a model of two files, and an npm that packs it and notes each call in the file calls. The
// tarball lies beside that file.
func smallModel(t *testing.T) (p pinned, calls string) {
	t.Helper()
	dir := t.TempDir()
	calls = filepath.Join(dir, "calls")
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	add := func(name, content string) modelFile {
		err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))})
		if _, writing := archive.Write([]byte(content)); err != nil || writing != nil {
			t.Fatal(err, writing)
		}
		sum := sha256.Sum256([]byte(content))
		return modelFile{name: filepath.Base(name), from: name, size: len(content), sha256: hex.EncodeToString(sum[:])}
	}
	add("package/../../escaped", "not wanted")
	p = pinned{spec: "a-model@1", tarball: "a-model-1.tgz", files: []modelFile{add("package/encoder", "weights"), add("package/LICENSE", "free")}}
	if err := errors.Join(archive.Close(), zipped.Close(), os.WriteFile(filepath.Join(dir, p.tarball), packed.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(packed.Bytes())
	p.size, p.integrity = packed.Len(), base64.StdEncoding.EncodeToString(sum[:])
	p.npm = script(t, `echo "$1 $2" >> "`+calls+`"; cp "`+filepath.Join(dir, p.tarball)+`" .`)
	return p, calls
}

// script is a program that a test stands in for another with.
func script(t *testing.T, body string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	// Written and closed by another process: a fork of this one while the file is open would make it busy.
	if err := writeProgram(name, "#!/bin/sh\n"+body+"\n"); err != nil {
		t.Fatal(err)
	}
	return name
}

func fileText(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%v holds %v, want %v", dir, got, want)
	}
}
