package lab

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/switchboard-voice/switchboard/internal/ids"
)

const (
	// Organizations share the calls, as they do in production: each has its own order of events.
	Organizations = 50
	// PeopleEach are enough for 100 sockets: one person may have 20.
	PeopleEach = 6
)

// Call is one transcription in progress, and who may see it.
type Call struct {
	Organization, Recording uuid.UUID
	Transcription           ids.ID
	Slug, Token             string
}

// Seed writes organizations, people and so many calls in progress directly, as many to each organization.
func (l *Lab) Seed(ctx context.Context, calls int) ([]Call, error) {
	list := make([]Call, calls)
	var users, companies, memberships [][]any
	people := make([][]uuid.UUID, Organizations)
	tokens := make([][]string, Organizations)
	owners := make([]uuid.UUID, Organizations)
	for i := range Organizations {
		owners[i] = uuid.Must(uuid.NewV7())
		companies = append(companies, []any{owners[i], "Drill", fmt.Sprintf("drill-%d", i)})
		for range PeopleEach {
			id := uuid.Must(uuid.NewV7())
			token, err := l.Token(id)
			if err != nil {
				return nil, err
			}
			people[i], tokens[i] = append(people[i], id), append(tokens[i], token)
			users = append(users, []any{id, id.String() + "@example.com", "Somebody"})
			memberships = append(memberships, []any{uuid.Must(uuid.NewV7()), owners[i], id, "OPERATOR"})
		}
	}
	for i := range list {
		o := i % Organizations
		list[i] = Call{
			Organization: owners[o], Recording: uuid.Must(uuid.NewV7()), Transcription: ids.New(ids.Transcription),
			Slug: fmt.Sprintf("drill-%d", o), Token: tokens[o][i/Organizations%PeopleEach],
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
		if err := l.Insert(ctx, table.name, table.columns, table.rows); err != nil {
			return nil, err
		}
	}
	if err := l.seedCalls(ctx, list, people); err != nil {
		return nil, err
	}
	_, err := l.Pool.Exec(ctx, "ANALYZE") // else the first plans are made for empty tables, and stay
	return list, err
}

func (l *Lab) seedCalls(ctx context.Context, calls []Call, people [][]uuid.UUID) error {
	var recordings, transcriptions [][]any
	now := time.Now()
	for i, c := range calls {
		by := people[i%Organizations][0]
		recordings = append(recordings, []any{c.Recording, c.Organization, "UPLOAD", "STORED", fmt.Sprintf("call-%d.wav", i), c.Recording.String(), "audio/wav",
			int64(9_600_000), int32(600_000), int32(2), by})
		// Asked about an hour from now: the sweep would ask the provider, which does not know them.
		transcriptions = append(transcriptions, []any{c.Transcription.UUID, c.Organization, c.Recording, "PROCESSING", by, []string{}, now, now.Add(time.Hour)})
	}
	err := l.Insert(ctx, "recordings", []string{"id", "organization_id", "source", "status", "filename", "object_key", "content_type",
		"size_bytes", "duration_ms", "channels", "created_by"}, recordings)
	if err != nil {
		return err
	}
	err = l.Insert(ctx, "transcriptions", []string{"id", "organization_id", "recording_id", "status", "requested_by", "analysis", "started_at", "checked_at"}, transcriptions)
	if err != nil {
		return err
	}
	return l.Happen(ctx, calls)
}

// Happen writes one more event for each call, behind the back of every server: nobody is woken.
func (l *Lab) Happen(ctx context.Context, calls []Call) error {
	last := map[uuid.UUID]int64{}
	rows, err := l.Pool.Query(ctx, "SELECT organization_id, last_number FROM switchboard.activity_heads")
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
		last[c.Organization]++
		events = append(events, []any{c.Organization, last[c.Organization], uuid.Must(uuid.NewV7()), "TRANSCRIPTION_STATUS_CHANGED", "trn", c.Transcription.UUID,
			"PROCESSING", "QUEUED", "SYSTEM", "Switchboard"})
	}
	for organization, number := range last {
		heads = append(heads, []any{organization, number})
	}
	if _, err := l.Pool.Exec(ctx, "DELETE FROM switchboard.activity_heads"); err != nil {
		return fmt.Errorf("replacing the heads: %w", err)
	}
	if err := l.Insert(ctx, "activity_heads", []string{"organization_id", "last_number"}, heads); err != nil {
		return err
	}
	return l.Insert(ctx, "activity_events", []string{"organization_id", "number", "id", "type", "subject_kind", "subject_id", "status", "previous_status",
		"actor_kind", "actor_label"}, events)
}

func (l *Lab) Insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	if _, err := l.Pool.CopyFrom(ctx, pgx.Identifier{"switchboard", table}, columns, pgx.CopyFromRows(rows)); err != nil {
		return fmt.Errorf("seeding %s: %w", table, err)
	}
	return nil
}
