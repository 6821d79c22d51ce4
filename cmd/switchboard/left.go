package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/switchboard-voice/switchboard/internal/config"
)

const (
	// leftName is what make run writes down for its next start and for the tools beside it.
	leftName = "dev.json"
	// tokenName holds the demo user's token, for transcribe.
	tokenName = "token"
)

// left is what make run made up. It lies in a folder that only its owner may enter.
type left struct {
	AuthSecret    string `json:"authSecret"`
	WebhookSecret string `json:"webhookSecret"`
	SpeechKey     string `json:"speechKey"`
	StripeKey     string `json:"stripeKey"` // of the local Stripe
	StripeURL     string `json:"stripeUrl"` // where it was at the last start
	PhoneToken    string `json:"phoneToken"`
	PhoneKey      string `json:"phoneKey"`
	DatabaseURL   string `json:"databaseUrl"` // of the last start
	Server        string `json:"server"`
	Shown         bool   `json:"shown"` // the bundled call went through the whole walk once
}

func readLeft(home string) (l left, err error) {
	raw, err := os.ReadFile(filepath.Join(home, leftName))
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return l, fmt.Errorf("reading %s (remove it and start again): %w", filepath.Join(home, leftName), err)
	}
	return l, nil
}

// keep writes by a rename: a full disk must not leave half of it.
func (l left) keep(home string) error {
	raw, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return writeAside(filepath.Join(home, leftName), raw)
}

func writeAside(name string, content []byte) error {
	if err := os.WriteFile(name+".new", content, 0o600); err != nil {
		return fmt.Errorf("writing %s (is the disk full?): %w", name, err)
	}
	return os.Rename(name+".new", name)
}

// recall reads what an earlier start made up, or makes it up.
func recall(home string) (left, error) {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return left{}, fmt.Errorf("making the folder %s (set SWITCHBOARD_HOME to another one): %w", home, err)
	}
	l, err := readLeft(home)
	if err != nil && !os.IsNotExist(err) {
		return l, err
	}
	if l.AuthSecret == "" {
		l.AuthSecret, l.WebhookSecret, l.SpeechKey = rand.Text()+rand.Text(), rand.Text(), rand.Text()
	}
	if l.StripeKey == "" {
		l.StripeKey = "sk_test_" + rand.Text()
	}
	if l.PhoneToken == "" { // also in what an older version left
		l.PhoneToken, l.PhoneKey = rand.Text(), rand.Text()
	}
	return l, l.keep(home)
}

// over fills in what the environment does not say.
func (l left) over(c config.Config) config.Config {
	if c.PooledURL() == "" {
		c.DatabaseURL = l.DatabaseURL
	}
	if len(c.AuthSecrets()) == 0 {
		c.AuthSecret = l.AuthSecret
	}
	if len(c.AssemblyAIWebhookSecrets) == 0 {
		c.AssemblyAIWebhookSecrets = []string{l.WebhookSecret}
	}
	return c
}
