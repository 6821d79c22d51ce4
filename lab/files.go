package lab

import (
	"fmt"
	"syscall"
)

// descriptors is what 10,000 connections take here, and as many in the server, which inherits it.
const descriptors = 16_000

// Raise lets this process, and the servers that it starts, open as many files as a crowd takes.
func Raise() error {
	var now syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &now); err != nil {
		return fmt.Errorf("reading the limit of open files: %w", err)
	}
	if now.Max < descriptors {
		return fmt.Errorf("this takes %d open files and the hard limit is %d: raise it (ulimit -Hn)", descriptors, now.Max)
	}
	now.Cur = max(now.Cur, descriptors)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &now); err != nil {
		return fmt.Errorf("raising the limit of open files: %w", err)
	}
	return nil
}
