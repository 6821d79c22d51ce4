package main

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/mailbox"
)

// mailbox catches mail where no relay is named, and shows it in the browser.
func (d *dev) mailbox() (stop func(), err error) {
	if d.config.SMTPHost != "" {
		d.say("mail goes to %s", d.config.SMTPHost)
		return func() {}, nil
	}
	box, err := mailbox.Start("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		_ = box.Close()
		return nil, fmt.Errorf("opening the mailbox's port: %w", err)
	}
	server := &http.Server{Handler: box, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with Close below
	d.config.SMTPHost, d.config.SMTPPort, d.config.SMTPFrom = box.Host(), box.Port(), d.config.AppName+" <no-reply@switchboard.test>"
	d.places = append(d.places, place{"Mail", "http://" + listener.Addr().String(), "what would have been sent"})
	return func() {
		_ = server.Close()
		_ = box.Close()
	}, nil
}
