package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/switchboard-voice/switchboard/internal/ids"
)

const (
	// organizations share the calls, as they do in production: each has its own order of events.
	organizations = 50
	// peopleEach are enough for 100 sockets: one person may have 20.
	peopleEach = 6
)

// call is one transcription in progress, and who may see it.
type call struct {
	organization, recording uuid.UUID
	transcription           ids.ID
	slug, token             string
}

// seed writes organizations, people and so many calls in progress directly, as many to each organization.
func (l *lab) seed(ctx context.Context, calls int) ([]call, error) {
	list := make([]call, calls)
	var users, companies, memberships [][]any
	people := make([][]uuid.UUID, organizations)
	tokens := make([][]string, organizations)
	owners := make([]uuid.UUID, organizations)
	for i := range organizations {
		owners[i] = uuid.Must(uuid.NewV7())
		companies = append(companies, []any{owners[i], "Drill", fmt.Sprintf("drill-%d", i)})
		for range peopleEach {
			id := uuid.Must(uuid.NewV7())
			token, err := l.token(id)
			if err != nil {
				return nil, err
			}
			people[i], tokens[i] = append(people[i], id), append(tokens[i], token)
			users = append(users, []any{id, id.String() + "@example.com", "Somebody"})
			memberships = append(memberships, []any{uuid.Must(uuid.NewV7()), owners[i], id, "OPERATOR"})
		}
	}
	for i := range list {
		o := i % organizations
		list[i] = call{
			organization: owners[o], recording: uuid.Must(uuid.NewV7()), transcription: ids.New(ids.Transcription),
			slug: fmt.Sprintf("drill-%d", o), token: tokens[o][i/organizations%peopleEach],
		}
	}
	for _, table := range []struct {
		name    string
		columns []string
		rows    [][]any
	}{
		{"users", []string{"id", "email", "name"}, users},
		{"organizations", []string{"id", "name", "slug"}, companies},
		{"memberships", []string{"id", "organization_id", "user_id", "role"}, memberships},
	} {
		if err := l.insert(ctx, table.name, table.columns, table.rows); err != nil {
			return nil, err
		}
	}
	if err := l.seedCalls(ctx, list, people); err != nil {
		return nil, err
	}
	_, err := l.pool.Exec(ctx, "ANALYZE") // else the first plans are made for empty tables, and stay
	return list, err
}

func (l *lab) seedCalls(ctx context.Context, calls []call, people [][]uuid.UUID) error {
	var recordings, transcriptions [][]any
	now := time.Now()
	for i, c := range calls {
		by := people[i%organizations][0]
		recordings = append(recordings, []any{c.recording, c.organization, "UPLOAD", "STORED", fmt.Sprintf("call-%d.wav", i), c.recording.String(), "audio/wav",
			int64(9_600_000), int32(600_000), int32(2), by})
		// Asked about an hour from now: the sweep would ask the provider, which does not know them.
		transcriptions = append(transcriptions, []any{c.transcription.UUID, c.organization, c.recording, "PROCESSING", by, []string{}, now, now.Add(time.Hour)})
	}
	err := l.insert(ctx, "recordings", []string{"id", "organization_id", "source", "status", "filename", "object_key", "content_type",
		"size_bytes", "duration_ms", "channels", "created_by"}, recordings)
	if err != nil {
		return err
	}
	err = l.insert(ctx, "transcriptions", []string{"id", "organization_id", "recording_id", "status", "requested_by", "analysis", "started_at", "checked_at"}, transcriptions)
	if err != nil {
		return err
	}
	return l.happen(ctx, calls)
}

// happen writes one more event for each call, behind the back of every server: nobody is woken.
func (l *lab) happen(ctx context.Context, calls []call) error {
	last := map[uuid.UUID]int64{}
	rows, err := l.pool.Query(ctx, "SELECT organization_id, last_number FROM switchboard.activity_heads")
	if err != nil {
		return fmt.Errorf("reading the heads: %w", err)
	}
	var organization uuid.UUID
	var number int64
	if _, err := pgx.ForEachRow(rows, []any{&organization, &number}, func() error { last[organization] = number; return nil }); err != nil {
		return fmt.Errorf("reading the heads: %w", err)
	}
	var events, heads [][]any
	for _, c := range calls {
		last[c.organization]++
		events = append(events, []any{c.organization, last[c.organization], uuid.Must(uuid.NewV7()), "TRANSCRIPTION_STATUS_CHANGED", "trn", c.transcription.UUID,
			"PROCESSING", "QUEUED", "SYSTEM", "Switchboard"})
	}
	for organization, number := range last {
		heads = append(heads, []any{organization, number})
	}
	if _, err := l.pool.Exec(ctx, "DELETE FROM switchboard.activity_heads"); err != nil {
		return fmt.Errorf("replacing the heads: %w", err)
	}
	if err := l.insert(ctx, "activity_heads", []string{"organization_id", "last_number"}, heads); err != nil {
		return err
	}
	return l.insert(ctx, "activity_events", []string{"organization_id", "number", "id", "type", "subject_kind", "subject_id", "status", "previous_status",
		"actor_kind", "actor_label"}, events)
}

func (l *lab) insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	if _, err := l.pool.CopyFrom(ctx, pgx.Identifier{"switchboard", table}, columns, pgx.CopyFromRows(rows)); err != nil {
		return fmt.Errorf("seeding %s: %w", table, err)
	}
	return nil
}
