package test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/devstack/signalwire"
)

const startCounted = `mutation($in: CallStartInput!) { callStart(input: $in) { call { id }
	userErrors { code message ... on PlanLimitError { metric limit used upgradeTo { tier } } } } }`

// tries begins a call, and gives it or why there is none.
func (p *person) tries() (id string, problems []planError) {
	p.t.Helper()
	var out struct {
		CallStart struct {
			Call       *struct{ ID string }
			UserErrors []planError
		}
	}
	p.must(startCounted, p.calling(nil), &out)
	if c := out.CallStart.Call; c != nil {
		id = c.ID
	}
	return id, out.CallStart.UserErrors
}

// counts is what an organization's month says of something.
func (p *person) counts(metric string) int {
	p.t.Helper()
	return p.app.rows(`SELECT coalesce(sum(used), 0) FROM switchboard.billing_usage WHERE organization_id = $1 AND metric = $2`, p.organization.UUID, metric)
}

func TestAPlansCallsAreReachedExactlyByCallsAtOnceAndTheRestIsNotDialed(t *testing.T) {
	t.Parallel()
	const most, asked = 5, 15
	a := startPhone(t, "BILLING_PLAN=FREE", "BILLING_LIMITS_FREE=CALLS=5")
	p, other := a.caller("acme", "OWNER"), a.person("rivals", "OWNER")
	other.number("+12025550188")
	p.rule(vars{"maxConcurrentCalls": 100})
	var begun, refused atomic.Int32
	var all sync.WaitGroup
	for range asked {
		all.Go(func() {
			switch id, problems := p.tries(); {
			case id != "" && len(problems) == 0:
				begun.Add(1)
			case len(problems) == 1 && problems[0].Code == "PLAN_LIMIT_EXCEEDED" && problems[0].Metric == "CALLS" && problems[0].Limit == most && problems[0].Used == most && problems[0].UpgradeTo == nil:
				refused.Add(1)
			default:
				t.Errorf("answered %q and %+v", id, problems)
			}
		})
	}
	all.Wait()
	if begun.Load() != most || refused.Load() != asked-most || p.counts("CALLS") != most {
		t.Errorf("%d were begun, %d refused, %d are counted", begun.Load(), refused.Load(), p.counts("CALLS"))
	}
	other.ends(other.call(nil), "COMPLETED") // another organization's count is its own
	eventually(t, "all that were begun to be over", func() bool {
		return a.rows("SELECT count(*) FROM switchboard.calls WHERE status = 'COMPLETED'") == most+1
	})
	if n := a.phone.Stats().Placed; n != most+1 || other.counts("CALLS") != 1 {
		t.Errorf("%d were dialed, %d counted for the other", n, other.counts("CALLS"))
	}
}

func TestMinutesOfACallAreCountedOnceWhenItsEndIsToldTwiceAndThenNoneIsBegun(t *testing.T) {
	t.Parallel()
	a := startPhone(t, "BILLING_PLAN=FREE", "BILLING_LIMITS_FREE=MINUTES=2")
	p, other := a.caller("acme", "OWNER"), a.person("rivals", "OWNER")
	other.number("+12025550188")
	a.phone.SetFaults(signalwire.Faults{Callbacks: signalwire.CallbackFaults{Doubled: true}})
	for n := 1; n <= 2; n++ {
		p.ends(p.call(nil), "COMPLETED")
		eventually(t, "each callback to be heard twice", func() bool { return a.quiet() })
		if got := p.counts("MINUTES"); got != n {
			t.Errorf("after %d calls %d minutes are counted", n, got)
		}
	}
	if id, problems := p.tries(); id != "" || len(problems) != 1 || problems[0].Metric != "MINUTES" || problems[0].Used != 2 {
		t.Errorf("with no minute left: %q, %+v", id, problems)
	}
	if n := a.phone.Stats().Placed; n != 2 {
		t.Errorf("%d were dialed", n)
	}
	other.ends(other.call(nil), "COMPLETED")
}

// quiet says whether everything that was kept has been handled.
func (p *telephone) quiet() bool {
	return p.rows("SELECT count(*) FROM switchboard.webhook_events WHERE processed_at IS NULL") == 0
}

func TestWhoCallsInIsNeverRefusedAndIsCounted(t *testing.T) {
	t.Parallel()
	a := startPhone(t, "BILLING_PLAN=FREE", "BILLING_LIMITS_FREE=CALLS=0,MINUTES=0")
	p := a.caller("acme", "OWNER")
	if id, problems := p.tries(); id != "" || len(problems) != 1 || problems[0].Metric != "CALLS" {
		t.Errorf("a call out: %q, %+v", id, problems)
	}
	a.rings(ourNumber)
	eventually(t, "the call to have come in and ended", func() bool {
		return a.rows("SELECT count(*) FROM switchboard.calls WHERE direction = 'INBOUND' AND status = 'COMPLETED'") == 1
	})
	if calls, minutes := p.counts("CALLS"), p.counts("MINUTES"); calls != 1 || minutes != 1 {
		t.Errorf("%d calls and %d minutes are counted", calls, minutes)
	}
	if n := a.phone.Stats().Placed; n != 0 {
		t.Errorf("%d were dialed", n)
	}
}

func TestARecordingAboveThePlansTranscriptionsStaysAndCanBeTranscribedLater(t *testing.T) {
	t.Parallel()
	a := startPhone(t, "BILLING_PLAN=FREE", "BILLING_LIMITS_FREE=TRANSCRIPTIONS=1")
	p := a.caller("acme", "OWNER")
	a.exec("INSERT INTO switchboard.billing_usage (organization_id, month, metric, used) VALUES ($1, date_trunc('month', timezone('UTC', now()))::date, 'TRANSCRIPTIONS', 1)", p.organization.UUID)
	p.rule(vars{"record": true, "transcribe": true})
	id := p.call(nil)
	var c told
	eventually(t, "the recording to be there, and the job that would have transcribed it to be done with", func() bool {
		c = p.told(id)
		return len(c.Recordings) == 1 && c.Recordings[0].Status == "STORED" &&
			a.rows("SELECT count(*) FROM river.river_job WHERE kind = 'recording.stored' AND state = 'completed'") == 1
	})
	if c.Transcription != nil {
		t.Errorf("transcribed all the same: %+v", c.Transcription)
	}
	a.exec("UPDATE switchboard.billing_usage SET used = 0 WHERE metric = 'TRANSCRIPTIONS'") // as when a new month begins
	if again, problems := p.mutate(`mutation($in: TranscriptionRequestInput!) { transcriptionRequest(input: $in) { transcription { id } userErrors { code message } } }`,
		vars{"in": vars{"source": vars{"recordingId": c.Recordings[0].ID}}}); again == "" {
		t.Errorf("later: %v", problems)
	}
}
