package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// door is a field that takes an id: the operation that opens it and the kinds of the ids that fit.
type door struct {
	document string
	vars     func(id string) vars
	kinds    []ids.Kind
}

func byID(id string) vars { return vars{"id": id} }

func in(field string, more vars) func(string) vars {
	return func(id string) vars {
		input := vars{field: id}
		for k, v := range more {
			input[k] = v
		}
		return vars{"in": input}
	}
}

// doors are all fields that take an id. TestEveryDoorIsTried fails when the schema has one more.
func doors() map[string]door {
	return map[string]door{
		"Query.node": {`query($id: ID!) { node(id: $id) { id } }`, byID,
			[]ids.Kind{ids.User, ids.Membership, ids.Organization, ids.Recording, ids.Upload, ids.Transcription, ids.Activity, ids.Subscription, ids.Invoice, ids.PaymentMethod, ids.Webhook, ids.Call, ids.PhoneNumber, ids.Invite, ids.Session, ids.APIToken}},
		"Query.nodes": {`query($id: ID!) { nodes(ids: [$id]) { id } }`, byID,
			[]ids.Kind{ids.User, ids.Membership, ids.Organization, ids.Recording, ids.Upload, ids.Transcription, ids.Activity, ids.Subscription, ids.Invoice, ids.PaymentMethod, ids.Webhook, ids.Call, ids.PhoneNumber, ids.Invite, ids.Session, ids.APIToken}},
		"Query.recording":     {`query($id: ID!) { recording(id: $id) { id audio { url } transcriptions { id text } } }`, byID, []ids.Kind{ids.Recording}},
		"Query.call":          {wholeOfCall, byID, []ids.Kind{ids.Call}},
		"Query.transcription": {`query($id: ID!) { transcription(id: $id) { id text download(format: TEXT) { url } } }`, byID, []ids.Kind{ids.Transcription}},
		"Mutation.organizationUpdate": {`mutation($in: OrganizationUpdateInput!) { organizationUpdate(input: $in) { organization { id } userErrors { code message } } }`,
			in("organizationId", vars{"name": "Taken over"}), []ids.Kind{ids.Organization}},
		"Mutation.uploadCreate":          {uploadCreate, in("organizationId", vars{"filename": "a.wav", "contentType": "audio/wav", "sizeBytes": 100}), []ids.Kind{ids.Organization}},
		"Mutation.uploadComplete":        {uploadComplete, in("uploadId", nil), []ids.Kind{ids.Upload}},
		"Mutation.recordingDelete":       {`mutation($id: ID!) { recordingDelete(id: $id) { recordingId userErrors { code message } } }`, byID, []ids.Kind{ids.Recording}},
		"Mutation.recordingLegalHoldSet": {holdSet, in("recordingId", vars{"hold": true, "reason": "Case 4711"}), []ids.Kind{ids.Recording}},
		"Mutation.webhookEventResolve":   {webhookEventResolve, in("organizationId", vars{"ids": []string{ids.New(ids.Webhook).String()}, "action": "RETRY"}), []ids.Kind{ids.Organization}},
		"Mutation.webhookEventResolve of an event": {webhookEventResolve, func(id string) vars {
			return vars{"in": vars{"organizationId": ids.New(ids.Organization).String(), "ids": []string{id}, "action": "RETRY"}}
		}, []ids.Kind{ids.Webhook}},
		"Mutation.transcriptionRequest": {`mutation($in: TranscriptionRequestInput!) { transcriptionRequest(input: $in) { transcription { id } userErrors { code message } } }`,
			func(id string) vars { return vars{"in": vars{"source": vars{"recordingId": id}}} }, []ids.Kind{ids.Recording}},
		"Mutation.transcriptionRequest of a url": {requestOf, func(id string) vars {
			return vars{"in": vars{"source": vars{"url": vars{"organizationId": id, "url": "https://example.com/a.wav"}}}}
		}, []ids.Kind{ids.Organization}},
		"Mutation.transcriptionRetry":  {`mutation($id: ID!) { transcriptionRetry(id: $id) { transcription { id } userErrors { code message } } }`, byID, []ids.Kind{ids.Transcription}},
		"Mutation.transcriptionCancel": {`mutation($id: ID!) { transcriptionCancel(id: $id) { transcription { id } userErrors { code message } } }`, byID, []ids.Kind{ids.Transcription}},
		"Query.billingPlanChangePreview": {`query($in: BillingPlanChangePreviewInput!) { billingPlanChangePreview(input: $in) { amountDue { amount } } }`,
			in("organizationId", vars{"priceId": "prc_x"}), []ids.Kind{ids.Organization}},
		"Mutation.billingCheckoutCreate": {`mutation($in: BillingCheckoutCreateInput!) { billingCheckoutCreate(input: $in) { url userErrors { code message } } }`,
			in("organizationId", vars{"priceId": "prc_x", "returnPath": "/", "idempotencyKey": "k"}), []ids.Kind{ids.Organization}},
		"Mutation.billingPortalCreate": {`mutation($in: BillingPortalCreateInput!) { billingPortalCreate(input: $in) { url userErrors { code message } } }`,
			in("organizationId", vars{"returnPath": "/"}), []ids.Kind{ids.Organization}},
		"Mutation.billingPlanChange": {`mutation($in: BillingPlanChangeInput!) { billingPlanChange(input: $in) { subscription { id } userErrors { code message } } }`,
			in("organizationId", vars{"priceId": "prc_x", "idempotencyKey": "k"}), []ids.Kind{ids.Organization}},
		"Mutation.billingSubscriptionCancel": {`mutation($in: BillingSubscriptionCancelInput!) { billingSubscriptionCancel(input: $in) { subscription { id } userErrors { code message } } }`,
			in("organizationId", nil), []ids.Kind{ids.Organization}},
		"Mutation.billingSubscriptionResume": {`mutation($id: ID!) { billingSubscriptionResume(organizationId: $id) { subscription { id } userErrors { code message } } }`, byID, []ids.Kind{ids.Organization}},
		"Mutation.paymentMethodSetDefault":   {`mutation($id: ID!) { paymentMethodSetDefault(id: $id) { paymentMethod { id } userErrors { code message } } }`, byID, []ids.Kind{ids.PaymentMethod}},
		"Mutation.paymentMethodDetach":       {`mutation($id: ID!) { paymentMethodDetach(id: $id) { paymentMethod { id } userErrors { code message } } }`, byID, []ids.Kind{ids.PaymentMethod}},
		"Mutation.callStart":                 {callStart, in("organizationId", vars{"to": theirNumber, "idempotencyKey": "taken over"}), []ids.Kind{ids.Organization}},
		"Mutation.callHangup":                {callHangup, byID, []ids.Kind{ids.Call}},
		"Mutation.callDispositionSet":        {dispose, in("callId", vars{"disposition": "SALE"}), []ids.Kind{ids.Call}},
		"Mutation.callNoteAdd":               {addNote, in("callId", vars{"text": "Taken over"}), []ids.Kind{ids.Call}},
		"Mutation.telephonySettingsUpdate":   {setRules, in("organizationId", vars{"record": true}), []ids.Kind{ids.Organization}},
		"Mutation.phoneNumberUpdate":         {setNumber, in("id", vars{"label": "Taken over"}), []ids.Kind{ids.PhoneNumber}},
		"Subscription.callStatus":            {`subscription($id: ID!) { callStatus(callId: $id) { status } }`, byID, []ids.Kind{ids.Call}},
		"Mutation.viewerOrganizationSelect": {`mutation($id: ID!) { viewerOrganizationSelect(organizationId: $id) { viewer { organization { id } } userErrors { code message } } }`,
			byID, []ids.Kind{ids.Organization}},
		"Mutation.organizationLeave": {leave, byID, []ids.Kind{ids.Organization}},
		"Mutation.organizationDelete": {`mutation($in: OrganizationDeleteInput!) { organizationDelete(input: $in) { organizationId userErrors { code message } } }`,
			in("organizationId", vars{"slug": "victims"}), []ids.Kind{ids.Organization}},
		"Mutation.memberInvite":     {memberInvite, in("organizationId", vars{"email": "x@example.com", "role": "VIEWER"}), []ids.Kind{ids.Organization}},
		"Mutation.inviteCancel":     {inviteCancel, byID, []ids.Kind{ids.Invite}},
		"Mutation.memberRoleChange": {roleChange, in("membershipId", vars{"role": "VIEWER"}), []ids.Kind{ids.Membership}},
		"Mutation.memberRemove":     {memberOut, byID, []ids.Kind{ids.Membership}},
		"Mutation.sessionRevoke": {`mutation($id: ID!) { sessionRevoke(id: $id) { sessionId userErrors { code message } } }`,
			byID, []ids.Kind{ids.Session}},
		"Mutation.apiTokenCreate": {`mutation($in: ApiTokenCreateInput!) { apiTokenCreate(input: $in) { secret userErrors { code message } } }`,
			in("organizationId", vars{"name": "x", "role": "VIEWER"}), []ids.Kind{ids.Organization}},
		"Mutation.apiTokenRevoke": {`mutation($id: ID!) { apiTokenRevoke(id: $id) { apiTokenId userErrors { code message } } }`, byID, []ids.Kind{ids.APIToken}},
		"Mutation.ssoConnectionSet": {`mutation($in: SsoConnectionSetInput!) { ssoConnectionSet(input: $in) { ssoConnection { issuer } userErrors { code message } } }`,
			in("organizationId", vars{"issuer": "https://login.example.com", "clientId": "c", "clientSecret": "s"}), []ids.Kind{ids.Organization}},
		"Mutation.ssoConnectionRemove": {`mutation($id: ID!) { ssoConnectionRemove(organizationId: $id) { organizationId userErrors { code message } } }`,
			byID, []ids.Kind{ids.Organization}},
		"Mutation.ssoDomainAdd":    {ssoDomain("Add", "ssoDomain { domain }"), in("organizationId", vars{"domain": "example.com"}), []ids.Kind{ids.Organization}},
		"Mutation.ssoDomainVerify": {ssoDomain("Verify", "ssoDomain { domain }"), in("organizationId", vars{"domain": "example.com"}), []ids.Kind{ids.Organization}},
		"Mutation.ssoDomainRemove": {ssoDomain("Remove", "organizationId"), in("organizationId", vars{"domain": "example.com"}), []ids.Kind{ids.Organization}},
		"Subscription.transcriptionStatus": {`subscription($id: ID!) { transcriptionStatus(transcriptionId: $id) { status } }`,
			byID, []ids.Kind{ids.Transcription}},
		"Subscription.organizationActivity": {`subscription($id: ID!) { organizationActivity(organizationId: $id) { id } }`, byID, []ids.Kind{ids.Organization}},
	}
}

