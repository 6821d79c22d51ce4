package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
)

// maxBody is far above any notification (AssemblyAI's are 100 bytes, Stripe's below 256 KB): what is
// longer is none.
const maxBody = 1 << 20

// ServeHTTP takes POST /api/webhooks/{source}. It answers 200 only for what is kept. Providers stop for
// good at a 4xx, so an id that we do not know (yet) is kept like any other, and a failure of ours is a 503.
func (in *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	source, ok := in.sources[r.PathValue("source")]
	if !ok {
		answer(w, http.StatusNotFound, "There is no such webhook.")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var long *http.MaxBytesError
		if errors.As(err, &long) {
			answer(w, http.StatusRequestEntityTooLarge, "A notification has at most 1 MiB.")
			return
		}
		answer(w, http.StatusBadRequest, "The body could not be read.")
		return
	}
	delivery, err := source.Read(r, body)
	if err != nil {
		in.kept(string(source.Name), "forged")
		answer(w, http.StatusUnauthorized, "The signature or secret is missing or wrong.")
		return
	}
	fresh, err := in.keep(r.Context(), source, delivery, r, body)
	if err != nil {
		in.kept(string(source.Name), "lost")
		slog.Error("keeping a webhook failed; the sender is asked to come again", "source", source.Name, "error", err)
		w.Header().Set("Retry-After", "5")
		answer(w, http.StatusServiceUnavailable, "This could not be kept. Send it again.")
		return
	}
	if fresh {
		in.kept(string(source.Name), "new")
	} else {
		in.kept(string(source.Name), "again")
	}
	answer(w, http.StatusOK, "Kept.")
}

// keep writes the delivery and its job in one transaction; fresh is false for one that was kept before,
// unless it was given up.
func (in *Inbox) keep(ctx context.Context, source Source, d Delivery, r *http.Request, body []byte) (fresh bool, err error) {
	params, err := row(source, d, r, body)
	if err != nil {
		return false, err
	}
	return in.intake.join(ctx, &arrival{row: params, origin: ctx})
}

func row(source Source, d Delivery, r *http.Request, body []byte) (db.KeepWebhookEventsParams, error) {
	headers, err := json.Marshal(keepable(r.Header, source.Secret))
	if err != nil {
		return db.KeepWebhookEventsParams{}, fmt.Errorf("encoding headers: %w", err)
	}
	params := db.KeepWebhookEventsParams{
		ID: uuid.Must(uuid.NewV7()), Source: string(source.Name), DedupeKey: key(d.Same), Type: storable(d.Type),
		Query: storable(r.URL.RawQuery), Headers: headers, Body: body,
	}
	if id := storable(d.ExternalID); id != "" {
		params.ExternalID = &id
	}
	return params, nil
}

// keepable leaves out what would let a reader of the table pose as the sender.
func keepable(all http.Header, secret string) map[string][]string {
	kept := map[string][]string{}
	for name, values := range all {
		switch name {
		case "Authorization", "Cookie", http.CanonicalHeaderKey(secret):
			continue
		}
		for _, v := range values {
			kept[name] = append(kept[name], storable(v))
		}
	}
	return kept
}

// storable drops what Postgres cannot hold in a text: NUL and invalid UTF-8. The body keeps its bytes.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

func key(parts []string) []byte {
	hash := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(hash, "%d:%s", len(part), part) // lengths keep ("a","bc") and ("ab","c") apart
	}
	return hash.Sum(nil)
}

func answer(w http.ResponseWriter, status int, sentence string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, sentence+"\n")
}
