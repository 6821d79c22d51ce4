package steps

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/lab"
)

// lookEvery is how often the database is asked whether a walk is at its end.
const lookEvery = 100 * time.Millisecond

// Walk is one thing that people do with the program, and what must be there in the end.
type Walk struct {
	Name string
	does func(context.Context, *rig) error         // what a person does; whoever gets no answer asks again
	done string                                    // SQL: whether the person has what they came for
	once []claim                                   // of the database
	calm func(context.Context, *rig) (bool, error) // whether the providers have told all; nil: nothing is missing without it
	look func(context.Context, *rig) []string      // at the providers and through the public door: what is wrong
}

// claim is a number that has to be there.
type claim struct {
	what  string
	want  int
	query string
}

// always holds at the end of every walk.
func always() []claim {
	return []claim{
		{"organizations whose activity has a gap", 0, `SELECT count(*) FROM switchboard.activity_heads h WHERE last_number <> (SELECT count(*) FROM switchboard.activity_events e WHERE e.organization_id = h.organization_id)
			OR last_number <> (SELECT max(number) FROM switchboard.activity_events e WHERE e.organization_id = h.organization_id)`},
		{"changes that were told twice", 0, `SELECT count(*) FROM (SELECT FROM switchboard.activity_events WHERE status IS NOT NULL
			GROUP BY subject_id, type, status HAVING count(*) > 1) x`},
		{"webhooks that were given up", 0, `SELECT count(*) FROM switchboard.webhook_events WHERE status <> 'PROCESSED'`},
		// A sweep that died is not run again: the next one is its second try.
		{"jobs that were given up", 0, `SELECT count(*) FROM river.river_job WHERE state = 'discarded' AND NOT metadata ? 'periodic'`},
		{"months in which more or less is used than was counted", 0, `SELECT count(*) FROM switchboard.billing_usage u WHERE used <> (SELECT coalesce(sum(amount), 0)
			FROM switchboard.billing_usage_things t WHERE t.organization_id = u.organization_id AND t.metric = u.metric AND t.month = u.month)`},
	}
}

// atRest is when nothing is to be expected any more: also the jobs of the dead have run again.
const atRest = `SELECT NOT EXISTS (SELECT FROM river.river_job WHERE state IN ('available', 'running', 'retryable', 'pending'))
	AND NOT EXISTS (SELECT FROM switchboard.webhook_events WHERE processed_at IS NULL)`

// until waits for a condition of the database.
func (r *rig) until(ctx context.Context, query string) error {
	return r.eventually(ctx, func() (holds bool, err error) {
		err = r.Pool.QueryRow(ctx, query).Scan(&holds)
		return holds, err
	})
}

// eventually is lab.Eventually with no patience but that of ctx.
func (r *rig) eventually(ctx context.Context, holds func() (bool, error)) error {
	for {
		if ok, err := holds(); err != nil || ok {
			return err
		}
		if err := lab.Pause(ctx, lookEvery); err != nil {
			return err
		}
	}
}

// wrong is what a walk left that should not be so.
func (w Walk) wrong(ctx context.Context, r *rig) []string {
	return append(r.hold(ctx, append(always(), w.once...)), w.look(ctx, r)...)
}

// hold says which claims do not.
func (r *rig) hold(ctx context.Context, claims []claim) (wrong []string) {
	for _, c := range claims {
		var n int
		if err := r.Pool.QueryRow(ctx, c.query).Scan(&n); err != nil {
			wrong = append(wrong, fmt.Sprintf("counting %s: %v", c.what, err))
		} else if n != c.want {
			wrong = append(wrong, fmt.Sprintf("%s: %d instead of %d", c.what, n, c.want))
		}
	}
	return wrong
}

// state is what to read when something is wrong.
func (r *rig) state(ctx context.Context) string {
	var all []string
	for _, query := range []string{
		`SELECT string_agg(concat_ws(' ', kind, state, attempt, errors[1]->>'error'), '; ') FROM river.river_job WHERE state <> 'completed'`,
		`SELECT string_agg(concat_ws(' ', source, type, status, error), '; ') FROM switchboard.webhook_events WHERE status <> 'PROCESSED'`,
		`SELECT string_agg(concat_ws(' ', status, failure_code, 'dialed', dialed_at IS NOT NULL), '; ') FROM switchboard.calls`,
		`SELECT string_agg(concat_ws(' ', status, attempt, version), '; ') FROM switchboard.transcriptions`,
		`SELECT string_agg(concat_ws(' ', kind, attempt, 'done', done_at IS NOT NULL), '; ') FROM switchboard.billing_operations`,
		`SELECT string_agg(concat_ws(' ', number, type, previous_status, status), ', ' ORDER BY number) FROM switchboard.activity_events`,
	} {
		var text *string
		if err := r.Pool.QueryRow(ctx, query).Scan(&text); err == nil && text != nil {
			all = append(all, *text)
		}
	}
	return strings.Join(all, " | ")
}
