package steps

import (
	"context"
	"fmt"
)

// Call is a telephone call that is recorded and transcribed.
func Call() Walk {
	return Walk{
		Name: "call", does: dial,
		// The ends: it was talked and all of it is there, or it failed and lookAtCall asks whether it had to.
		done: `SELECT EXISTS (SELECT FROM switchboard.calls WHERE status = 'FAILED')
			OR EXISTS (SELECT FROM switchboard.calls WHERE status = 'COMPLETED') AND EXISTS (SELECT FROM switchboard.transcriptions WHERE status = 'COMPLETED')`,
		once: []claim{
			{"calls", 1, `SELECT count(*) FROM switchboard.calls`},
			{"calls counted", 1, `SELECT count(*) FROM switchboard.billing_usage_things WHERE metric = 'CALLS'`},
			{"calls that have not ended", 0, `SELECT count(*) FROM switchboard.calls WHERE ended_at IS NULL`},
		},
		calm: func(_ context.Context, r *rig) (bool, error) { return r.phone.Stats().Live == 0, nil },
		look: lookAtCall,
	}
}

const startCall = `mutation($in: CallStartInput!) { callStart(input: $in) { call { id } userErrors { message } } }`

func dial(ctx context.Context, r *rig) error {
	var begun struct {
		CallStart struct{ Call struct{ ID string } }
	}
	in := map[string]any{"organizationId": r.organization, "to": theirNumber, "record": true, "idempotencyKey": "call"}
	return r.mutate(ctx, startCall, in, &begun, func() bool { return begun.CallStart.Call.ID != "" })
}

// talked is what a call leaves that somebody answered.
func talked() []claim {
	return append(transcribed(), []claim{
		{"completed calls", 1, `SELECT count(*) FROM switchboard.calls WHERE status = 'COMPLETED'`},
		{"legs", 1, `SELECT count(*) FROM switchboard.call_legs`},
		{"stored recordings of the call", 1, `SELECT count(*) FROM switchboard.recordings r JOIN switchboard.calls c ON c.id = r.call_id WHERE r.status = 'STORED'`},
		{"minutes counted", 1, `SELECT count(*) FROM switchboard.billing_usage_things WHERE metric = 'MINUTES' AND amount = 1`},
		{"recordings told of", 1, `SELECT count(*) FROM switchboard.activity_events WHERE type = 'RECORDING_AVAILABLE'`},
	}...)
}

// silent is what a call leaves that was never dialed.
func silent() []claim {
	return []claim{
		{"calls that say why they failed", 1, `SELECT count(*) FROM switchboard.calls WHERE status = 'FAILED' AND failure_code IN ('NOT_CONFIRMED', 'NOT_PLACED')`},
		{"recordings", 0, `SELECT count(*) FROM switchboard.recordings`},
		{"minutes counted", 0, `SELECT count(*) FROM switchboard.billing_usage_things WHERE metric = 'MINUTES' AND amount > 0`},
	}
}

// hungUp is what a call leaves whose provider gave it up: it asks once what to say, and waits 5 s for the answer.
func hungUp() []claim {
	return []claim{
		{"calls that say why they failed", 1, `SELECT count(*) FROM switchboard.calls WHERE status = 'FAILED' AND failure_code = 'PROVIDER_FAILED'`},
		{"legs", 1, `SELECT count(*) FROM switchboard.call_legs`},
		{"transcriptions", 0, `SELECT count(*) FROM switchboard.transcriptions`},
	}
}

// lookAtCall holds what the telephone service saw against what is here.
func lookAtCall(ctx context.Context, r *rig) (wrong []string) {
	stats := r.phone.Stats()
	claims, rang := silent(), stats.ByTo[theirNumber]
	switch {
	case rang > 0 && stats.Documents == 0: // on a busy machine the next program takes longer to start
		claims = hungUp()
	case rang > 0:
		claims, wrong = talked(), append(r.submitted(), r.stored()...)
	}
	if rang > 1 {
		wrong = append(wrong, fmt.Sprintf("the telephone rang %d times", rang))
	}
	return append(wrong, r.hold(ctx, claims)...)
}
