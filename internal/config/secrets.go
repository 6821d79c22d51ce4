package config

import (
	"slices"
	"strings"
)

const (
	// minAuthSecret, in bytes: shorter secrets of Auth.js are cracked offline, from one cookie.
	minAuthSecret = 32
	// minWebhookSecret, in bytes: it can only be tried online, one request a guess.
	minWebhookSecret = 16
	// minDistinct is what even 32 random hexadecimal digits never fall below.
	minDistinct = 6
)

// secret is a secret and the variable that it came from.
type secret struct{ name, value string }

// authSecrets are in the order of Auth.js: a numbered secret comes before those with a lower number, and
// the unnumbered one is the oldest. NEXTAUTH_SECRET stands last, so that cookies of the app before an
// upgrade still open.
func (c Config) authSecrets() []secret {
	all := []secret{
		{"AUTH_SECRET_3", c.AuthSecret3},
		{"AUTH_SECRET_2", c.AuthSecret2},
		{"AUTH_SECRET_1", c.AuthSecret1},
		{"AUTH_SECRET", c.AuthSecret},
		{"NEXTAUTH_SECRET", c.NextAuthSecret},
	}
	return slices.DeleteFunc(all, func(s secret) bool { return s.value == "" })
}

// AuthSecrets open session cookies; the first one encrypts.
func (c Config) AuthSecrets() (values []string) {
	for _, s := range c.authSecrets() {
		if !slices.Contains(values, s.value) {
			values = append(values, s.value)
		}
	}
	return values
}

func (c Config) checkSecrets(problems *Problems) {
	all := c.authSecrets()
	if len(all) == 0 {
		problems.add("AUTH_SECRET (or NEXTAUTH_SECRET) is missing: without it no session cookie can be opened.")
	}
	for _, s := range all {
		s.check(problems, minAuthSecret)
	}
	if len(c.AssemblyAIWebhookSecrets) == 0 {
		problems.add("ASSEMBLYAI_WEBHOOK_SECRET is missing: without it anybody could send webhooks.")
	}
	for _, value := range c.AssemblyAIWebhookSecrets {
		secret{"ASSEMBLYAI_WEBHOOK_SECRET", value}.check(problems, minWebhookSecret)
	}
	if c.AssemblyAIKey == "" {
		problems.add("ASSEMBLYAI_API_KEY is missing: without it nothing can be transcribed.")
	} else if wellKnown(c.AssemblyAIKey) {
		problems.add("ASSEMBLYAI_API_KEY is an example and no key.")
	}
}

func (s secret) check(problems *Problems, least int) {
	switch {
	case wellKnown(s.value):
		problems.add("%s is a default that everybody knows. Make one with: openssl rand -base64 32", s.name)
	case len(s.value) < least:
		problems.add("%s is shorter than %d bytes. Make one with: openssl rand -base64 32", s.name, least)
	case repeats(s.value):
		problems.add("%s only repeats itself. Make one with: openssl rand -base64 32", s.name)
	}
}

// wellKnown finds the words of tutorials, however they are spaced, alone or over and over.
func wellKnown(value string) bool {
	plain := strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(strings.ToLower(value))
	for _, word := range []string{
		"secret", "mysecret", "supersecret", "authsecret", "nextauthsecret", "webhooksecret", "password", "default", "dev", "development", "test", "example", "apikey", "none", "xxx",
	} {
		if strings.ReplaceAll(plain, word, "") == "" {
			return true
		}
	}
	return slices.ContainsFunc([]string{"changeme", "changethis", "replaceme", "yoursecret", "yournextauth", "yourauth", "yourapikey", "yourassemblyai", "changeinproduction", "atleast32char"}, func(part string) bool {
		return strings.Contains(plain, part)
	})
}

// repeats finds one short piece over and over, and texts of a few letters.
func repeats(value string) bool {
	distinct := map[rune]bool{}
	for _, r := range value {
		distinct[r] = true
	}
	return len(distinct) < minDistinct || strings.Contains((value + value)[1:2*len(value)-1], value)
}
