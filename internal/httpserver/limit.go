package httpserver

import (
	"net"
	"sync"
)

// capped lets so many connections be open at once; more wait in the kernel's queue. Without it the process
// runs out of file descriptors, and the database's are among those that it cannot open then.
func capped(listener net.Listener, most int) net.Listener {
	return &limited{Listener: listener, slots: make(chan struct{}, most), closed: make(chan struct{})}
}

type limited struct {
	net.Listener
	slots  chan struct{}
	once   sync.Once
	closed chan struct{}
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok { // nothing but TCP comes from outside
		<-l.slots
		return conn, nil
	}
	return &counted{TCPConn: tcp, release: func() { <-l.slots }}, nil
}

func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// counted embeds the TCP connection itself: sending a file and the hints of websockets need its methods.
type counted struct {
	*net.TCPConn
	once    sync.Once
	release func()
}

func (c *counted) Close() error {
	defer c.once.Do(c.release)
	return c.TCPConn.Close()
}
