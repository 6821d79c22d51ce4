//go:build !unix

package testbucket

import "context"

// lock lets everybody in: at worst the program is built twice, and the last rename wins.
func lock(context.Context, string) (unlock func(), err error) { return func() {}, nil }
