// Package mailbox is a mail server for development and tests: it takes every message, sends none on, and
// shows them in a browser, as JSON and to tests. It keeps them in memory, the newest ones only.
package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	// maxMessages is what a day of development leaves behind.
	maxMessages = 500
	// maxBytes is far above a letter of ours: what is larger is a mistake that should be seen.
	maxBytes = 1 << 20
	// smtpTimeout frees what a test that was killed held open.
	smtpTimeout = 30 * time.Second
)

// Message is one letter as its reader sees it.
type Message struct {
	ID      int       `json:"id"`
	At      time.Time `json:"at"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
	Links   []string  `json:"links"` // of the text
}

// Server takes mail on a port of this machine.
type Server struct {
	smtp    *smtp.Server
	address *net.TCPAddr
	ended   chan struct{}

	mu       sync.Mutex
	last     int
	messages []Message // oldest first
	came     chan struct{}
}

// Start listens; an address of "127.0.0.1:0" takes a free port.
func Start(address string) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for mail: %w", err)
	}
	s := &Server{address: listener.Addr().(*net.TCPAddr), ended: make(chan struct{}), came: make(chan struct{})}
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }))
	s.smtp.Domain, s.smtp.MaxMessageBytes, s.smtp.MaxRecipients = "localhost", maxBytes, 10
	s.smtp.ReadTimeout, s.smtp.WriteTimeout, s.smtp.ErrorLog = smtpTimeout, smtpTimeout, quiet{}
	go func() {
		defer close(s.ended)
		_ = s.smtp.Serve(listener)
	}()
	return s, nil
}

// quiet: a client that hangs up is not worth a line.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// Host and Port are what a sender is configured with.
func (s *Server) Host() string { return s.address.IP.String() }

// Port is the port of SMTP.
func (s *Server) Port() int { return s.address.Port }

// Close ends the server.
func (s *Server) Close() error {
	err := s.smtp.Close()
	<-s.ended
	return err
}

// Messages are those to an address, or all where it is empty, the newest first.
func (s *Server) Messages(to string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Message{}
	for i := len(s.messages) - 1; i >= 0; i-- {
		if to == "" || strings.EqualFold(s.messages[i].To, to) {
			list = append(list, s.messages[i])
		}
	}
	return list
}

// Wait gives the newest message to an address whose subject holds a text and whose number is above after,
// as soon as there is one.
func (s *Server) Wait(ctx context.Context, to, subject string, after int) (Message, error) {
	for {
		s.mu.Lock()
		came := s.came
		s.mu.Unlock()
		for _, m := range s.Messages(to) {
			if m.ID > after && strings.Contains(m.Subject, subject) {
				return m, nil
			}
		}
		select {
		case <-came:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("waiting for mail to %s about %q: %w", to, subject, ctx.Err())
		}
	}
}

func (s *Server) keep(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	m.ID = s.last
	if s.messages = append(s.messages, m); len(s.messages) > maxMessages {
		s.messages = s.messages[1:]
	}
	close(s.came)
	s.came = make(chan struct{})
}

// session is one connection of a sender.
type session struct {
	server *Server
	from   string
	to     []string
}

func (c *session) Reset()        { c.from, c.to = "", nil }
func (c *session) Logout() error { return nil }

func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	c.from = from
	return nil
}

// Rcpt refuses what starts with "refused", so that a test sees what a relay's no does.
func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "refused") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	}
	c.to = append(c.to, to)
	return nil
}

func (c *session) Data(r io.Reader) error {
	m, err := read(r)
	if err != nil {
		return errors.Join(errors.New("this message cannot be read"), err)
	}
	m.From, m.At = c.from, time.Now()
	for _, m.To = range c.to {
		c.server.keep(m)
	}
	return nil
}
