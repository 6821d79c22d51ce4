package database

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// programs is a folder with postgres and initdb.
type programs struct {
	dir   string
	major int
}

// search says where to look for the programs.
type search struct {
	place
	cache string // the folder of fetched programs
	globs []string
	fetch func(ctx context.Context, cache string, say func(string, ...any)) (dir string, err error)
	say   func(string, ...any)
}

// oldestMajor is the first version that copies a template database file by file, which the tests need.
const oldestMajor = 15

// systemFolders are where Debian, Fedora, Homebrew and Postgres.app put the programs; only Debian's
// wrappers are in the PATH.
var systemFolders = []string{
	"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin", "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// programsFolder is where fetched programs stay, whatever home asked for them: tests use a new one each time.
func programsFolder(where place) string {
	caches, err := os.UserCacheDir()
	if err != nil {
		return where.dir
	}
	folder, err := settle(filepath.Join(caches, "switchboard"), func(string, ...any) {})
	if err != nil {
		return where.dir
	}
	return folder.dir
}

// find prefers programs that can read data which is already there, then the PATH, then the newest.
func (s search) find(ctx context.Context) (programs, error) {
	found := s.installed(ctx)
	for _, p := range found {
		if _, err := os.Stat(filepath.Join(s.dir, fmt.Sprintf("data-%d", p.major))); err == nil {
			return p, nil
		}
	}
	if len(found) == 0 {
		dir, err := s.fetch(ctx, s.cache, s.say)
		if err != nil {
			return programs{}, fmt.Errorf("no Postgres %d or newer is installed, and fetching one failed (%w): run apt-get install postgresql or brew install postgresql@17, or set DATABASE_URL", oldestMajor, err)
		}
		p, err := s.examine(ctx, dir)
		if err != nil {
			return programs{}, fmt.Errorf("the fetched Postgres does not run: %w: run apt-get install postgresql or brew install postgresql@17, or set DATABASE_URL", err)
		}
		found = []programs{p}
	}
	if old, err := filepath.Glob(filepath.Join(s.dir, "data-[0-9]*[0-9]")); err == nil && len(old) > 0 {
		s.say("the data in %s is of another version than the installed Postgres %d and stays as it is; this one begins empty", strings.Join(old, ", "), found[0].major)
	}
	return found[0], nil
}

func (s search) installed(ctx context.Context) []programs {
	var first, rest []programs
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			if p, err := s.examine(ctx, filepath.Dir(path)); err == nil {
				first = append(first, p)
			}
		}
	}
	for _, glob := range append(slices.Clone(s.globs), filepath.Join(s.cache, npmFolder, npmPrograms)) {
		folders, err := filepath.Glob(glob)
		if err != nil {
			continue
		}
		for _, dir := range folders {
			if p, err := s.examine(ctx, dir); err == nil {
				rest = append(rest, p)
			}
		}
	}
	slices.SortStableFunc(rest, func(a, b programs) int { return b.major - a.major })
	return append(first, rest...)
}

// examine asks the programs for their version, as the user who will run them.
func (s search) examine(ctx context.Context, dir string) (programs, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return programs{}, err
	}
	output, err := s.command(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return programs{}, fmt.Errorf("asking for the version: %w", err)
	}
	major, err := majorOf(string(output))
	if err == nil && major < oldestMajor {
		err = fmt.Errorf("version %d is too old", major)
	}
	return programs{dir: dir, major: major}, err
}

// majorOf reads "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", and "19beta1" too.
func majorOf(version string) (int, error) {
	_, number, _ := strings.Cut(version, "(PostgreSQL) ")
	end := strings.IndexFunc(number, func(r rune) bool { return r < '0' || r > '9' })
	if end < 1 {
		return 0, errors.New("this is not the version of a Postgres")
	}
	return strconv.Atoi(number[:end])
}
