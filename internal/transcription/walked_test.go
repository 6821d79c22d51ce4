package transcription

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
)

// keptByVendor gives the transcripts that were not deleted, by the submission of ours in their webhook.
func (h *house) keptByVendor(t *testing.T) map[uuid.UUID][]string {
	t.Helper()
	kept, before := map[uuid.UUID][]string{}, ""
	for {
		page, err := h.vendor.List(t.Context(), assemblyai.ListParams{Limit: 200, BeforeID: before})
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Transcripts {
			before = item.ID
			answer, err := h.vendor.Get(t.Context(), item.ID)
			if err != nil {
				t.Fatal(err)
			}
			if !answer.Deleted() {
				of := submissionOf(t, answer.Raw)
				kept[of] = append(kept[of], item.ID)
			}
		}
		if len(page.Transcripts) == 0 {
			return kept
		}
	}
}

func submissionOf(t *testing.T, answer []byte) uuid.UUID {
	t.Helper()
	var has struct {
		Webhook string `json:"webhook_url"`
	}
	if err := json.Unmarshal(answer, &has); err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(has.Webhook)
	if err != nil {
		t.Fatal(err)
	}
	return uuid.MustParse(address.Query().Get("submission"))
}

// wantWalked checks all that a recording's transcriptions went through.
func (h *house) wantWalked(t *testing.T, about ids.ID, kept map[uuid.UUID][]string) {
	t.Helper()
	rows, err := h.store.ListTranscriptionsOfRecording(t.Context(), about.UUID)
	if err != nil {
		t.Fatal(err)
	}
	h.wantOneLive(t, rows)
	for _, row := range rows {
		steps := h.steps(t, row.ID)
		wantOnGraph(t, row, steps)
		versions, utterances := 0, h.number(t, "SELECT count(*) FROM switchboard.utterances WHERE transcription_id = $1", row.ID)
		if row.Status == string(Completed) {
			versions = 1
		}
		if int(row.Version) != versions || utterances != versions {
			t.Errorf("%s, %s: version %d, %d utterances", row.ID, row.Status, row.Version, utterances)
		}
		for attempt := int32(1); attempt <= row.Attempt; attempt++ {
			h.wantKeptOnce(t, row, attempt, kept)
		}
	}
}

type step struct {
	number        int64
	transcription uuid.UUID
	from, to      Status
}

// steps are the activity events of these transcriptions, in order.
func (h *house) steps(t *testing.T, of ...uuid.UUID) (list []step) {
	t.Helper()
	rows, err := h.store.Pool().Query(t.Context(), `SELECT number, subject_id::text, coalesce(previous_status, ''), status FROM switchboard.activity_events
		WHERE subject_id = ANY($1::text[]::uuid[]) ORDER BY number`, texts(of))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s step
		var subject string
		if err := rows.Scan(&s.number, &subject, &s.from, &s.to); err != nil {
			t.Fatal(err)
		}
		s.transcription = uuid.MustParse(subject)
		list = append(list, s)
	}
	return list
}

func texts(list []uuid.UUID) []string {
	words := make([]string, len(list))
	for i, id := range list {
		words[i] = id.String()
	}
	return words
}

// wantOnGraph follows the events from the first to the state of the row: one for each arrow, none beside.
func wantOnGraph(t *testing.T, row *db.Transcription, steps []step) {
	t.Helper()
	at, attempts, versions := Status(""), int32(0), int32(0)
	for _, s := range steps {
		if s.from != at || (at == "") != (s.to == Queued && attempts == 0) || at != "" && !at.CanBecome(s.to) {
			t.Errorf("%s: %q became %q, event %d says from %q", row.ID, at, s.to, s.number, s.from)
		}
		at = s.to
		if at == Queued {
			attempts++
		}
		if at == Completed {
			versions++
		}
	}
	if at != Status(row.Status) || at.Live() || attempts != row.Attempt || versions != row.Version {
		t.Errorf("%s is %s in attempt %d, version %d; its events end at %s in attempt %d, version %d", row.ID, row.Status, row.Attempt, row.Version, at, attempts, versions)
	}
}

// wantOneLive follows all events of one recording: at no moment were two of its transcriptions live.
func (h *house) wantOneLive(t *testing.T, rows []*db.Transcription) {
	t.Helper()
	all := make([]uuid.UUID, len(rows))
	for i, row := range rows {
		all[i] = row.ID
	}
	live := map[uuid.UUID]bool{}
	for _, s := range h.steps(t, all...) {
		delete(live, s.transcription)
		if s.to.Live() {
			live[s.transcription] = true
		}
		if len(live) > 1 {
			t.Errorf("after event %d %d transcriptions of one recording were live", s.number, len(live))
		}
	}
}

// wantKeptOnce checks what the vendor has of one attempt: at most one transcript, and of a completed one
// the one that was stored.
func (h *house) wantKeptOnce(t *testing.T, row *db.Transcription, attempt int32, kept map[uuid.UUID][]string) {
	t.Helper()
	completed := row.Status == string(Completed) && attempt == row.Attempt
	sub, err := h.store.GetSubmissionOfAttempt(t.Context(), row.ID, attempt)
	if err != nil {
		if completed {
			t.Errorf("%s was completed without a submission: %v", row.ID, err)
		}
		return // canceled before it was sent
	}
	has := kept[sub.ID]
	if len(has) > 1 {
		t.Errorf("%s: of attempt %d the vendor keeps %d transcripts", row.ID, attempt, len(has))
	}
	if completed && (len(has) != 1 || sub.ProviderID == nil || has[0] != *sub.ProviderID) {
		t.Errorf("%s: the vendor keeps %v, stored is %v", row.ID, has, sub.ProviderID)
	}
}
