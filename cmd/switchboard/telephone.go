package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/signalwire"
	"github.com/switchboard-voice/switchboard/internal/httpserver"
	"github.com/switchboard-voice/switchboard/internal/telephony"
)

const (
	// demoNumber is what the demo organization calls from: of a block that is given to nobody.
	demoNumber = "+12025550100"
	// demoProject is the account's name at the local telephone service.
	demoProject = "local"
	// hangUpTimeout is for calls that are under way when everything stops: their last callbacks find nobody.
	hangUpTimeout = 2 * time.Second
)

// telephone starts the local telephone service where no account at the real one is set.
func (d *dev) telephone() (stop func(), err error) {
	if d.config.Calls() {
		d.say("calls go to %s", d.config.SignalWireBaseURL())
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening the telephone service's port: %w", err)
	}
	base := "http://" + listener.Addr().String()
	d.config.SignalWireProjectID, d.config.SignalWireToken, d.config.SignalWireSpaceURL = demoProject, d.left.PhoneToken, base
	d.config.SignalWireSigningKeys = []string{d.left.PhoneKey}
	d.phone = base
	api := signalwire.New(signalwire.Config{
		ProjectID: demoProject, Token: d.left.PhoneToken, SigningKey: d.left.PhoneKey, BaseURL: base, Pace: signalwire.Natural(), FaultsEnabled: true,
		Numbers: map[string]signalwire.Number{demoNumber: {AnswerURL: d.config.PublicURL() + httpserver.AnswerPath, StatusURL: d.config.PublicURL() + httpserver.WebhookPath + "signalwire"}},
	})
	d.places = append(d.places, place{"Telephone", base, "stands in for SignalWire: nobody's rings"})
	return serveLocal(listener, api, hangUpTimeout), nil
}

// giveNumber gives the demo organization the local service's number; again, it changes nothing.
func (d *dev) giveNumber(ctx context.Context, numbers *telephony.Numbers) error {
	if d.phone == "" {
		return nil
	}
	label := "Demo line"
	return numbers.Assign(ctx, demo.Slug, demoNumber, &label)
}
