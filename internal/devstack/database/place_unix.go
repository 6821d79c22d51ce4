//go:build linux || darwin

package database

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the unprivileged user that runs Postgres when we are root, which Postgres refuses to be.
type account struct{ uid, gid uint32 }

// stateDir is for root's databases whose home the unprivileged user cannot enter.
const stateDir = "/var/lib/switchboard"

// settle makes the folder and chooses the user.
func settle(home string, say func(string, ...any)) (place, error) {
	if err := os.MkdirAll(home, 0o755); err != nil {
		return place{}, sentence(fmt.Errorf("making the database's folder: %w", err), home)
	}
	if os.Geteuid() != 0 {
		return place{dir: home}, nil
	}
	as, err := unprivileged(home)
	if err != nil {
		return place{}, err
	}
	here := place{dir: home, as: as}
	if here.entered() {
		return here, nil
	}
	// The hash keeps the databases of two checkouts apart.
	sum := sha256.Sum256([]byte(home))
	there := place{dir: filepath.Join(stateDir, hex.EncodeToString(sum[:6])), as: as}
	if err := os.MkdirAll(there.dir, 0o755); err != nil {
		return place{}, sentence(fmt.Errorf("making the database's folder: %w", err), there.dir)
	}
	if !there.entered() {
		return place{}, fmt.Errorf("the user that runs Postgres (uid %d) can enter neither %s nor %s: allow one (chmod o+x), or do not run as root", as.uid, home, there.dir)
	}
	say("the database is in %s: Postgres does not run as root, and its user cannot enter %s", there.dir, home)
	return there, nil
}

// unprivileged is the owner of the data that is there, else the user that packages of Postgres make, else nobody.
func unprivileged(home string) (*account, error) {
	folders, _ := filepath.Glob(filepath.Join(home, "data-*", keptName))
	for _, path := range folders {
		var stat syscall.Stat_t
		if syscall.Stat(path, &stat) == nil && stat.Uid != 0 {
			return &account{stat.Uid, stat.Gid}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return &account{uint32(uid), uint32(gid)}, nil
		}
	}
	return nil, errors.New("Postgres does not run as root, and there is no user postgres or nobody to run it: add one (useradd --system postgres), or do not run as root")
}

// entered tries it: permissions, access lists and mounts all have a say.
func (p place) entered() bool {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	return p.command(ctx, "/bin/sh", "-c", ":").Run() == nil
}

// give hands a file to the user that runs Postgres.
func (p place) give(path string) error {
	if p.as == nil {
		return nil
	}
	return os.Chown(path, int(p.as.uid), int(p.as.gid))
}

func (p place) detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if p.as != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: p.as.uid, Gid: p.as.gid}
	}
}

// lockFile is nil when another process, or another server of this one, holds the lock. The system frees
// it when its holder dies.
func lockFile(path string) (io.Closer, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, err
}

// roomOn is how many bytes fit on the file system of a folder; 0 when there is no such folder.
func roomOn(dir string) uint64 {
	var stat syscall.Statfs_t
	if syscall.Statfs(dir, &stat) != nil {
		return 0
	}
	return stat.Bavail * uint64(stat.Bsize)
}

func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// interrupt asks for Postgres's fast shutdown, quit for the immediate one.
func interrupt(pid int) error { return syscall.Kill(pid, syscall.SIGINT) }
func quit(pid int) error      { return syscall.Kill(pid, syscall.SIGQUIT) }
