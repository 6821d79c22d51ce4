package egress

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// names answers every question for an address with what the test says; n counts from 1.
func names(t *testing.T, answer func(n int32) [4]byte) *net.Resolver {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	var asked atomic.Int32
	go func() { // ends with the socket
		buffer := make([]byte, 1500)
		for {
			n, from, err := socket.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}, // of no life: asked again each time
					Body:   &dnsmessage.AResource{A: answer(asked.Add(1))},
				}}
			}
			if packed, err := m.Pack(); err == nil {
				_, _ = socket.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", socket.LocalAddr().String())
	}}
}

func TestNameThatLeadsInsideIsRefusedWhereTheConnectionIsMade(t *testing.T) {
	t.Parallel()
	for _, inside := range [][4]byte{{127, 0, 0, 1}, {10, 0, 0, 1}, {169, 254, 169, 254}, {100, 64, 0, 1}, {0, 0, 0, 0}, {192, 168, 0, 1}} {
		c := New(Config{Resolver: names(t, func(int32) [4]byte { return inside })})
		if _, err := c.Get(t.Context(), "https://audio.example.com/a.wav", generous); !errors.Is(err, ErrAddress) {
			t.Errorf("%v: %v", inside, err)
		}
	}
}

func TestNameThatChangesAfterItWasLookedAtIsRefused(t *testing.T) {
	t.Parallel()
	resolver := names(t, func(n int32) [4]byte {
		if n == 1 {
			return [4]byte{203, 1, 113, 7} // public
		}
		return [4]byte{127, 0, 0, 1}
	})
	if first, err := resolver.LookupHost(t.Context(), "audio.example.com"); err != nil || first[0] != "203.1.113.7" { // what a check before the connection would see
		t.Fatalf("%v, %v", first, err)
	}
	c := New(Config{Resolver: resolver})
	if _, err := c.Get(t.Context(), "https://audio.example.com/a.wav", generous); !errors.Is(err, ErrAddress) {
		t.Errorf("%v", err)
	}
}
