package test

import (
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
)

// planError is what a mutation answers where a plan's limit is reached.
type planError struct {
	Code, Message, Metric string
	Limit, Used           int
	UpgradeTo             *struct{ Tier string }
}

const completeCounted = `mutation($in: UploadCompleteInput!) { uploadComplete(input: $in) { transcription { id }
	userErrors { code message ... on PlanLimitError { metric limit used upgradeTo { tier } } } } }`

func TestAPlansLimitIsReachedExactlyUnder50RequestsAtOnce(t *testing.T) {
	t.Parallel()
	const most, requests = 7, 50
	a := start(t, "BILLING_PLAN=FREE", "BILLING_LIMITS_FREE=TRANSCRIPTIONS=7")
	a.provider.SetFaults(assemblyai.Faults{Delay: time.Hour})
	p, other := a.person("ours", "OPERATOR"), a.person("theirs", "OPERATOR")
	uploads := make([]string, requests)
	for i := range uploads {
		uploads[i] = p.sent(wav(2, 10*time.Millisecond))
	}
	var begun, refused atomic.Int32
	var all sync.WaitGroup
	for _, upload := range uploads {
		all.Go(func() {
			switch id, problems := p.completes(upload); {
			case id != "" && len(problems) == 0:
				begun.Add(1)
			case len(problems) == 1 && problems[0].Code == "PLAN_LIMIT_EXCEEDED" && problems[0].Metric == "TRANSCRIPTIONS" && problems[0].Limit == most && problems[0].Used == most:
				refused.Add(1)
			default:
				t.Errorf("answered %q and %+v", id, problems)
			}
		})
	}
	all.Wait()
	if begun.Load() != most || refused.Load() != requests-most {
		t.Errorf("%d were begun and %d refused", begun.Load(), refused.Load())
	}
	if n := a.rows("SELECT count(*) FROM switchboard.transcriptions"); n != most {
		t.Errorf("%d transcriptions", n)
	}
	if n := a.rows("SELECT used FROM switchboard.billing_usage WHERE organization_id = $1", p.organization.UUID); n != most {
		t.Errorf("%d are counted", n)
	}
	other.transcribe() // or the test ends here: another organization's count is its own
}

// completes says that the bytes are there, and gives the transcription or why there is none.
func (p *person) completes(upload string) (id string, problems []planError) {
	p.t.Helper()
	var out struct {
		UploadComplete struct {
			Transcription *struct{ ID string }
			UserErrors    []planError
		}
	}
	p.must(completeCounted, vars{"in": vars{"uploadId": upload, "transcribe": true}}, &out)
	if t := out.UploadComplete.Transcription; t != nil {
		id = t.ID
	}
	return id, out.UploadComplete.UserErrors
}

func TestWhatIsCountedIsShownAndARetryIsNotCountedAgain(t *testing.T) {
	t.Parallel()
	a := start(t, "BILLING_PLAN=FREE", "BILLING_LIMITS_FREE=TRANSCRIPTIONS=2,CALLS=100")
	p := a.person("ours", "ADMIN")
	a.provider.SetFaults(assemblyai.Faults{ErrorTranscript: "no"})
	id := p.transcribe()
	p.becomes(id, "FAILED")
	a.provider.SetFaults(assemblyai.Faults{})
	if again, problems := p.mutate(`mutation($id: ID!) { transcriptionRetry(id: $id) { transcription { id } userErrors { code message path } } }`, vars{"id": id}); again == "" {
		t.Fatalf("retrying: %v", problems)
	}
	p.becomes(id, "COMPLETED")
	p.transcribe()
	if _, problems := p.completes(p.sent(wav(2, 10*time.Millisecond))); len(problems) != 1 || problems[0].UpgradeTo != nil {
		t.Errorf("above the limit: %+v", problems)
	}
	var out struct {
		Organization struct {
			Billing struct {
				Plan  struct{ Tier string }
				Usage []struct {
					Metric string
					Used   int
					Limit  *int
				}
				Subscription *json.RawMessage
			}
		}
		Plans []struct{ Tier string }
	}
	p.must(`query($s: String!) { organization(slug: $s) { billing { plan { tier } usage { metric used limit } subscription { id } } } plans { tier } }`, vars{"s": p.slug}, &out)
	b := out.Organization.Billing
	if b.Plan.Tier != "FREE" || b.Subscription != nil || len(b.Usage) != 4 || b.Usage[2].Used != 2 || *b.Usage[2].Limit != 2 || b.Usage[1].Limit != nil || len(out.Plans) != 4 {
		t.Errorf("%+v", out)
	}
}

func TestBillingIsForAdminsAndThePageOfOthersStillRenders(t *testing.T) {
	t.Parallel()
	a := start(t)
	operator := a.person("ours", "OPERATOR")
	a.bills(operator)
	var out json.RawMessage
	portal := vars{"in": vars{"organizationId": operator.organization.String(), "returnPath": "/settings"}}
	for _, p := range []*person{operator, a.person("ours", "ANALYST"), a.person("ours", "VIEWER")} {
		p.must(`query($s: String!) { organization(slug: $s) { name billing { plan { tier } paymentMethods { id } } } }`, vars{"s": p.slug}, &out)
		if !strings.Contains(string(out), `"billing":null`) || !strings.Contains(string(out), `"name":"ours"`) {
			t.Errorf("%s", out)
		}
		if code := p.code(portalCreate, portal); code != "FORBIDDEN" {
			t.Errorf("the portal of somebody who is no admin: %q", code)
		}
	}
	admin := a.person("ours", "ADMIN")
	if code := admin.code(portalCreate, portal); code != "INVALID_STATE" {
		t.Errorf("the portal where nothing is sold: %q", code)
	}
	admin.must(`query($s: String!) { organization(slug: $s) { billing { plan { tier } subscription { plan { tier } price { amount currency } } paymentMethods { isDefault }
		invoices { nodes { amountDue { amount } } pageInfo { hasNextPage } } } } }`, vars{"s": admin.slug}, &out)
	for _, part := range []string{`"tier":"ENTERPRISE"`, `"amount":"49.00"`, `"currency":"USD"`, `"isDefault":true`} {
		if !strings.Contains(string(out), part) {
			t.Errorf("%s is missing in %s", part, out)
		}
	}
}
