package test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
)

// kept is a line of inbox list --json.
type kept struct {
	ID, Status, ExternalID string
	Error, Note            string
	Attempts               int
}

// inbox runs a command of the inbox that has to succeed.
func (a *app) inbox(args ...string) string {
	a.t.Helper()
	out, err := a.command(append([]string{"inbox"}, args...)...)
	if err != nil {
		a.t.Fatalf("inbox %v: %v\n%s", args, err, out)
	}
	return out
}

func (a *app) listed(args ...string) (list []kept) {
	a.t.Helper()
	for line := range strings.Lines(a.inbox(append([]string{"list", "--json"}, args...)...)) {
		var k kept
		if err := json.Unmarshal([]byte(line), &k); err != nil {
			a.t.Fatalf("%v: %s", err, line)
		}
		list = append(list, k)
	}
	return list
}

func TestPoisonWebhookEndsInTheListBlocksNobodyAndIsReplayedOnceItsCauseIsGone(t *testing.T) {
	t.Parallel()
	a := start(t, "TRANSCRIPTION_CHECK_AFTER=1h") // the sweep would find what the webhook does not bring
	p := a.person("ours", "OPERATOR")
	a.provider.SetFaults(assemblyai.Faults{Webhook: assemblyai.WebhookFaults{Lost: true}})
	id := p.transcribe()
	p.becomes(id, "PROCESSING")
	a.provider.SetFaults(assemblyai.Faults{})
	at := a.providerID(id)
	a.exec(`UPDATE switchboard.transcription_submissions SET provider_id = 'unknown'`)
	for _, body := range []string{fmt.Sprintf(`{"transcript_id":%q,"status":"completed"}`, at), "no\x1b[31mJSON"} {
		if status := a.knock("", body, &a.secrets.webhook); status != http.StatusOK {
			t.Fatalf("%q: %d", body, status)
		}
	}
	eventually(t, "the first tries to fail", func() bool { return a.events("status IN ('RETRYING', 'FAILED')") == 2 })
	a.exec(`UPDATE river.river_job SET max_attempts = attempt + 1, scheduled_at = now() WHERE kind = 'inbox.deliver' AND state <> 'cancelled'`) // half an hour of tries later

	p.becomes(p.transcribe(), "COMPLETED") // while the poison is in work
	eventually(t, "the poison to be given up", func() bool { return a.events("status = 'FAILED'") == 2 })
	failed := a.listed("--status", "failed", "--source", "assemblyai", "--since", "1h")
	if len(failed) != 2 || failed[1].ExternalID != at || !strings.Contains(failed[1].Error, "no submission of ours") {
		t.Fatalf("listed: %+v", failed)
	}
	poison, garbage := failed[1].ID, failed[0].ID
	if table := a.inbox("list"); !strings.Contains(table, poison) || !strings.Contains(table, "FAILED") || !strings.Contains(table, "PROCESSED") {
		t.Errorf("the table:\n%s", table)
	}
	if shown := a.inbox("show", poison); !strings.Contains(shown, `{"transcript_id":"`+at+`"`) || strings.Contains(shown, a.secrets.webhook) {
		t.Errorf("shown:\n%s", shown)
	}

	a.exec(`UPDATE switchboard.transcription_submissions SET provider_id = $1 WHERE provider_id = 'unknown'`, at)
	a.inbox("replay", poison)
	p.becomes(id, "COMPLETED")
	eventually(t, "the replay to be noted", func() bool { return len(a.listed("--status", "processed")) == 2 })
	a.finishesByHand(poison, garbage)
}

// finishesByHand does to one that is processed and to one that never will be what an operator may.
func (a *app) finishesByHand(processed, garbage string) {
	a.t.Helper()
	if shown := a.inbox("show", garbage); strings.Contains(shown, "\x1b") || !strings.Contains(shown, `no\x1b[31mJSON`) {
		a.t.Errorf("what a terminal would obey is shown as it came: %q", shown)
	}
	if out, err := a.command("inbox", "replay", processed); err == nil || !strings.Contains(out, "PROCESSED") {
		a.t.Errorf("replayed without force: %v\n%s", err, out)
	}
	a.inbox("replay", "--force", processed)
	if out, err := a.command("inbox", "discard", garbage); err == nil || !strings.Contains(out, "--note") {
		a.t.Errorf("discarded without a word: %v\n%s", err, out)
	}
	a.inbox("discard", garbage, "--note", "a test of theirs")
	gone := a.listed("--status", "DISCARDED")
	if !slices.ContainsFunc(gone, func(k kept) bool { return k.ID == garbage && k.Note == "a test of theirs" }) {
		a.t.Errorf("discarded: %+v", gone)
	}
	for _, args := range [][]string{{"show", "whk_nonsense"}, {"list", "--status", "LOST"}, {"list", "--since", "yesterday"}, {"list", "--limit", "0"}, {"replay"}} {
		if out, err := a.command(append([]string{"inbox"}, args...)...); err == nil {
			a.t.Errorf("inbox %v succeeds:\n%s", args, out)
		}
	}
}

func TestDeadLettersAndTheBacklogAreInTheMetrics(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	a := start(t, fmt.Sprintf("METRICS_PORT=%d", port))
	a.knock("", "garbage", &a.secrets.webhook)
	wanted := []string{
		`switchboard_inbox_dead_letters{source="ASSEMBLYAI"} 1`, "switchboard_backlog_up 1", `switchboard_inbox_lag_seconds{source="ASSEMBLYAI"} 0`,
		`switchboard_webhook_handled_seconds_count{outcome="failed",source="ASSEMBLYAI"} 1`, `switchboard_jobs{queue="webhooks",state="available"} `,
	}
	eventually(t, "the dead letter to be counted everywhere", func() bool {
		scraped := scrape(t, port)
		return !slices.ContainsFunc(wanted, func(line string) bool { return !strings.Contains(scraped, "\n"+line) })
	})
}

func TestFailedWebhookIsOnTheScreenOfItsOrganization(t *testing.T) {
	t.Parallel()
	a := start(t, "TRANSCRIPTION_CHECK_AFTER=1h")
	p := a.person("ours", "OPERATOR")
	a.provider.SetFaults(assemblyai.Faults{Webhook: assemblyai.WebhookFaults{Lost: true}})
	id := p.transcribe()
	p.becomes(id, "PROCESSING")
	a.provider.SetFaults(assemblyai.Faults{On: "get", Fail5xx: 1000})
	a.knock("", fmt.Sprintf(`{"transcript_id":%q,"status":"completed"}`, a.providerID(id)), &a.secrets.webhook)
	eventually(t, "the first try to fail", func() bool { return a.events("status = 'RETRYING'") == 1 })
	a.exec(`UPDATE river.river_job SET max_attempts = attempt + 1, scheduled_at = now() WHERE kind = 'inbox.deliver'`)
	var out struct {
		Organization struct {
			Activity struct {
				Nodes []struct {
					Type, Summary string
					Subject       *struct{ ID string }
				}
			}
		}
	}
	eventually(t, "the activity", func() bool {
		p.must(`query($s: String!) { organization(slug: $s) { activity(types: [WEBHOOK_FAILED]) { nodes { type summary subject { id } } } } }`, vars{"s": "ours"}, &out)
		return len(out.Organization.Activity.Nodes) > 0
	})
	if n := out.Organization.Activity.Nodes[0]; n.Type != "WEBHOOK_FAILED" || n.Summary == "" || n.Subject != nil {
		t.Errorf("%+v", n)
	}
}
