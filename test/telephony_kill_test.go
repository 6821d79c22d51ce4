package test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/signalwire"
)

func TestKilledAtAnyStepOfACallItIsNeverDialedTwiceAndNothingOfItIsLost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		faults signalwire.Faults
		job    string // that is killed
		status string
		dialed int
	}{
		"before the provider has it": {signalwire.Faults{On: "place", Hang: true}, "call.place", "FAILED", 0},
		"before the provider's answer": {
			signalwire.Faults{HangAnswer: 1, Callbacks: signalwire.CallbackFaults{Lost: true}}, "call.place", "COMPLETED", 1,
		},
		"while it reads what a callback means": {signalwire.Faults{On: "get", Hang: true}, "inbox.deliver", "COMPLETED", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startPhone(t, "CALL_CHECK_AFTER=2s", "CALL_LOST_AFTER=5s")
			p := a.caller("ours", "OPERATOR")
			other := a.run()
			a.phone.SetFaults(c.faults)
			call := p.call(vars{"record": true})
			worker, survivor := a.running(c.job, other)
			eventually(t, "the call to be asked for, and to go by", func() bool { // else nobody might say what to do with it
				stats := a.phone.Stats()
				return stats.Placed == c.dialed && stats.Live == 0 && a.rows("SELECT count(*) FROM switchboard.calls WHERE dialed_at IS NOT NULL") == 1
			})
			worker.kill()
			a.phone.SetFaults(signalwire.Faults{})

			at := p.at(survivor)
			began, looks := time.Now(), time.NewTicker(100*time.Millisecond)
			defer looks.Stop()
			var seen told
			done := func() bool {
				return seen.Status == c.status && (c.dialed == 0 || seen.Transcription != nil && seen.Transcription.Status == "COMPLETED")
			}
			for seen = at.told(call); !done() && time.Since(began) < 2*healed; seen = at.told(call) {
				<-looks.C
			}
			if !done() {
				t.Errorf("not healed after %s: %+v", time.Since(began), seen)
			}
			if n := a.phone.Stats().ByTo[theirNumber]; n != c.dialed || len(seen.Recordings) != c.dialed || len(seen.Legs) != c.dialed {
				t.Errorf("dialed %d times: %+v", n, seen)
			}
			if c.dialed == 0 && (seen.Failure == nil || seen.Failure.Code != "NOT_CONFIRMED") {
				t.Errorf("failed for another reason: %+v", seen)
			}
		})
	}
}

// The walk of many calls while processes die at random moments: each step is hit by some.
func TestKilledAnywhereInTheWalkEachCallIsDialedOnceAndTranscribedOnce(t *testing.T) {
	t.Parallel()
	const rounds, callers = 2, 3
	chance := rand.New(rand.NewPCG(rounds, callers)) // the same pauses in each run
	b := newBalancer(t)
	a := startPhone(t, "BACKEND_URL="+b.URL, "CALL_CHECK_AFTER=2s", "CALL_LOST_AFTER=5s", "TRANSCRIPTION_CHECK_AFTER=2s", "TRANSCRIPTION_LOST_AFTER=4s")
	processes := []*process{a.process, a.run()}
	b.serve(processes...)
	p := a.caller("ours", "OPERATOR")
	p.Client = client.New(client.Config{Server: b.URL, Token: p.token})
	stop, calling := make(chan struct{}), sync.WaitGroup{}
	for caller := range callers {
		calling.Go(func() {
			n := 0
			until(stop, func() { // a call to a number of its own; what fails is tried by nobody
				n++
				to := fmt.Sprintf("+1202555%d%03d", 1+caller, n%1000)
				_ = p.Do(within(t), callStart, vars{"in": vars{"organizationId": p.organization.String(), "to": to, "record": true, "idempotencyKey": uuid.NewString()}}, nil)
				<-time.After(50 * time.Millisecond) // more would be refused: an organization has ten calls at a time
			})
		})
	}
	for range rounds {
		<-time.After(time.Duration(chance.Int64N(int64(time.Second))))
		i := chance.IntN(len(processes))
		processes[i].kill()
		processes[i] = a.run()
		b.serve(processes...)
	}
	close(stop)
	calling.Wait()
	a.process = processes[0]
	a.wantEachCallOnce()
}

