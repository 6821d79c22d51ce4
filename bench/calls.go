package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

const (
	// callsSlug is an organization that has nothing but calls: the other measurements do not see them.
	callsSlug = "bench-calls"
	// callsThere are those of a busy year.
	callsThere = 100_000
	// maxCallStatements are for the organization, its calls, their recordings and the transcriptions of those.
	maxCallStatements = 4
)

// seedEveryCall has the database write calls with a recording and a transcription each, one a minute.
const seedEveryCall = `
WITH made AS (
	SELECT n, now() - make_interval(mins => $2 - n) AS at, gen_random_uuid() AS call, gen_random_uuid() AS recording FROM generate_series(1, $2) n
), calls AS (
	INSERT INTO switchboard.calls (id, organization_id, direction, status, from_number, to_number, record, transcribe, created_at, started_at, ended_at, duration_ms, collected_at)
	SELECT call, $1, 'OUTBOUND', 'COMPLETED', '+12025550100', '+1202555' || lpad((n % 10000)::text, 4, '0'), true, true, at, at, at + interval '47 seconds', 47000, at FROM made
), recordings AS (
	INSERT INTO switchboard.recordings (id, organization_id, source, status, object_key, content_type, size_bytes, duration_ms, channels, created_at, call_id, provider_id, provider_status)
	SELECT recording, $1, 'SIGNALWIRE', 'STORED', recording::text, 'audio/wav', 752000, 47000, 2, at, call, recording::text, 'COMPLETED' FROM made RETURNING id
)
INSERT INTO switchboard.transcriptions (id, organization_id, recording_id, status, version, analysis, queued_at, started_at, finished_at, language_code, confidence, text)
SELECT gen_random_uuid(), $1, recording, 'COMPLETED', 1, '{}', at, at, at, 'en_us', 0.93, 'Good morning.' FROM made`

// measureCalls fills the rows of a page of calls out of very many.
func (l *bench) measureCalls(ctx context.Context, t *table) error {
	if err := l.seedEveryCall(ctx); err != nil {
		return err
	}
	of := func(n int) map[string]any { return map[string]any{"s": callsSlug, "n": n} }
	session, err := l.statements(ctx, whoQuery, nil)
	if err != nil {
		return err
	}
	short, err := l.statements(ctx, callsQuery, of(20))
	if err != nil {
		return err
	}
	long, err := l.statements(ctx, callsQuery, of(listed))
	if err != nil {
		return err
	}
	t.add(row{
		what: "SQL statements for a list of 20 and of 100 calls with recordings and transcriptions, beyond the session",
		ours: fmt.Sprintf("%d and %d", short-session, long-session), bound: fmt.Sprintf("the same, at most %d", maxCallStatements),
	}, short == long && long-session <= maxCallStatements)
	ours, err := l.graphql(callsQuery, of(20))
	if err != nil {
		return err
	}
	byHand, err := wire("GET", l.byHand.URL+"/calls?organization="+callsSlug+"&first=20", "", "Authorization", "Bearer "+l.byHandIs)
	if err != nil {
		return err
	}
	return l.compare(ctx, t, page{"a list of 20 calls out of 100,000 with recordings and transcriptions", ours, byHand})
}

func (l *bench) seedEveryCall(ctx context.Context) error {
	organization := uuid.Must(uuid.NewV7())
	for _, statement := range []struct {
		sql       string
		arguments []any
	}{
		{`INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'Calls', $2)`, []any{organization, callsSlug}},
		{`INSERT INTO switchboard.memberships (id, organization_id, user_id, role) VALUES ($1, $2, $3, 'OPERATOR')`, []any{uuid.Must(uuid.NewV7()), organization, l.people[0]}},
		{seedEveryCall, []any{organization, callsThere}},
		{`ANALYZE`, nil},
	} {
		if _, err := l.Pool.Exec(ctx, statement.sql, statement.arguments...); err != nil {
			return fmt.Errorf("seeding calls: %w", err)
		}
	}
	return nil
}
