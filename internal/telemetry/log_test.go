package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

func TestLineOfARequestHasItsID(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.Logger(&out, "json", slog.LevelInfo).With("room", "test")
	log.InfoContext(telemetry.WithRequestID(t.Context(), "req-1"), "inside")
	log.InfoContext(t.Context(), "outside")

	inside, outside, _ := strings.Cut(out.String(), "\n")
	var line map[string]any
	if err := json.Unmarshal([]byte(inside), &line); err != nil || line["request"] != "req-1" || line["room"] != "test" {
		t.Errorf("%s %v", inside, err)
	}
	if strings.Contains(outside, "request") {
		t.Error(outside)
	}
}

func TestSecretsAreHiddenByTheirName(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		for _, name := range []string{
			"token", "Token", "secret", "authorization", "Authorization", "Cookie", "password", "key", "api_key", "apiKey", "X-Api-Key",
			"webhook_secret", "webhookSecrets", "Set-Cookie", "db.password", "AUTH_SECRET_2", "accessToken", "secrets",
		} {
			var out bytes.Buffer
			log := telemetry.Logger(&out, format, slog.LevelInfo)
			log.Info("one", name, "hunter2")
			log.With(name, "hunter2").WithGroup(name).Info("two", "inner", "hunter2")
			log.Info("three", slog.Group("outer", name, []byte("hunter2")))
			if strings.Contains(out.String(), "hunter2") || strings.Count(out.String(), "[hidden]") != 4 {
				t.Errorf("%s as %s: %s", name, format, &out)
			}
		}
	}
}

func TestWhatOnlySoundsLikeASecretIsShown(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"monkey", "token_count", "tokenize", "keys_total", "keyboard", "request", "hotkey_pressed"} {
		var out bytes.Buffer
		telemetry.Logger(&out, "json", slog.LevelInfo).Info("one", name, "plain")
		if !strings.Contains(out.String(), "plain") {
			t.Errorf("%s: %s", name, &out)
		}
	}
}

func TestLinesBelowTheLevelAreDropped(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.Logger(&out, "text", slog.LevelWarn)
	log.Info("quiet")
	log.Warn("loud")
	if strings.Contains(out.String(), "quiet") || !strings.Contains(out.String(), "msg=loud") {
		t.Error(out.String())
	}
}

func TestStatementsAreCountedForTheirRequestOnly(t *testing.T) {
	t.Parallel()
	one, first := telemetry.WithStatements(t.Context())
	two, second := telemetry.WithStatements(t.Context())
	deeper, cancel := context.WithCancel(one)
	defer cancel()
	for _, ctx := range []context.Context{one, deeper, two, t.Context()} {
		telemetry.CountStatement(ctx)
	}
	if first.Count() != 2 || second.Count() != 1 {
		t.Errorf("%d and %d, want 2 and 1", first.Count(), second.Count())
	}
}