func ssoDomain(verb, shown string) string {
	return `mutation($in: SsoDomainInput!) { ssoDomain` + verb + `(input: $in) { ` + shown + ` userErrors { code message } } }`
}

func TestEveryDoorThatTakesAnIdIsTried(t *testing.T) {
	t.Parallel()
	known := doors()
	schema := loadSchema(t)
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		for _, field := range root.Fields {
			name := root.Name + "." + field.Name
			if _, tried := known[name]; takesID(schema, field.Arguments) && !tried {
				t.Errorf("%s takes an id and no test tries it with another organization's", name)
			}
		}
	}
}

func loadSchema(t *testing.T) *ast.Schema {
	t.Helper()
	files, err := filepath.Glob("../graph/*.graphqls")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schema: %v", err)
	}
	var sources []*ast.Source
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: file, Input: string(text)})
	}
	schema, bad := gqlparser.LoadSchema(sources...)
	if bad != nil {
		t.Fatal(bad)
	}
	return schema
}

func takesID(schema *ast.Schema, arguments ast.ArgumentDefinitionList) bool {
	for _, a := range arguments {
		if holdsID(schema, a.Type.Name(), 0) {
			return true
		}
	}
	return false
}

func holdsID(schema *ast.Schema, name string, depth int) bool {
	definition := schema.Types[name]
	if name == "ID" || definition == nil || definition.Kind != ast.InputObject || depth > 5 {
		return name == "ID"
	}
	for _, field := range definition.Fields {
		if holdsID(schema, field.Type.Name(), depth+1) {
			return true
		}
	}
	return false
}