// wantEachCallOnce waits until nothing is to be expected of any call, and compares with what the providers saw.
func (p *telephone) wantEachCallOnce() {
	p.t.Helper()
	const expected = `SELECT count(*) FROM switchboard.calls c WHERE status IN ('PENDING', 'INITIATING', 'RINGING', 'IN_PROGRESS') OR status = 'COMPLETED' AND NOT EXISTS (
		SELECT FROM switchboard.recordings r JOIN switchboard.transcriptions t ON t.recording_id = r.id WHERE r.call_id = c.id AND r.status = 'STORED' AND t.status = 'COMPLETED')`
	began := time.Now()
	for p.rows(expected) > 0 && time.Since(began) < 4*healed { // some need a sweep after that, and some two deaths
		<-time.After(100 * time.Millisecond)
	}
	if left := p.rows(expected); left > 0 {
		var how string
		p.scan(&how, `SELECT string_agg(concat_ws(' ', c.status, 'collected', c.collected_at, 'recording', r.status, r.provider_status, r.created_at, 'transcription', t.status), '; ')
			FROM switchboard.calls c LEFT JOIN switchboard.recordings r ON r.call_id = c.id LEFT JOIN switchboard.transcriptions t ON t.recording_id = r.id
			WHERE c.status <> 'FAILED' AND t.status IS DISTINCT FROM 'COMPLETED'`)
		p.t.Errorf("%d calls are not done after %s: %s", left, time.Since(began), how)
	}
	completed := p.rows(`SELECT count(*) FROM switchboard.calls WHERE status = 'COMPLETED'`)
	if completed == 0 {
		p.t.Error("no call was completed")
	}
	for what, query := range map[string]string{
		"calls that ended otherwise":    `SELECT count(*) FROM switchboard.calls WHERE status <> 'COMPLETED' AND (status <> 'FAILED' OR failure_code NOT IN ('NOT_CONFIRMED', 'NOT_PLACED', 'PROVIDER_FAILED'))`,
		"calls with too many legs":      `SELECT count(*) FROM (SELECT FROM switchboard.call_legs GROUP BY call_id HAVING count(*) > 1) x`,
		"calls with several recordings": `SELECT count(*) FROM (SELECT FROM switchboard.recordings GROUP BY call_id HAVING count(*) > 1) x`,
		"transcriptions too many":       `SELECT count(*) FROM (SELECT FROM switchboard.transcriptions GROUP BY recording_id HAVING count(*) > 1) x`,
		"ends that were told twice":     `SELECT count(*) FROM (SELECT FROM switchboard.activity_events WHERE type = 'CALL_STATUS_CHANGED' GROUP BY subject_id, status HAVING count(*) > 1) x`,
	} {
		if n := p.rows(query); n != 0 {
			p.t.Errorf("%s: %d", what, n)
		}
	}
	var numbers []string
	// The provider gives a call up whose document it asks a process for that dies: dialed once, and FAILED.
	p.scan(&numbers, `SELECT array_agg(to_number) FROM switchboard.calls WHERE coalesce(failure_code, '') NOT IN ('NOT_CONFIRMED', 'NOT_PLACED')`)
	dialed := p.phone.Stats()
	if dialed.Placed != len(numbers) {
		p.t.Errorf("%d were dialed, %d are known to be", dialed.Placed, len(numbers))
	}
	for _, number := range numbers {
		if dialed.ByTo[number] != 1 {
			p.t.Errorf("%s was dialed %d times", number, dialed.ByTo[number])
		}
	}
	if taken := p.provider.Stats().Submitted; taken != completed {
		p.t.Errorf("%d were transcribed, %d are completed", taken, completed)
	}
}
