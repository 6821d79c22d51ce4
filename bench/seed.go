package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

const (
	// slug is the one organization that everything happens in.
	slug = "bench"
	// people are enough for the sockets: one may have 20.
	people = 60
	// listed is the longest page of the list.
	listed = 100
	// utterances are about ten minutes of talk.
	utterances, wordsEach = 200, 12
)

// seeded is what the database begins with.
type seeded struct {
	organization uuid.UUID
	people       []uuid.UUID
	transcript   ids.ID   // one with utterances
	watched      []ids.ID // in progress for good: what idle sockets look at
}

// seed writes rows directly. What is in progress comes first: ids grow, and the list shows the newest.
func seed(ctx context.Context, pool *pgxpool.Pool, watched int) (seeded, error) {
	s := seeded{organization: uuid.Must(uuid.NewV7())}
	if _, err := pool.Exec(ctx, `INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'Bench', $2)`, s.organization, slug); err != nil {
		return s, fmt.Errorf("seeding the organization: %w", err)
	}
	// Outside our schema: the yardstick must not share pages, locks or indexes with what it measures.
	if _, err := pool.Exec(ctx, `CREATE SCHEMA bench; CREATE TABLE bench.webhook_events (LIKE switchboard.webhook_events INCLUDING ALL)`); err != nil {
		return s, fmt.Errorf("making the yardstick's table: %w", err)
	}
	if err := s.seedPeople(ctx, pool); err != nil {
		return s, err
	}
	running, err := s.seedCalls(ctx, pool, watched, false)
	if err != nil {
		return s, err
	}
	for _, id := range running {
		s.watched = append(s.watched, ids.Of(ids.Transcription, id))
	}
	if err := s.seedActivity(ctx, pool, running); err != nil {
		return s, err
	}
	finished, err := s.seedCalls(ctx, pool, listed+1, true) // one more: there is a next page
	if err != nil {
		return s, err
	}
	s.transcript = ids.Of(ids.Transcription, finished[listed])
	if err := s.seedResult(ctx, pool); err != nil {
		return s, err
	}
	_, err = pool.Exec(ctx, "ANALYZE") // else the first plans are made for empty tables, and stay
	return s, err
}

func (s *seeded) seedPeople(ctx context.Context, pool *pgxpool.Pool) error {
	var users, memberships [][]any
	for range people {
		id := uuid.Must(uuid.NewV7())
		s.people = append(s.people, id)
		users = append(users, []any{id, id.String() + "@example.com", "Somebody"})
		memberships = append(memberships, []any{uuid.Must(uuid.NewV7()), s.organization, id, "OPERATOR"})
	}
	if err := insert(ctx, pool, "users", []string{"id", "email", "name"}, users); err != nil {
		return err
	}
	return insert(ctx, pool, "memberships", []string{"id", "organization_id", "user_id", "role"}, memberships)
}

// seedCalls makes recordings with a transcription each.
func (s *seeded) seedCalls(ctx context.Context, pool *pgxpool.Pool, n int, finished bool) ([]uuid.UUID, error) {
	var recordings, transcriptions [][]any
	var made []uuid.UUID
	now := time.Now()
	for i := range n {
		recording, id := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
		made = append(made, id)
		recordings = append(recordings, []any{
			recording, s.organization, "UPLOAD", "STORED", fmt.Sprintf("call-%d.wav", i), recording.String(), "audio/wav",
			int64(9_600_000), int32(600_000), int32(2), s.people[0],
		})
		// Asked about an hour from now: the sweep would ask the provider, which does not know them.
		row := []any{id, s.organization, recording, "PROCESSING", int32(0), s.people[0], []string{}, now, nil, now.Add(time.Hour), nil, nil, nil}
		if finished {
			row = []any{id, s.organization, recording, "COMPLETED", int32(1), s.people[0], []string{}, now, now, now, "en_us", 0.93, talk(utterances * wordsEach)}
		}
		transcriptions = append(transcriptions, row)
	}
	err := insert(ctx, pool, "recordings", []string{
		"id", "organization_id", "source", "status", "filename", "object_key", "content_type", "size_bytes", "duration_ms", "channels", "created_by",
	}, recordings)
	if err != nil {
		return nil, err
	}
	return made, insert(ctx, pool, "transcriptions", []string{
		"id", "organization_id", "recording_id", "status", "version", "requested_by", "analysis", "started_at", "finished_at", "checked_at",
		"language_code", "confidence", "text",
	}, transcriptions)
}

// seedActivity is what a live stream begins with.
func (s *seeded) seedActivity(ctx context.Context, pool *pgxpool.Pool, running []uuid.UUID) error {
	var events [][]any
	for i, id := range running {
		events = append(events, []any{
			s.organization, int64(i + 1), uuid.Must(uuid.NewV7()), "TRANSCRIPTION_STATUS_CHANGED", "trn", id, "PROCESSING", "QUEUED", "SYSTEM", "Switchboard",
		})
	}
	columns := []string{"organization_id", "number", "id", "type", "subject_kind", "subject_id", "status", "previous_status", "actor_kind", "actor_label"}
	if err := insert(ctx, pool, "activity_events", columns, events); err != nil {
		return err
	}
	return insert(ctx, pool, "activity_heads", []string{"organization_id", "last_number"}, [][]any{{s.organization, int64(len(running))}})
}

// seedResult gives one transcript its speakers and utterances.
func (s *seeded) seedResult(ctx context.Context, pool *pgxpool.Pool) error {
	id := s.transcript.UUID
	speakers := json.RawMessage(`[{"key":"1","label":"Speaker 1","talk":300000},{"key":"2","label":"Speaker 2","talk":280000}]`)
	none := json.RawMessage("[]")
	columns := []string{"transcription_id", "organization_id", "speakers", "chapters", "topics", "content_safety", "entities", "answer"}
	if err := insert(ctx, pool, "transcription_results", columns, [][]any{{id, s.organization, speakers, none, none, none, none, []byte("{}")}}); err != nil {
		return err
	}
	var rows [][]any
	for i := range utterances {
		text, start := talk(wordsEach), i*3000
		var words []map[string]any
		for j, w := range strings.Fields(text) {
			words = append(words, map[string]any{"t": w, "s": start + j*200, "e": start + j*200 + 180, "c": 0.9})
		}
		raw, err := json.Marshal(words)
		if err != nil {
			return fmt.Errorf("encoding words: %w", err)
		}
		rows = append(rows, []any{id, int32(i), s.organization, fmt.Sprint(1 + i%2), int32(start), int32(start + 2900), text, 0.91, "NEUTRAL", json.RawMessage(raw)})
	}
	return insert(ctx, pool, "utterances", []string{
		"transcription_id", "index", "organization_id", "speaker_key", "start_ms", "end_ms", "text", "confidence", "sentiment", "words",
	}, rows)
}

func insert(ctx context.Context, pool *pgxpool.Pool, table string, columns []string, rows [][]any) error {
	if _, err := pool.CopyFrom(ctx, pgx.Identifier{"switchboard", table}, columns, pgx.CopyFromRows(rows)); err != nil {
		return fmt.Errorf("seeding %s: %w", table, err)
	}
	return nil
}

// talk is so many words of a telephone call.
func talk(n int) string {
	said := strings.Fields("good morning this is the harbor dental practice how may I help you today I would like to move my appointment from Tuesday to the week after please")
	words := make([]string, n)
	for i := range words {
		words[i] = said[i%len(said)]
	}
	return strings.Join(words, " ") + "."
}