// property is everything of one organization that has an id.
func property(t *testing.T, a *app, p *person) map[ids.Kind]string {
	t.Helper()
	id := p.transcribe()
	p.becomes(id, "COMPLETED")
	var out struct {
		Organization struct {
			Activity struct{ Nodes []struct{ ID string } }
			Members  struct{ Nodes []struct{ ID string } }
		}
	}
	p.must(`query($s: String!) { organization(slug: $s) { activity { nodes { id } } members { nodes { id } } } }`, vars{"s": p.slug}, &out)
	upload, _ := p.begin(1000)
	bills := a.bills(p)
	var made struct {
		MemberInvite   struct{ Invite struct{ ID string } }
		APITokenCreate struct{ APIToken struct{ ID string } } `json:"apiTokenCreate"`
	}
	p.must(memberInvite, p.invite("invited@example.com", "VIEWER"), &made)
	p.must(`mutation($in: ApiTokenCreateInput!) { apiTokenCreate(input: $in) { apiToken { id } } }`,
		vars{"in": vars{"organizationId": p.organization.String(), "name": "ci", "role": "VIEWER"}}, &made)
	session := uuid.Must(uuid.NewV7())
	a.exec(`INSERT INTO switchboard.sessions (id, user_id, method, address, user_agent, created_at, last_seen_at, expires_at)
		VALUES ($1, $2, 'password', '192.0.2.1', '', now(), now(), now() + interval '1 day')`, session, p.user)
	return map[ids.Kind]string{
		ids.Subscription: bills[0].String(), ids.Invoice: bills[1].String(), ids.PaymentMethod: bills[2].String(),
		ids.Invite: made.MemberInvite.Invite.ID, ids.APIToken: made.APITokenCreate.APIToken.ID, ids.Session: ids.Of(ids.Session, session).String(),
		ids.User: ids.Of(ids.User, p.user).String(), ids.Organization: p.organization.String(), ids.Membership: out.Organization.Members.Nodes[0].ID,
		ids.Activity: out.Organization.Activity.Nodes[0].ID, ids.Transcription: id, ids.Recording: p.state(id).Recording.ID, ids.Upload: upload,
		ids.Webhook: a.kept(p, "SIGNALWIRE", "FAILED", "call-1", 0), ids.Call: p.rung("COMPLETED", theirNumber, time.Minute), ids.PhoneNumber: p.number("+12025550199"),
	}
}

