package test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// played counts what the audit log knows of playback links.
func (a *app) played() int {
	return a.rows(`SELECT count(*) FROM switchboard.activity_events WHERE type = 'RECORDING_PLAYED' AND audience = 'AUDIT'`)
}

func TestPlaybackLinkIsWrittenDownBeforeItLeavesWithOneStatementForAllOfThem(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "VIEWER")
	a.exec(`INSERT INTO switchboard.recordings (id, organization_id, source, status, object_key, content_type, size_bytes)
		SELECT gen_random_uuid(), $1, 'UPLOAD', 'STORED', 'uploads/' || n, 'audio/wav', 1 FROM generate_series(1, 100) n`, p.organization.UUID)
	const without, with = "id", "id audio { url } again: audio { expiresAt }"
	counts := map[string]int{}
	for _, fields := range []string{without, with} {
		for _, rows := range []int{1, 20, 100} {
			before, id := a.played(), uuid.NewString()
			query := fmt.Sprintf(`{"query":"{ organization(slug: \"ours\") { recordings(first: %d) { nodes { %s } } } }"}`, rows, fields)
			response, text := a.post(query, http.Header{"Authorization": {"Bearer " + p.token}, "X-Request-Id": {id}})
			if response.StatusCode != 200 || strings.Contains(text, `"errors"`) || fields == with && strings.Count(text, "/blobs/") != rows {
				t.Fatalf("%d rows: %d %.300s", rows, response.StatusCode, text)
			}
			counts[fmt.Sprint(fields, rows)] = a.statements(id)
			if written := a.played() - before; fields == with && written != rows || fields == without && written != 0 {
				t.Errorf("%d links of %q, %d written down", rows, fields, written)
			}
		}
	}
	if few, many, none := counts[with+"1"], counts[with+"100"], counts[without+"100"]; few != many || many > none+3 { // with BEGIN and COMMIT
		t.Errorf("statements: %v", counts)
	}
	if n := a.rows(`SELECT count(*) FROM switchboard.activity_events WHERE type = 'RECORDING_PLAYED' AND actor_id = $1 AND organization_id = $2`, p.user, p.organization.UUID); n != 121 {
		t.Errorf("%d of the member's", n)
	}
	if n := a.rows(`SELECT count(*) FROM switchboard.activity_events WHERE detail::text LIKE '%http%'`); n != 0 {
		t.Error("the log holds the links")
	}
	var out struct {
		Organization struct {
			Activity struct{ Nodes []struct{ Type string } }
		}
	}
	p.must(`{ organization(slug: "ours") { activity { nodes { type } } } }`, nil, &out)
	if len(out.Organization.Activity.Nodes) != 0 {
		t.Errorf("all members see who listened: %v", out.Organization.Activity.Nodes)
	}
}

func TestNoPlaybackLinkLeavesThatCannotBeWrittenDown(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	recording := p.recording()
	release := a.locked("activity_events")
	response, text := a.post(fmt.Sprintf(`{"query":"{ recording(id: \"%s\") { id audio { url } } }"}`, recording), http.Header{"Authorization": {"Bearer " + p.token}})
	release()
	if strings.Contains(text, "/blobs/") || !strings.Contains(text, `"errors"`) {
		t.Errorf("%d %s", response.StatusCode, text)
	}
	if n := a.played(); n != 0 {
		t.Errorf("%d are written down", n)
	}
}

// recording is one that is stored.
func (p *person) recording() string {
	p.t.Helper()
	var out struct {
		UploadComplete struct{ Recording struct{ ID string } }
	}
	p.must(`mutation($in: UploadCompleteInput!) { uploadComplete(input: $in) { recording { id } } }`,
		vars{"in": vars{"uploadId": p.sent(wav(1, 50*time.Millisecond)), "transcribe": false}}, &out)
	return out.UploadComplete.Recording.ID
}

const (
	holdSet = `mutation($in: RecordingLegalHoldSetInput!) { recordingLegalHoldSet(input: $in) {
		recording { id held legalHold { since reason setBy { kind user { id } } } } userErrors { code message path } } }`
	recordingDelete = `mutation($id: ID!) { recordingDelete(id: $id) { recordingId userErrors { code message path } } }`
)

