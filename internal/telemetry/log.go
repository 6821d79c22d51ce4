// Package telemetry is what an operator sees of the service: log lines that carry the id of their request
// and no secrets, the number of statements that a request cost, metrics, and traces. It owns the names of
// all of them.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"unicode"
)

// masked stands for a secret in a log line.
const masked = "[hidden]"

// Logger writes lines as "text" for a person, as JSON for everything else. A line that is logged with
// the context of a request has its id.
func Logger(w io.Writer, format string, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: mask}
	if format == "text" {
		return slog.New(handler{slog.NewTextHandler(w, options)})
	}
	return slog.New(handler{slog.NewJSONHandler(w, options)})
}

// handler adds the ids of the request and of its trace.
type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, line slog.Record) error {
	if id := RequestID(ctx); id != "" {
		line.AddAttrs(slog.String("request", id))
	}
	if id := traceID(ctx); id != "" {
		line.AddAttrs(slog.String("trace_id", id))
	}
	return h.Handler.Handle(ctx, line)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

// mask is the last net below the rule that no secret is logged: it goes by the attribute's name, or that
// of a group around it.
func mask(groups []string, a slog.Attr) slog.Attr {
	if secretive(a.Key) || slices.ContainsFunc(groups, secretive) {
		return slog.String(a.Key, masked)
	}
	return a
}

// secretive looks at the last word of a name: "api_key" and "webhookSecrets" are secrets, "token_count" is
// none.
func secretive(name string) bool {
	word := strings.TrimSuffix(strings.ToLower(lastWord(name)), "s")
	return slices.Contains([]string{"token", "secret", "authorization", "cookie", "password", "key"}, word)
}

// lastWord knows snake_case, Header-Case and camelCase.
func lastWord(name string) string {
	letters := []rune(strings.TrimRightFunc(name, func(r rune) bool { return !unicode.IsLetter(r) }))
	for i := len(letters) - 1; i >= 0; i-- {
		begins := unicode.IsUpper(letters[i]) && i+1 < len(letters) && unicode.IsLower(letters[i+1])
		if begins {
			return string(letters[i:])
		}
		if !unicode.IsLetter(letters[i]) {
			return string(letters[i+1:])
		}
	}
	return string(letters)
}