// bills gives an organization what it would have at Stripe, without one.
func (a *app) bills(p *person) [3]ids.ID {
	a.t.Helper()
	s, i, m := ids.New(ids.Subscription), ids.New(ids.Invoice), ids.New(ids.PaymentMethod)
	a.exec(`INSERT INTO switchboard.billing_subscriptions (id, organization_id, stripe_id, item_id, price_id, tier, status, interval, amount, currency, current_period_start, current_period_end, cancel_at_period_end, created_at)
		VALUES ($1::uuid, $2, $1::uuid::text, 'si', 'price', 'PRO', 'ACTIVE', 'MONTH', 4900, 'usd', now(), now(), false, now())`, s.UUID, p.organization.UUID)
	a.exec(`INSERT INTO switchboard.billing_invoices (id, organization_id, stripe_id, status, amount_due, amount_paid, currency, issued_at) VALUES ($1::uuid, $2, $1::uuid::text, 'OPEN', 4900, 0, 'usd', now())`, i.UUID, p.organization.UUID)
	a.exec(`INSERT INTO switchboard.billing_payment_methods (id, organization_id, stripe_id, kind, is_default, created_at) VALUES ($1::uuid, $2, $1::uuid::text, 'card', true, now())`, m.UUID, p.organization.UUID)
	return [3]ids.ID{s, i, m}
}

func TestAnotherOrganizationsIdIsAnsweredLikeOneThatDoesNotExist(t *testing.T) {
	t.Parallel()
	a := start(t)
	victim, stranger := a.person("victims", "OWNER"), a.person("strangers", "OWNER")
	theirs := property(t, a, victim)
	before := a.fingerprint()

	for name, d := range doors() {
		for _, kind := range d.kinds {
			if theirs[kind] == "" {
				t.Fatalf("there is no %s to try %s with", kind, name)
			}
			got := ask(t, stranger, d, theirs[kind])
			missing := ask(t, stranger, d, ids.Of(kind, uuid.Must(uuid.NewV7())).String())
			if got != missing {
				t.Errorf("%s tells another organization's %s from a missing one:\n%s\n%s", name, kind, got, missing)
			}
			if nonsense := ask(t, stranger, d, "nonsense"); nonsense != missing {
				t.Errorf("%s tells nonsense from a missing %s:\n%s\n%s", name, kind, nonsense, missing)
			}
			if bytes.Contains([]byte(got), []byte(theirs[kind])) {
				t.Errorf("%s gave %s", name, got)
			}
			ask(t, a.nobody(), d, theirs[kind])
		}
	}
	var out struct{ Organization *struct{ ID string } }
	stranger.must(`{ organization(slug: "victims") { id } }`, nil, &out)
	if out.Organization != nil {
		t.Error("another organization is found by its slug")
	}
	if after := a.fingerprint(); after != before {
		t.Errorf("something was changed:\n%s\n%s", before, after)
	}
}

// nobody comes without a token.
func (a *app) nobody() *person {
	return &person{t: a.t, app: a, Client: client.New(client.Config{Server: a.url})}
}

