package config

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// good is what serve starts with; each test spoils one thing.
func good() map[string]string {
	return map[string]string{
		"NEON_PG_CONN":              "postgres://u:p@ep-cool-1-pooler.eu-central-1.aws.neon.tech/main?sslmode=require",
		"BACKEND_URL":               "https://api.example.com/",
		"NEXT_PUBLIC_APP_URL":       "https://app.example.com/dashboard",
		"AUTH_SECRET":               "kq3X9vTz7bN2mLr8sWd4fHj6gPc1yQaE",
		"SMTP_HOST":                 "smtp.example.com",
		"SMTP_FROM":                 "no-reply@example.com",
		"ASSEMBLYAI_API_KEY":        "5f2b9c7e1d",
		"ASSEMBLYAI_WEBHOOK_SECRET": "nR4vK8xT2mZq7wLc, older-Jb5yHs9dPf3gEa",
	}
}

func with(changes ...string) map[string]string {
	environ := good()
	for _, change := range changes {
		name, value, _ := strings.Cut(change, "=")
		environ[name] = value
	}
	return environ
}

func load(t *testing.T, environ map[string]string) Config {
	t.Helper()
	c, err := Load(environ)
	if err != nil {
		t.Fatalf("loading: %v", err)
	}
	return c
}

func TestEveryVariableIsExplainedInTheExampleAndNoOther(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]string{}
	for _, line := range regexp.MustCompile(`(?m)^([A-Z0-9_]+)=(.*)$`).FindAllStringSubmatch(string(example), -1) {
		explained[line[1]] = line[2]
	}
	read := map[string]string{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if field.Anonymous { // a capability's own
			continue
		}
		read[field.Tag.Get("env")] = field.Tag.Get("envDefault")
	}
	if a, b := slices.Sorted(maps.Keys(explained)), slices.Sorted(maps.Keys(read)); !slices.Equal(a, b) {
		t.Errorf("explained %v\nread %v", a, b)
	}
	for name, value := range explained {
		if value != read[name] && value != "false" {
			t.Errorf("%s: the example says %q, the default is %q", name, value, read[name])
		}
	}
	fromExample, fromNothing := load(t, explained), load(t, nil)
	if !reflect.DeepEqual(fromExample, fromNothing) {
		t.Error("the example, as it is, changes something")
	}
	if fromExample.Check() == nil {
		t.Error("serve would start with the example as it is")
	}
}

func TestAGoodEnvironmentStartsWithoutAWarning(t *testing.T) {
	t.Parallel()
	c := load(t, good())
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	if warnings := c.Warnings(); len(warnings) != 0 {
		t.Error(warnings)
	}
	if c.Port != 8080 || !c.TrustEmail || c.MaxUploadBytes != 2<<30 || c.LostAfter != 2*time.Minute || c.Blobs() != ".switchboard/blobs" {
		t.Errorf("defaults: %+v", c)
	}
	if want := []string{"nR4vK8xT2mZq7wLc", "older-Jb5yHs9dPf3gEa"}; !slices.Equal(c.AssemblyAIWebhookSecrets, want) {
		t.Errorf("webhook secrets %q, want %q", c.AssemblyAIWebhookSecrets, want)
	}
}

func TestServeRefusesAndNamesTheVariable(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]string{
		"NEON_PG_CONN=": "DATABASE_URL is missing",
		"AUTH_SECRET=":  "AUTH_SECRET (or NEXTAUTH_SECRET) is missing",
		"AUTH_SECRET=kq3X9vTz7bN2mLr8sWd4fHj6gPc1yQ":              "AUTH_SECRET is shorter than 32",
		"AUTH_SECRET=changeme":                                    "AUTH_SECRET is a default",
		"AUTH_SECRET=your-secret-key-at-least-32-characters-long": "AUTH_SECRET is a default",
		"AUTH_SECRET=secretsecretsecretsecretsecretsecret":        "AUTH_SECRET is a default",
		"AUTH_SECRET=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":      "AUTH_SECRET only repeats",
		"AUTH_SECRET=0123456789abcdef0123456789abcdef":            "AUTH_SECRET only repeats",
		"AUTH_SECRET_2=short":                                     "AUTH_SECRET_2 is shorter",
		"NEXTAUTH_SECRET=secret":                                  "NEXTAUTH_SECRET is a default",
		"ASSEMBLYAI_API_KEY=":                                     "ASSEMBLYAI_API_KEY is missing",
		"ASSEMBLYAI_API_KEY=your-api-key":                         "ASSEMBLYAI_API_KEY is an example",
		"ASSEMBLYAI_WEBHOOK_SECRET=":                              "ASSEMBLYAI_WEBHOOK_SECRET is missing",
		"ASSEMBLYAI_WEBHOOK_SECRET=change-me":                     "ASSEMBLYAI_WEBHOOK_SECRET is a default",
		"ASSEMBLYAI_WEBHOOK_SECRET=nR4vK8xT2mZq":                  "ASSEMBLYAI_WEBHOOK_SECRET is shorter than 16",
		"BACKEND_URL=http://api.example.com":                      "BACKEND_URL must begin with https://",
		"ASSEMBLYAI_BASE_URL=http://example.com":                  "ASSEMBLYAI_BASE_URL must begin with https://",
		"EGRESS_ALLOW=10.0.0.0/8":                                 "EGRESS_ALLOW is for tests",
		"METRICS_PORT=8080":                                       "METRICS_PORT and PORT are the same",
	} {
		var problems Problems
		if err := load(t, with(change)).Check(); !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(problems[0], want) {
			t.Errorf("%s: %v, want just %q", change, err, want)
		}
	}
}

