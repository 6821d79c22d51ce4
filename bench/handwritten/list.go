package main

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/page"
)

type organization struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Recordings struct {
		Nodes    []*recording `json:"nodes"`
		PageInfo pageInfo     `json:"pageInfo"`
	} `json:"recordings"`
}

type pageInfo struct {
	HasNextPage bool    `json:"hasNextPage"`
	EndCursor   *string `json:"endCursor"`
}

type recording struct {
	ID             string          `json:"id"`
	Source         string          `json:"source"`
	Status         string          `json:"status"`
	Filename       *string         `json:"filename"`
	ContentType    *string         `json:"contentType"`
	SizeBytes      *int64          `json:"sizeBytes"`
	DurationMs     *int32          `json:"durationMs"`
	Channels       *int32          `json:"channels"`
	CreatedAt      time.Time       `json:"createdAt"`
	Transcriptions []transcription `json:"transcriptions"`
}

type transcription struct {
	ID           string     `json:"id"`
	Status       string     `json:"status"`
	Attempt      int32      `json:"attempt"`
	Version      int32      `json:"version"`
	QueuedAt     time.Time  `json:"queuedAt"`
	StartedAt    *time.Time `json:"startedAt"`
	FinishedAt   *time.Time `json:"finishedAt"`
	LanguageCode *string    `json:"languageCode"`
	Confidence   *float64   `json:"confidence"`
}

const (
	selectOrganization = `SELECT id, name FROM switchboard.organizations WHERE slug = $1`
	selectRecordings   = `SELECT id, source, status, filename, content_type, size_bytes, duration_ms, channels, created_at
		FROM switchboard.recordings WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY id DESC LIMIT $2`
	selectTranscriptions = `SELECT recording_id, id, status, attempt, version, queued_at, started_at, finished_at, language_code, confidence
		FROM switchboard.transcriptions WHERE recording_id = ANY($1) ORDER BY recording_id, id DESC`
)

// list is a page of recordings with their transcriptions, in three statements.
func (s *server) list(r *http.Request) (any, error) {
	first, err := strconv.Atoi(r.URL.Query().Get("first"))
	if err != nil {
		return nil, fmt.Errorf("reading first: %w", err)
	}
	var out organization
	var id uuid.UUID
	if err := s.pool.QueryRow(r.Context(), selectOrganization, r.URL.Query().Get("organization")).Scan(&id, &out.Name); err != nil {
		return nil, fmt.Errorf("reading the organization: %w", err)
	}
	out.ID = ids.Of(ids.Organization, id).String()
	rows, err := s.pool.Query(r.Context(), selectRecordings, id, first+1)
	if err != nil {
		return nil, fmt.Errorf("reading recordings: %w", err)
	}
	wanted, byID := []uuid.UUID{}, map[uuid.UUID]*recording{}
	var of uuid.UUID
	var x recording
	_, err = pgx.ForEachRow(rows, []any{&of, &x.Source, &x.Status, &x.Filename, &x.ContentType, &x.SizeBytes, &x.DurationMs, &x.Channels, &x.CreatedAt}, func() error {
		if len(wanted) == first {
			out.Recordings.PageInfo.HasNextPage = true
			return nil
		}
		one := x
		one.ID, one.CreatedAt, one.Transcriptions = ids.Of(ids.Recording, of).String(), x.CreatedAt.UTC(), []transcription{}
		wanted, byID[of] = append(wanted, of), &one
		out.Recordings.Nodes = append(out.Recordings.Nodes, &one)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading recordings: %w", err)
	}
	if n := len(wanted); n > 0 {
		cursor := page.Encode(wanted[n-1])
		out.Recordings.PageInfo.EndCursor = &cursor
	}
	return map[string]any{"organization": &out}, s.transcriptionsOf(r, wanted, byID)
}

func (s *server) transcriptionsOf(r *http.Request, wanted []uuid.UUID, byID map[uuid.UUID]*recording) error {
	rows, err := s.pool.Query(r.Context(), selectTranscriptions, wanted)
	if err != nil {
		return fmt.Errorf("reading transcriptions: %w", err)
	}
	var of, id uuid.UUID
	var t transcription
	_, err = pgx.ForEachRow(rows, []any{&of, &id, &t.Status, &t.Attempt, &t.Version, &t.QueuedAt, &t.StartedAt, &t.FinishedAt, &t.LanguageCode, &t.Confidence}, func() error {
		one := t
		one.ID, one.QueuedAt, one.StartedAt, one.FinishedAt = ids.Of(ids.Transcription, id).String(), t.QueuedAt.UTC(), utc(t.StartedAt), utc(t.FinishedAt)
		byID[of].Transcriptions = append(byID[of].Transcriptions, one)
		return nil
	})
	return err
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