// ask gives the whole answer as text. An operation that answers nobody with data fails the test.
func ask(t *testing.T, p *person, d door, id string) string {
	t.Helper()
	if d.document[:12] == "subscription" {
		err := p.Subscribe(within(t), d.document, d.vars(id), func(raw json.RawMessage) error { return errors.New("an event came: " + string(raw)) })
		if err == nil {
			return "completed"
		}
		return err.Error()
	}
	var out json.RawMessage
	err := p.Do(within(t), d.document, d.vars(id), &out)
	text := string(out)
	if err != nil {
		text += " " + err.Error()
	}
	if p.token == "" && bytes.Contains(out, []byte(id)) {
		t.Errorf("nobody got %s from %.60s", text, d.document)
	}
	return text
}

// fingerprint says what is in the tables of tenants.
func (a *app) fingerprint() (text string) {
	a.t.Helper()
	a.scan(&text, `SELECT concat_ws(' ',
		(SELECT string_agg(name || updated_at, ',' ORDER BY id) FROM switchboard.organizations),
		(SELECT count(*) FROM switchboard.recordings WHERE deleted_at IS NULL), (SELECT count(*) FROM switchboard.recordings WHERE held_at IS NOT NULL),
		(SELECT string_agg(status || queued_at, ',' ORDER BY id) FROM switchboard.webhook_events),
		(SELECT string_agg(status || attempt, ',' ORDER BY id) FROM switchboard.transcriptions),
		(SELECT string_agg(status, ',' ORDER BY id) FROM switchboard.uploads),
		(SELECT string_agg(status || cancel_at_period_end, ',' ORDER BY id) FROM switchboard.billing_subscriptions),
		(SELECT count(*) FROM switchboard.billing_payment_methods), (SELECT count(*) FROM switchboard.billing_operations),
		(SELECT string_agg(concat(status, hangup_at, disposition), ',' ORDER BY id) FROM switchboard.calls), (SELECT count(*) FROM switchboard.call_notes),
		(SELECT string_agg(concat(label, forward_to), ',') FROM switchboard.phone_numbers), (SELECT count(*) FROM switchboard.telephony_settings),
		(SELECT string_agg(role, ',' ORDER BY id) FROM switchboard.memberships),
		(SELECT string_agg(status, ',' ORDER BY id) FROM switchboard.invites),
		(SELECT count(*) FROM switchboard.api_tokens) + (SELECT count(*) FROM switchboard.sessions) + (SELECT count(*) FROM switchboard.sso_domains),
		(SELECT count(*) FROM switchboard.activity_events))`)
	return text
}

func TestRoleBelowWhatIsNeededIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	a := start(t)
	owner := a.person("ours", "OWNER")
	mine := property(t, a, owner)
	a.provider.SetFaults(assemblyai.Faults{Delay: time.Second})
	viewer, operator := a.person("ours", "VIEWER"), a.person("ours", "OPERATOR")
	before := a.fingerprint()
	for name, who := range map[string]*person{
		"Mutation.organizationUpdate": operator, "Mutation.recordingDelete": operator, "Mutation.recordingLegalHoldSet": operator, "Mutation.webhookEventResolve": operator, "Mutation.uploadCreate": viewer, "Mutation.uploadComplete": viewer,
		"Mutation.callStart": viewer, "Mutation.callHangup": viewer, "Mutation.callDispositionSet": viewer, "Mutation.callNoteAdd": viewer,
		"Mutation.telephonySettingsUpdate": operator, "Mutation.phoneNumberUpdate": operator,
		"Mutation.transcriptionRequest": viewer, "Mutation.transcriptionRequest of a url": viewer, "Mutation.transcriptionRetry": viewer, "Mutation.transcriptionCancel": viewer,
		"Mutation.billingCheckoutCreate": operator, "Mutation.billingPortalCreate": operator, "Mutation.billingPlanChange": operator, "Mutation.billingSubscriptionCancel": operator,
		"Mutation.billingSubscriptionResume": operator, "Mutation.paymentMethodSetDefault": operator, "Mutation.paymentMethodDetach": operator,
	} {
		d := doors()[name]
		if code := who.refused(d.document, d.vars(mine[d.kinds[0]])); code != "FORBIDDEN" {
			t.Errorf("%s: %s", name, code)
		}
	}
	upload, _ := owner.begin(1000)
	if code := operator.refused(uploadComplete, vars{"in": vars{"uploadId": upload}}); code != "FORBIDDEN" {
		t.Errorf("another member's upload: %s", code)
	}
	if after := a.fingerprint(); after != before+"" && len(after) == len(before) {
		t.Errorf("something was changed:\n%s\n%s", before, after)
	}
}