func TestRecordingUnderLegalHoldIsDeletedByNobody(t *testing.T) {
	t.Parallel()
	a := start(t)
	admin, operator := a.person("ours", "ADMIN"), a.person("ours", "OPERATOR")
	id := admin.recording()
	hold := vars{"in": vars{"recordingId": id, "hold": true, "reason": "Case 4711"}}

	if code := operator.refused(holdSet, hold); code != "FORBIDDEN" {
		t.Errorf("an operator: %s", code)
	}
	if code := admin.refused(holdSet, vars{"in": vars{"recordingId": id, "hold": true}}); code != "INVALID" {
		t.Errorf("without a reason: %s", code)
	}
	if held, problems := admin.mutate(holdSet, hold); held != id {
		t.Fatalf("held: %v", problems)
	}
	var out struct {
		Recording struct {
			Held      bool
			LegalHold *struct {
				Reason string
				SetBy  struct{ User struct{ ID string } }
			}
		}
	}
	const see = `query($id: ID!) { recording(id: $id) { held legalHold { reason setBy { user { id } } } } }`
	admin.must(see, vars{"id": id}, &out)
	if h := out.Recording.LegalHold; !out.Recording.Held || h == nil || h.Reason != "Case 4711" || h.SetBy.User.ID != ids.Of(ids.User, admin.user).String() {
		t.Errorf("an admin sees %+v", out.Recording)
	}
	operator.must(see, vars{"id": id}, &out)
	if !out.Recording.Held || out.Recording.LegalHold != nil {
		t.Errorf("an operator sees %+v", out.Recording)
	}
	if code := admin.refused(recordingDelete, vars{"id": id}); code != "INVALID_STATE" {
		t.Errorf("deleted: %s", code)
	}
	admin.mutate(holdSet, vars{"in": vars{"recordingId": id, "hold": false, "reason": "Case closed"}})
	admin.must(recordingDelete, vars{"id": id}, nil)
	eventually(t, "the audio to go", func() bool { return len(a.objects()) == 0 })
	if n := a.rows(`SELECT count(*) FROM switchboard.activity_events WHERE type = 'RECORDING_HOLD_CHANGED' AND audience = 'AUDIT' AND detail->>'reason' LIKE 'Case%'`); n != 2 {
		t.Errorf("the audit log has %d lines", n)
	}
}

func TestRecordingsGoWhenTheirOrganizationKeepsThemNoLonger(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	admin, other := a.caller("ours", "ADMIN"), a.person("theirs", "ADMIN")
	admin.rule(vars{"record": true, "transcribe": false})
	old, held, fresh, foreign := admin.recording(), admin.recording(), admin.recording(), other.recording()
	spoken, heldCall := admin.tape(admin.call(nil), "STORED").ID, admin.tape(admin.call(nil), "STORED").ID
	a.exec(`UPDATE switchboard.recordings SET created_at = now() - interval '31 days' WHERE id <> $1`, idOf(t, fresh))
	for _, id := range []string{held, heldCall} {
		admin.mutate(holdSet, vars{"in": vars{"recordingId": id, "hold": true, "reason": "Case 4711"}})
	}
	keep := func(days any) vars {
		return vars{"in": vars{"organizationId": admin.organization.String(), "recordingRetentionDays": days}}
	}
	const update = `mutation($in: OrganizationUpdateInput!) { organizationUpdate(input: $in) { organization { id settings { recordingRetentionDays } } userErrors { code message path } } }`
	for _, wrong := range []int{0, -1, 3651} {
		if code := admin.refused(update, keep(wrong)); code != "INVALID" {
			t.Errorf("%d days: %s", wrong, code)
		}
	}
	if id, problems := admin.mutate(update, keep(30)); id == "" {
		t.Fatal(problems)
	}
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	a.process = a.run() // the sweep runs at the start, and then each hour
	admin, other = admin.at(a.process), other.at(a.process)
	there := func(p *person, id string) bool {
		var out struct{ Recording *struct{ ID string } }
		p.must(`query($id: ID!) { recording(id: $id) { id } }`, vars{"id": id}, &out)
		return out.Recording != nil
	}
	eventually(t, "the old ones and their audio to go, also at the provider", func() bool {
		return !there(admin, old) && !there(admin, spoken) && len(a.objects()) == 4 && a.phone.Stats().Deleted == 1
	})
	if !there(admin, held) || !there(admin, heldCall) || !there(admin, fresh) || !there(other, foreign) {
		t.Error("one of the others went too")
	}
	if n := a.rows(`SELECT count(*) FROM switchboard.activity_events WHERE type = 'RECORDING_DELETED' AND actor_kind = 'SYSTEM'`); n != 2 {
		t.Errorf("%d deletions are told", n)
	}
}

func idOf(t *testing.T, id string) uuid.UUID {
	t.Helper()
	parsed, err := ids.Parse(id)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.UUID
}
