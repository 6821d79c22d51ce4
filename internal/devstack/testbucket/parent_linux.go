package testbucket

import (
	"os/exec"
	"syscall"
)

// endWithParent keeps no server running behind a test program that was killed or ran out of time.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
