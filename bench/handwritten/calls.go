package main

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

type callers struct {
	ID    string `json:"id"`
	Calls struct {
		Nodes    []*call `json:"nodes"`
		PageInfo struct {
			HasNextPage bool `json:"hasNextPage"`
		} `json:"pageInfo"`
	} `json:"calls"`
}

type call struct {
	ID            string             `json:"id"`
	Direction     string             `json:"direction"`
	Status        string             `json:"status"`
	FromNumber    string             `json:"fromNumber"`
	ToNumber      string             `json:"toNumber"`
	CreatedAt     time.Time          `json:"createdAt"`
	StartedAt     *time.Time         `json:"startedAt"`
	EndedAt       *time.Time         `json:"endedAt"`
	DurationMs    *int32             `json:"durationMs"`
	Recordings    []callRecording    `json:"recordings"`
	Transcription *callTranscription `json:"transcription"`
}

type callRecording struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	DurationMs *int32 `json:"durationMs"`
}

type callTranscription struct {
	ID           string   `json:"id"`
	Status       string   `json:"status"`
	LanguageCode *string  `json:"languageCode"`
	Confidence   *float64 `json:"confidence"`
}

const (
	selectCalls = `SELECT id, direction, status, from_number, to_number, created_at, started_at, ended_at, duration_ms
		FROM switchboard.calls WHERE organization_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`
	selectCallRecordings = `SELECT r.call_id, r.id, r.status, r.duration_ms, t.id, t.status, t.language_code, t.confidence
		FROM switchboard.recordings r LEFT JOIN LATERAL (
			SELECT id, status, language_code, confidence FROM switchboard.transcriptions WHERE recording_id = r.id ORDER BY id DESC LIMIT 1) t ON true
		WHERE r.call_id = ANY($1) AND r.deleted_at IS NULL ORDER BY r.call_id, r.id`
)

// calls is a page of calls with their recordings and transcriptions, in three statements.
func (s *server) calls(r *http.Request) (any, error) {
	first, err := strconv.Atoi(r.URL.Query().Get("first"))
	if err != nil {
		return nil, fmt.Errorf("reading first: %w", err)
	}
	var out callers
	var id uuid.UUID
	var name string
	if err := s.pool.QueryRow(r.Context(), selectOrganization, r.URL.Query().Get("organization")).Scan(&id, &name); err != nil {
		return nil, fmt.Errorf("reading the organization: %w", err)
	}
	out.ID = ids.Of(ids.Organization, id).String()
	rows, err := s.pool.Query(r.Context(), selectCalls, id, first+1)
	if err != nil {
		return nil, fmt.Errorf("reading calls: %w", err)
	}
	wanted, byID := []uuid.UUID{}, map[uuid.UUID]*call{}
	var x call
	_, err = pgx.ForEachRow(rows, []any{&id, &x.Direction, &x.Status, &x.FromNumber, &x.ToNumber, &x.CreatedAt, &x.StartedAt, &x.EndedAt, &x.DurationMs}, func() error {
		if len(wanted) == first {
			out.Calls.PageInfo.HasNextPage = true
			return nil
		}
		one := x
		one.ID, one.Recordings, one.CreatedAt = ids.Of(ids.Call, id).String(), []callRecording{}, x.CreatedAt.UTC()
		one.StartedAt, one.EndedAt = utc(x.StartedAt), utc(x.EndedAt)
		wanted, byID[id] = append(wanted, id), &one
		out.Calls.Nodes = append(out.Calls.Nodes, &one)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading calls: %w", err)
	}
	return map[string]any{"organization": &out}, s.recordingsOf(r, wanted, byID)
}

func (s *server) recordingsOf(r *http.Request, wanted []uuid.UUID, byID map[uuid.UUID]*call) error {
	rows, err := s.pool.Query(r.Context(), selectCallRecordings, wanted)
	if err != nil {
		return fmt.Errorf("reading recordings: %w", err)
	}
	var of, id uuid.UUID
	var spoken *uuid.UUID
	var x callRecording
	var status *string
	var t callTranscription
	_, err = pgx.ForEachRow(rows, []any{&of, &id, &x.Status, &x.DurationMs, &spoken, &status, &t.LanguageCode, &t.Confidence}, func() error {
		one, to := x, byID[of]
		one.ID = ids.Of(ids.Recording, id).String()
		to.Recordings = append(to.Recordings, one)
		if spoken != nil && to.Transcription == nil {
			words := t
			words.ID, words.Status = ids.Of(ids.Transcription, *spoken).String(), *status
			to.Transcription = &words
		}
		return nil
	})
	return err
}
