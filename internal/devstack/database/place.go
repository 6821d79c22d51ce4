package database

import (
	"context"
	"os/exec"
)

// place is the folder of a cluster and the user that runs it.
type place struct {
	dir string
	as  *account // nil: our own user
}

// command runs a program there, as that user, in a session of its own: Ctrl-C in a terminal is for us,
// and we stop the server when we need it no more. Our environment stays out: PGPORT or PGDATA would
// change what is run.
func (p place) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + p.dir, "LC_ALL=C"}
	p.detach(cmd)
	return cmd
}
