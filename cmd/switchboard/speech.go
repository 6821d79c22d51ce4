package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
)

// speech starts the local speech service where no key for the real one is set.
func (d *dev) speech(ctx context.Context) (stop func(), err error) {
	if d.config.AssemblyAIKey != "" {
		d.say("audio goes to %s", d.config.AssemblyAIBaseURL)
		return func() {}, nil
	}
	d.config.AssemblyAIKey = d.left.SpeechKey
	recognizer := d.recognizer(ctx)
	public, err := url.Parse(d.config.PublicURL())
	if err != nil {
		return nil, err
	}
	local := speechService{
		key: d.left.SpeechKey, home: filepath.Join(d.config.Home, "speech"), recognizer: recognizer,
		allow: func(u *url.URL) bool { return u.Host == public.Host },
	}
	base, stop, err := local.start("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d.config.AssemblyAIBaseURL = base
	d.places = append(d.places, place{"Speech", base, "stands in for AssemblyAI"})
	return stop, nil
}

// recognizer is the engine, or what says why there is none: everything else works without it.
func (d *dev) recognizer(ctx context.Context) assemblyai.Recognizer {
	engine, err := engine(ctx, filepath.Join(d.config.Home, "speech-model"), func(s string) { d.say("%s", s) })
	if err != nil {
		d.say("speech is not available: %v", err)
		return deaf{err}
	}
	return engine
}

func engine(ctx context.Context, dir string, say func(string)) (*speech.Engine, error) {
	if err := speech.Install(ctx, dir, say); err != nil {
		return nil, err
	}
	return speech.Open(dir)
}

// deaf recognizes nothing and says why.
type deaf struct{ why error }

func (d deaf) Recognize(context.Context, string) (speech.Result, error) {
	return speech.Result{}, d.why
}

// speechService is AssemblyAI's API over the local engine, on a port of its own.
type speechService struct {
	key, home  string
	recognizer assemblyai.Recognizer
	allow      func(*url.URL) bool
	faults     bool
}

func (s speechService) start(address string) (base string, stop func(), err error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", nil, fmt.Errorf("opening the speech service's port (choose another with --address): %w", err)
	}
	base = "http://" + listener.Addr().String()
	api := assemblyai.New(assemblyai.Config{
		Dir: s.home, Key: s.key, Recognizer: s.recognizer, AllowAudio: s.allow, BaseURL: base, FaultsEnabled: s.faults,
	})
	return base, serveLocal(listener, api, 5*time.Second), nil // a running recognition is given up
}

type speechdCommand struct {
	Address    string   `default:"127.0.0.1:9900" help:"Where to listen."`
	Key        string   `env:"SPEECHD_KEY" required:"" help:"The key that clients must send as Authorization."`
	Home       string   `env:"SWITCHBOARD_HOME" default:".switchboard" help:"The folder of the model and of audio in work."`
	AllowAudio []string `default:"localhost,127.0.0.1" help:"Hosts that audio may be fetched from, with or without a port."`
	Faults     bool     `help:"Let clients order faults by PUT /faults, for tests and demos."`
}

// Run serves until it is told to stop.
func (s speechdCommand) Run(ctx context.Context) error {
	engine, err := engine(ctx, filepath.Join(s.Home, "speech-model"), func(line string) { fmt.Println(line) })
	if err != nil {
		return err
	}
	service := speechService{
		key: s.Key, home: filepath.Join(s.Home, "speech"), recognizer: engine, faults: s.Faults,
		allow: func(u *url.URL) bool {
			return slices.Contains(s.AllowAudio, u.Host) || slices.Contains(s.AllowAudio, u.Hostname())
		},
	}
	base, stop, err := service.start(s.Address)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Printf("speech service at %s: set ASSEMBLYAI_BASE_URL to it and ASSEMBLYAI_API_KEY to its key\n", base)
	<-ctx.Done()
	return nil
}
