package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

const (
	// sendTimeout is far above what a relay takes, and still lets a worker go on soon.
	sendTimeout = 20 * time.Second
	// implicitTLS is the port on which TLS begins before SMTP does.
	implicitTLS = 465
)

// Config says through which relay mail goes.
type Config struct {
	Host     string
	Port     int
	User     string // empty: the relay knows us by our address
	Password string
	From     string // "Switchboard <no-reply@example.com>" or the address alone
}

// SMTP is a Sender that hands mail to a relay. It may be used by many goroutines at once.
type SMTP struct {
	config  Config
	options []gomail.Option
}

// NewSMTP makes a sender; it does not connect. Error: From is no address, or the relay's name is empty.
func NewSMTP(c Config) (*SMTP, error) {
	if c.Host == "" {
		return nil, errors.New("SMTP_HOST is empty: it names the relay that sends mail")
	}
	if err := gomail.NewMsg().From(c.From); err != nil {
		return nil, fmt.Errorf("SMTP_FROM is no sender's address: %w", err)
	}
	options := []gomail.Option{
		gomail.WithPort(c.Port), gomail.WithTimeout(sendTimeout), gomail.WithTLSConfig(&tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12}),
	}
	switch {
	case c.Port == implicitTLS:
		options = append(options, gomail.WithSSL())
	case near(c.Host):
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default: // links that sign people in do not cross the internet in clear
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if c.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.User), gomail.WithPassword(c.Password))
	}
	return &SMTP{config: c, options: options}, nil
}

// near says whether a relay stands on this machine or in its private network.
func near(host string) bool {
	address, err := netip.ParseAddr(host)
	if err != nil {
		return !strings.Contains(host, ".") || host == "localhost" // the name of a container
	}
	return address.IsLoopback() || address.IsPrivate()
}

// None sends nothing, where no relay is configured.
type None struct{}

// Send fails for good. Error: ErrRefused.
func (None) Send(context.Context, Message) error {
	return fmt.Errorf("sending mail: %w: SMTP_HOST names no relay", ErrRefused)
}

// ErrRefused is a relay's no that will be a no again: there is no such mailbox, or we may not send.
var ErrRefused = errors.New("the mail relay refused the message for good")

// Send hands over one message. Errors: ErrRefused; any other one may be gone the next time, and the
// message may have been sent all the same.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := s.message(m)
	if err != nil {
		return fmt.Errorf("writing mail: %w: %w", ErrRefused, err)
	}
	client, err := gomail.NewClient(s.config.Host, s.options...)
	if err != nil {
		return fmt.Errorf("preparing to send mail: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	err = client.DialAndSendWithContext(ctx, msg)
	var refused *gomail.SendError
	if errors.As(err, &refused) && !refused.IsTemp() && refused.ErrorCode() >= 500 {
		return fmt.Errorf("sending mail: %w: code %d", ErrRefused, refused.ErrorCode()) // the relay's text names the address
	}
	if err != nil {
		return fmt.Errorf("sending mail: %w", err)
	}
	return nil
}

func (s *SMTP) message(m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	if err := errors.Join(msg.From(s.config.From), msg.To(m.To)); err != nil {
		return nil, err
	}
	msg.Subject(m.Subject)
	msg.SetDate()
	msg.SetMessageID()
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // no answer by a machine, please
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}
