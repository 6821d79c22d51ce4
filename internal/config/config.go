// Package config turns the environment into one struct of plain values. It owns the name of every
// variable, so that whatever is missing, malformed or unsafe is said at start: all of it at once, in
// sentences that name the variable and never show its value. Only the commands read it.
package config

import (
	"log/slog"
	"net/netip"
	"path/filepath"
	"time"
)

// Config is what the environment says. Methods answer what depends on more than one variable.
type Config struct {
	Telephony

	Port        int        `env:"PORT" envDefault:"8080"`
	MetricsPort int        `env:"METRICS_PORT" envDefault:"9090"`
	Home        string     `env:"SWITCHBOARD_HOME" envDefault:".switchboard"`
	BlobDir     string     `env:"BLOB_DIR"`
	LogLevel    slog.Level `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat   LogFormat  `env:"LOG_FORMAT"` // empty: JSON, but text for a person in dev

	R2Endpoint        string `env:"R2_ENDPOINT"`
	R2AccessKeyID     string `env:"R2_ACCESS_KEY_ID"`
	R2SecretAccessKey string `env:"R2_SECRET_ACCESS_KEY"`
	R2Region          string `env:"R2_REGION" envDefault:"auto"`
	R2Bucket          string `env:"R2_BUCKET" envDefault:"recordings"`

	NeonConn            string `env:"NEON_PG_CONN"`
	DatabaseURL         string `env:"DATABASE_URL"`
	DatabaseURLUnpooled string `env:"DATABASE_URL_UNPOOLED"`
	DatabaseMaxConns    int32  `env:"DATABASE_MAX_CONNS" envDefault:"10"`

	BackendURL     string         `env:"BACKEND_URL"`
	AppURLs        []string       `env:"NEXT_PUBLIC_APP_URL"`
	AllowedOrigins []string       `env:"ALLOWED_ORIGINS"`
	TrustedProxies []netip.Prefix `env:"TRUSTED_PROXIES"`
	GraphiQL       bool           `env:"GRAPHIQL"`
	Introspection  bool           `env:"INTROSPECTION"`

	AuthSecret     string `env:"AUTH_SECRET"`
	AuthSecret1    string `env:"AUTH_SECRET_1"`
	AuthSecret2    string `env:"AUTH_SECRET_2"`
	AuthSecret3    string `env:"AUTH_SECRET_3"`
	NextAuthSecret string `env:"NEXTAUTH_SECRET"`
	TrustEmail     bool   `env:"TRUST_EMAIL" envDefault:"true"`

	SignIn

	AssemblyAIKey            string         `env:"ASSEMBLYAI_API_KEY"`
	AssemblyAIBaseURL        string         `env:"ASSEMBLYAI_BASE_URL" envDefault:"https://api.assemblyai.com"`
	AssemblyAIWebhookSecrets []string       `env:"ASSEMBLYAI_WEBHOOK_SECRET"` // the first is sent along, all are accepted
	AssemblyAIUpload         UploadMode     `env:"ASSEMBLYAI_UPLOAD" envDefault:"auto"`
	AssemblyAIOptions        map[string]any `env:"ASSEMBLYAI_OPTIONS"`

	// MaxUploadBytes by default is 2 GiB: what the provider takes by upload (2.2 GB), and below what it
	// fetches itself and what a bucket takes in one PUT (5 GB).
	MaxUploadBytes int64         `env:"MAX_UPLOAD_BYTES" envDefault:"2147483648"`
	Analysis       []Analysis    `env:"TRANSCRIPTION_ANALYSIS" envDefault:"SPEAKERS"`
	CheckAfter     time.Duration `env:"TRANSCRIPTION_CHECK_AFTER" envDefault:"60s"`
	LostAfter      time.Duration `env:"TRANSCRIPTION_LOST_AFTER" envDefault:"2m"`
	PollEvery      time.Duration `env:"TRANSCRIPTION_POLL_EVERY" envDefault:"3s"`

	Limits
	Document

	// EgressAllow is for tests: networks that addresses which users gave may lead to, although they are not public.
	EgressAllow []netip.Prefix `env:"EGRESS_ALLOW"`

	InboxRetention    time.Duration `env:"INBOX_RETENTION" envDefault:"720h"`
	ActivityRetention time.Duration `env:"ACTIVITY_RETENTION" envDefault:"9600h"`

	Billing
}

// LogFormat is how log lines look.
type LogFormat string

const (
	JSON LogFormat = "json" // for machines
	Text LogFormat = "text" // for a person at a terminal
)

// UploadMode says how audio reaches the provider.
type UploadMode string

const (
	UploadAuto   UploadMode = "auto"   // we send it where the provider cannot fetch it
	UploadAlways UploadMode = "always" // we send it
	UploadNever  UploadMode = "never"  // the provider fetches it
)

// Analysis is something that the provider is asked to find out, for organizations that chose nothing.
type Analysis string

// analyses are the words of the schema. The rooms' own constants are above this floor.
func analyses() []Analysis {
	return []Analysis{"SPEAKERS", "SENTIMENT", "ENTITIES", "CHAPTERS", "TOPICS", "CONTENT_SAFETY"}
}

// maxPut is the largest object that S3 and R2 take in one PUT.
const maxPut = 5 << 30

// leastActivity is more than a transcription lives: while it does, its live stream begins with its last event.
const leastActivity = 7 * 24 * time.Hour

// Blobs is the folder of the local bucket.
func (c Config) Blobs() string {
	if c.BlobDir != "" {
		return c.BlobDir
	}
	return filepath.Join(c.Home, "blobs")
}

// UsesR2 says whether the bucket is one of R2 or S3 rather than a folder. Load has seen to it that all that
// it needs is there, or nothing.
func (c Config) UsesR2() bool { return c.R2Endpoint != "" }

// UploadsAudio says whether we hand the provider the bytes because it could not reach our links, which lead
// to R2 or to us. A provider on this machine or network reaches what we reach.
func (c Config) UploadsAudio() bool {
	links := c.PublicURL()
	if c.UsesR2() {
		links = c.R2Endpoint
	}
	return c.works(links)
}

// PollsProvider says whether we ask for the answer because no webhook can come. That the audio lies in R2
// does not help: webhooks come to us.
func (c Config) PollsProvider() bool { return c.works(c.PublicURL()) }

// works says whether we do what the provider would otherwise do from its side, at this address.
func (c Config) works(address string) bool {
	switch c.AssemblyAIUpload {
	case UploadAlways:
		return true
	case UploadNever:
		return false
	}
	return local(address) && !local(c.AssemblyAIBaseURL)
}

// positive lists what must be above zero for anything to work.
func (c Config) positive() map[string]bool {
	return map[string]bool{
		"CALL_CHECK_AFTER":          c.CallCheckAfter > 0,
		"CALL_LOST_AFTER":           c.CallLostAfter > 0,
		"DATABASE_MAX_CONNS":        c.DatabaseMaxConns > 0,
		"INBOX_RETENTION":           c.InboxRetention > 0,
		"MAX_UPLOAD_BYTES":          c.MaxUploadBytes > 0,
		"SESSION_MAX_AGE":           c.SessionMaxAge > 0,
		"TRANSCRIPTION_CHECK_AFTER": c.CheckAfter > 0,
		"TRANSCRIPTION_LOST_AFTER":  c.LostAfter > 0,
		"TRANSCRIPTION_POLL_EVERY":  c.PollEvery > 0,
	}
}
