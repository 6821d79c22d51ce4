package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// strangers connect and send nothing, and then half a request.
	strangers = 10_000
	// maxHeaders is the server's time for a request line and its headers, with time for 10,000 to go.
	maxHeaders = 5*time.Second + 5*time.Second
	// maxBesides is what a request may take while strangers hold their connections.
	maxBesides = 250 * time.Millisecond
	// maxConnection is the memory of one, in KB: two buffers of 4 KB, two stacks.
	maxConnection = 30
)

func idle(ctx context.Context, l *stage) error {
	files, err := l.Server.Descriptors()
	if err != nil {
		return err
	}
	for _, c := range []struct{ what, says string }{
		{"nothing at all", ""},
		{"half a request", "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"},
	} {
		if err := l.hold(ctx, c.what, c.says); err != nil {
			return err
		}
		err = lab.Eventually(ctx, "the descriptors to come back", func() (bool, error) {
			n, err := l.Server.Descriptors()
			return n <= files+10, err
		})
		l.promise(err == nil, "descriptors come back")
	}
	return nil
}

// hold opens the connections, asks for something besides, and waits until the server has ended them all.
func (l *stage) hold(ctx context.Context, what, says string) error {
	before, err := l.Server.Resident()
	if err != nil {
		return err
	}
	began := time.Now()
	conns, err := connect(l.Server.Address, says)
	defer func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}()
	if err != nil {
		return err
	}
	opened := time.Since(began)
	after, err := l.Server.Resident()
	if err != nil {
		return err
	}
	each := float64(after-before) / strangers / 1000
	l.saw("%d connections that send %s were open within %s", strangers, what, opened.Round(10*time.Millisecond))
	l.promise(each < maxConnection, "memory: %.1f KB a connection (less than %d)", each, maxConnection)
	slowest, err := l.besides(ctx)
	if err != nil {
		return err
	}
	l.promise(slowest < maxBesides, "requests of others meanwhile took at most %s (less than %s)", ms(slowest), maxBesides)
	ended := 0
	deadline := time.Now().Add(maxHeaders)
	for _, conn := range conns {
		_ = conn.SetReadDeadline(deadline) // fails only on a connection that has ended
		if _, err := io.Copy(io.Discard, conn); !errors.Is(err, os.ErrDeadlineExceeded) {
			ended++
		}
	}
	l.promise(ended == strangers, "%d were ended by the server within %s", ended, time.Since(began).Round(100*time.Millisecond))
	return nil
}

// connect opens them from many addresses, some at a time, and sends the same on each.
func connect(address, says string) (conns []net.Conn, err error) {
	conns = make([]net.Conn, strangers)
	failed := make([]error, lab.Dialers)
	var all sync.WaitGroup
	for d := range lab.Dialers {
		all.Go(func() {
			for i := d; i < strangers && failed[d] == nil; i += lab.Dialers {
				if conns[i], failed[d] = lab.From(i).Dial("tcp", address); failed[d] == nil && says != "" {
					_, failed[d] = io.WriteString(conns[i], says)
				}
			}
		})
	}
	all.Wait()
	if err := errors.Join(failed...); err != nil {
		return slices.DeleteFunc(conns, func(c net.Conn) bool { return c == nil }), fmt.Errorf("connecting: %w", err)
	}
	return conns, nil
}

// besides is the slowest of some requests on connections of their own.
func (l *stage) besides(ctx context.Context) (slowest time.Duration, err error) {
	for range 20 {
		began := time.Now()
		body, err := l.Ask(ctx, &http.Client{Timeout: lab.Patience, Transport: &http.Transport{DisableKeepAlives: true}}, "", "{__typename}", nil)
		if err != nil || body == "" {
			return 0, fmt.Errorf("asking beside the strangers: %w", err)
		}
		slowest = max(slowest, time.Since(began))
	}
	return slowest, nil
}