func TestServeSaysAllThatIsMissingAtOnce(t *testing.T) {
	t.Parallel()
	var problems Problems
	if err := load(t, nil).Check(); !errors.As(err, &problems) || len(problems) != 5 {
		t.Errorf("%v, want 5 problems", err)
	}
}

func TestUnreadableValuesAreNamedAllAtOnceAndNeverShown(t *testing.T) {
	t.Parallel()
	const leaked = "sk_live_0123456789"
	environ := good()
	broken := []string{
		"PORT", "METRICS_PORT", "DATABASE_MAX_CONNS", "MAX_UPLOAD_BYTES", "LOG_LEVEL", "LOG_FORMAT", "GRAPHIQL", "INTROSPECTION", "TRUST_EMAIL", "TRUSTED_PROXIES", "EGRESS_ALLOW",
		"ASSEMBLYAI_UPLOAD", "ASSEMBLYAI_OPTIONS", "TRANSCRIPTION_ANALYSIS", "TRANSCRIPTION_CHECK_AFTER", "TRANSCRIPTION_LOST_AFTER", "TRANSCRIPTION_POLL_EVERY", "LIMIT_DOCUMENT",
	}
	for _, name := range broken {
		environ[name] = leaked
	}
	_, err := Load(environ)
	wantNamed(t, err, broken, leaked)
}

func TestMalformedValuesAreNamedAllAtOnceAndNeverShown(t *testing.T) {
	t.Parallel()
	const leaked = "sk_live_0123456789"
	environ := good()
	broken := []string{"NEON_PG_CONN", "DATABASE_URL", "DATABASE_URL_UNPOOLED", "BACKEND_URL", "ASSEMBLYAI_BASE_URL", "NEXT_PUBLIC_APP_URL", "ALLOWED_ORIGINS"}
	for _, name := range broken {
		environ[name] = leaked
	}
	for _, change := range []string{"MAX_UPLOAD_BYTES=5368709121", "DATABASE_MAX_CONNS=0", "TRANSCRIPTION_POLL_EVERY=-3s", "PORT=65536", "INBOX_RETENTION=0s", "LIMIT_COST_PER_USER=-1", "LIMIT_LIVE_TRANSCRIPTIONS=-1", "ACTIVITY_RETENTION=167h"} {
		name, value, _ := strings.Cut(change, "=")
		environ[name] = value
		broken = append(broken, name)
	}
	_, err := Load(environ)
	wantNamed(t, err, broken, leaked)
}

func wantNamed(t *testing.T, err error, names []string, leaked string) {
	t.Helper()
	var problems Problems
	if !errors.As(err, &problems) || len(problems) != len(names) {
		t.Fatalf("%v, want a problem for each of %v", err, names)
	}
	for _, name := range names {
		if !slices.ContainsFunc(problems, func(p string) bool { return strings.HasPrefix(p, name+" must be ") }) {
			t.Errorf("%s is not named in %v", name, err)
		}
	}
	if strings.Contains(err.Error(), leaked) {
		t.Errorf("shows the value: %v", err)
	}
}

func TestOptionsAreSubmittedAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	const written = `{"speech_models":["universal-3-pro","universal-2"],"temperature":0.10}`
	got, err := json.Marshal(load(t, with("ASSEMBLYAI_OPTIONS="+written)).AssemblyAIOptions)
	if err != nil || string(got) != written {
		t.Errorf("%s %v, want %s", got, err, written)
	}
	for _, broken := range []string{`[]`, `null`, `{"a":1} {}`, `{"a":`} {
		if _, err := Load(with("ASSEMBLYAI_OPTIONS=" + broken)); err == nil {
			t.Errorf("%s is taken for an object", broken)
		}
	}
}

func TestAnalysisIsAListOfTheSchemasWords(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]Analysis{
		"":                             {"SPEAKERS"},
		"none":                         {},
		"speakers, CONTENT_SAFETY":     {"SPEAKERS", "CONTENT_SAFETY"},
		"SENTIMENT,ENTITIES,,CHAPTERS": {"SENTIMENT", "ENTITIES", "CHAPTERS"},
	} {
		if got := load(t, with("TRANSCRIPTION_ANALYSIS="+value)).Analysis; !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}
