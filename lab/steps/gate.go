package steps

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
)

const (
	// maxFrame is more than anything that the program and Postgres say at once: a recording is not kept in it.
	maxFrame = 64 << 20
	// sslRequest and gssRequest are what a client asks before it says who it is.
	sslRequest, gssRequest = 80877103, 80877104
	// noEncryption is the answer: we have to read along.
	noEncryption = 'N'
)

// Gate stands between the program and Postgres.
type Gate struct {
	moments  *Moments
	address  string // of Postgres
	listener net.Listener
	all      sync.WaitGroup

	mu   sync.Mutex
	open map[net.Conn]bool // nil: closed
}

// openGate gives a gate and the URL of a database through it.
func openGate(m *Moments, database string) (g *Gate, through string, err error) {
	to, err := url.Parse(database)
	if err != nil || to.Hostname() == "" {
		return nil, "", errors.New("the database's URL has no host to stand before")
	}
	port := to.Port()
	if port == "" {
		port = "5432"
	}
	g = &Gate{moments: m, address: net.JoinHostPort(to.Hostname(), port), open: map[net.Conn]bool{}}
	if g.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, "", fmt.Errorf("opening the gate: %w", err)
	}
	to.Host = g.listener.Addr().String()
	query := to.Query()
	query.Set("sslmode", "disable")
	to.RawQuery = query.Encode()
	g.all.Go(g.accept)
	return g, to.String(), nil
}

// Close ends every connection and waits for the last.
func (g *Gate) Close() error {
	err := g.listener.Close()
	g.mu.Lock()
	for conn := range g.open {
		_ = conn.Close()
	}
	g.open = nil
	g.mu.Unlock()
	g.all.Wait()
	return err
}

func (g *Gate) accept() {
	for {
		client, err := g.listener.Accept()
		if err != nil {
			return
		}
		g.all.Go(func() { g.carry(client) })
	}
}

// keep notes a connection so that Close ends it; false: it is closed already.
func (g *Gate) keep(conn net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil {
		_ = conn.Close()
		return false
	}
	g.open[conn] = true
	return true
}

func (g *Gate) drop(conn net.Conn) {
	_ = conn.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, conn)
}

// carry is one connection from its first word to its last.
func (g *Gate) carry(client net.Conn) {
	life := g.moments.life()
	if !g.keep(client) {
		return
	}
	defer g.drop(client)
	server, err := net.Dial("tcp", g.address)
	if err != nil || !g.keep(server) {
		return
	}
	defer g.drop(server)
	from := bufio.NewReader(client)
	if err := introduce(from, client, server); err != nil {
		return
	}
	c := newConversation(g.moments, life)
	var both sync.WaitGroup
	both.Go(func() {
		defer c.end(client, server)
		pump(bufio.NewReader(server), client, c.fromServer)
	})
	pump(from, server, c.fromClient)
	c.end(client, server)
	both.Wait()
}

// introduce passes on who the client is, which has no type like all later frames.
func introduce(from *bufio.Reader, client, server net.Conn) error {
	for {
		var head [8]byte
		if _, err := io.ReadFull(from, head[:]); err != nil {
			return err
		}
		size, code := binary.BigEndian.Uint32(head[:4]), binary.BigEndian.Uint32(head[4:])
		if size < uint32(len(head)) || size > maxFrame {
			return errors.New("this is no client of Postgres")
		}
		if code == sslRequest || code == gssRequest {
			if _, err := client.Write([]byte{noEncryption}); err != nil {
				return err
			}
			continue
		}
		rest := make([]byte, size-uint32(len(head)))
		if _, err := io.ReadFull(from, rest); err != nil {
			return err
		}
		_, err := server.Write(append(head[:], rest...))
		return err
	}
}

// frame is one message: a letter, four bytes of length, and the rest.
type frame struct {
	kind byte
	body []byte
	raw  []byte // all of it
}

func readFrame(from *bufio.Reader) (f frame, err error) {
	var head [5]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return f, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size < 4 || size > maxFrame {
		return f, errors.New("this is no message of Postgres")
	}
	f.kind, f.raw = head[0], make([]byte, len(head)+int(size)-4)
	copy(f.raw, head[:])
	f.body = f.raw[len(head):]
	_, err = io.ReadFull(from, f.body)
	return f, err
}

// pump passes frames on, each after it was looked at, until one side leaves or a frame may not pass.
func pump(from *bufio.Reader, to net.Conn, look func(f frame, out *bufio.Writer) (pass bool)) {
	out := bufio.NewWriter(to)
	for {
		f, err := readFrame(from)
		if err != nil || !look(f, out) {
			return
		}
		if _, err := out.Write(f.raw); err != nil {
			return
		}
		if from.Buffered() > 0 {
			continue
		}
		if err := out.Flush(); err != nil {
			return
		}
	}
}
