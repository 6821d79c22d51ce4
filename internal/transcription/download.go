package transcription

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/switchboard-voice/switchboard/internal/postgres"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/recording"
)

// downloadLife is how long a download link lives: enough to click it.
const downloadLife = 15 * time.Minute

// links signs addresses of transcripts. The signature is the right to read: it names one transcription
// and one format, and runs out.
type links struct {
	base string
	keys [][]byte // the first signs, all open
	now  func() time.Time
}

// Download makes a link to a transcript as a file; nil while there is none. The transcription is one
// that the viewer was given.
func (s *Service) Download(t Transcription, format Format) *recording.Link {
	if t.Status != Completed {
		return nil
	}
	ends := s.links.now().Add(downloadLife).Truncate(time.Second)
	name := t.ID.String() + "." + format.extension()
	query := url.Values{"expires": {strconv.FormatInt(ends.Unix(), 10)}, "signature": {sign(s.links.keys[0], name, ends)}}
	return &recording.Link{URL: s.links.base + "/download/" + name + "?" + query.Encode(), ExpiresAt: ends}
}

func sign(key []byte, name string, ends time.Time) string {
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s\n%d", name, ends.Unix())
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (l links) check(name string, query url.Values) error {
	unix, err := strconv.ParseInt(query.Get("expires"), 10, 64)
	ends := time.Unix(unix, 0)
	signed := func(key []byte) bool {
		return hmac.Equal([]byte(sign(key, name, ends)), []byte(query.Get("signature")))
	}
	if err != nil || !slices.ContainsFunc(l.keys, signed) {
		return fault.Forbidden("This link is not valid.")
	}
	if l.now().After(ends) {
		return fault.Expired("This link has expired. Ask for a new one.")
	}
	return nil
}

// ServeHTTP answers GET /download/{file}: a transcript as JSON, text, SRT or VTT.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	body, format, err := s.file(r.Context(), name, r.URL.Query())
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", format.contentType())
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "private, no-store")
	_, _ = w.Write(body)
}

func (s *Service) file(ctx context.Context, name string, query url.Values) ([]byte, Format, error) {
	if err := s.links.check(name, query); err != nil {
		return nil, "", err
	}
	id, format, err := parseName(name)
	if err != nil {
		return nil, "", err
	}
	reader, t, err := s.reader(ctx, id)
	if err != nil {
		return nil, "", err
	}
	all, err := s.Utterances(ctx, reader, []uuid.UUID{id.UUID}, Window{First: 1 << 20, After: -1, ToMs: 1<<31 - 1, Words: true})
	if err != nil {
		return nil, "", err
	}
	found, err := s.Details(ctx, reader, []uuid.UUID{id.UUID})
	if err != nil {
		return nil, "", err
	}
	body, err := format.write(*t, found[id.UUID], all[id.UUID])
	return body, format, err
}

// reader is a viewer that sees just the organization of a transcription: what a signed link stands for.
func (s *Service) reader(ctx context.Context, id ids.ID) (access.Viewer, *Transcription, error) {
	work, err := s.store.GetTranscriptionForWork(ctx, id.UUID)
	if err != nil {
		return access.Viewer{}, nil, postgres.NotFound(err, "transcription")
	}
	if work.DeletedAt != nil {
		return access.Viewer{}, nil, fault.NotFound("transcription")
	}
	t := fromRow(&work.Transcription)
	return access.Viewer{Memberships: []access.Membership{{OrganizationID: t.OrganizationID.UUID, Role: access.Viewing}}}, &t, nil
}

func refuse(w http.ResponseWriter, err error) {
	f := fault.As(err)
	if f == nil {
		slog.Error("writing a download failed", "error", err)
		f = fault.Unavailable(errors.New("internal"))
	}
	http.Error(w, f.Message, f.Status())
}
