// Package testbucket gives a test an S3 server with one empty bucket: versitygw, which unlike the small
// imitations checks signatures, signed headers and conditions. It is built from the module proxy once for
// each user and kept in their cache.
package testbucket

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

const (
	// startTimeout is for a server that takes 100 ms on an idle machine.
	startTimeout = 30 * time.Second
	// starts bounds how often a port is chosen: between our choice and the server's opening it, another
	// process may take it.
	starts = 5
	// healthPath is not the name of a bucket.
	healthPath = "/testbucket-health"
)

// Bucket is where the server is and how to sign for it.
type Bucket struct {
	Endpoint, Region, Name       string
	AccessKeyID, SecretAccessKey string
}

// New starts a server that ends with the test.
func New(t testing.TB) Bucket {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), buildTimeout)
	defer cancel()
	program, err := build(ctx)
	if err != nil {
		t.Fatalf("building the S3 server for the test: %v", err)
	}
	b := Bucket{Region: "auto", Name: "recordings", AccessKeyID: "id" + rand.Text(), SecretAccessKey: "secret" + rand.Text()}
	files, about := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(files, b.Name), 0o700); err != nil {
		t.Fatal(err)
	}
	for range starts {
		if b.Endpoint, err = start(t, program, files, about, b); err == nil {
			return b
		}
	}
	t.Fatalf("starting the S3 server for the test: %v", err)
	return b
}

// start runs one server until the test ends, or gives an error when it does not come up.
func start(t testing.TB, program, files, about string, b Bucket) (endpoint string, err error) {
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	// What is known of an object goes beside it into files: not every file system has attributes.
	cmd := exec.Command(program, "--port", address, "--region", b.Region, "--health", healthPath, "--keep-alive", "--quiet", "posix", "--sidecar", about, files)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+b.AccessKeyID, "ROOT_SECRET_ACCESS_KEY="+b.SecretAccessKey)
	var output bytes.Buffer // read only after the process has ended
	cmd.Stdout, cmd.Stderr = &output, &output
	endWithParent(cmd)
	if err := cmd.Start(); err != nil {
		return "", err
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	stop := func() {
		_ = cmd.Process.Kill()
		<-exited
	}
	if err := ready("http://"+address+healthPath, exited); err != nil {
		stop()
		return "", fmt.Errorf("%w: %s", err, output.String())
	}
	t.Cleanup(stop)
	return "http://" + address, nil
}

func ready(address string, exited <-chan struct{}) error {
	client := &http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); {
		answer, err := client.Get(address)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-exited:
			return fmt.Errorf("it ended at its start")
		case <-tick.C:
		}
	}
	return fmt.Errorf("it does not answer within %s", startTimeout)
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)), nil
}
