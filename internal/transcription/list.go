package transcription

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/page"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// perRecording bounds a recording's transcriptions in one answer: the newest ones.
const perRecording = 20

// List pages through an organization's transcriptions, newest first. Errors: NotFound, Invalid.
func (s *Service) List(ctx context.Context, viewer access.Viewer, organization ids.ID, args page.Args, statuses []Status) (page.Connection[Transcription], error) {
	var none page.Connection[Transcription]
	scope, err := viewer.Scope(organization, access.Viewing)
	if err != nil {
		return none, err
	}
	size, before, err := args.Keyset(uuid.Max)
	if err != nil {
		return none, err
	}
	rows, err := s.store.ListTranscriptions(ctx, db.ListTranscriptionsParams{OrganizationID: scope.OrganizationID, Before: before, Statuses: postgres.Words(statuses), PageSize: size + 1})
	if err != nil {
		return none, fmt.Errorf("listing transcriptions: %w", err)
	}
	return page.Rows(rows, size, args.After != nil, fromRow, func(t Transcription) string { return page.Encode(t.ID.UUID) }), nil
}

// ByID finds several at once; one that the viewer may not see is not in the answer.
func (s *Service) ByID(ctx context.Context, viewer access.Viewer, wanted []uuid.UUID) (map[uuid.UUID]*Transcription, error) {
	rows, err := s.store.ListTranscriptionsByID(ctx, wanted, viewer.Organizations())
	if err != nil {
		return nil, fmt.Errorf("reading transcriptions: %w", err)
	}
	found := make(map[uuid.UUID]*Transcription, len(rows))
	for _, r := range rows {
		if err := viewer.Enter(r.OrganizationID); err != nil {
			return nil, err
		}
		t := fromRow(r)
		found[r.ID] = &t
	}
	return found, nil
}

// OfRecordings finds the newest transcriptions of many recordings with one statement.
func (s *Service) OfRecordings(ctx context.Context, viewer access.Viewer, recordings []uuid.UUID) (map[uuid.UUID][]Transcription, error) {
	rows, err := s.store.ListTranscriptionsOfRecordings(ctx, db.ListTranscriptionsOfRecordingsParams{
		RecordingIds: recordings, OrganizationIds: viewer.Organizations(), Most: perRecording,
	})
	if err != nil {
		return nil, fmt.Errorf("reading the recordings' transcriptions: %w", err)
	}
	found := make(map[uuid.UUID][]Transcription, len(recordings))
	for _, r := range rows {
		t := fromRow((*db.Transcription)(r))
		found[r.RecordingID] = append(found[r.RecordingID], t)
	}
	return found, nil
}

// Details reads what the analysis found, of many transcriptions with one statement. One without a
// result has no entry.
func (s *Service) Details(ctx context.Context, viewer access.Viewer, wanted []uuid.UUID) (map[uuid.UUID]*Details, error) {
	rows, err := s.store.ListTranscriptionResults(ctx, wanted, viewer.Organizations())
	if err != nil {
		return nil, fmt.Errorf("reading results: %w", err)
	}
	found := make(map[uuid.UUID]*Details, len(rows))
	for _, r := range rows {
		d, err := details(r)
		if err != nil {
			return nil, err
		}
		found[r.TranscriptionID] = d
	}
	return found, nil
}

func details(r *db.ListTranscriptionResultsRow) (*Details, error) {
	var d Details
	for _, part := range []struct {
		raw  json.RawMessage
		into any
	}{
		{r.Speakers, &d.Speakers}, {r.Sentiment, &d.Sentiment}, {r.Chapters, &d.Chapters},
		{r.Topics, &d.Topics}, {r.ContentSafety, &d.ContentSafety}, {r.Entities, &d.Entities},
	} {
		if part.raw == nil {
			continue
		}
		if err := json.Unmarshal(part.raw, part.into); err != nil {
			return nil, fmt.Errorf("decoding a stored result: %w", err)
		}
	}
	return &d, nil
}

// MaxUtterances is the longest page of utterances: an hour of lively talk.
const MaxUtterances = 500

// Window says which utterances are wanted.
type Window struct {
	First        int
	After        int  // the index to go on behind; -1 from the beginning
	FromMs, ToMs int  // those that overlap this time
	Words        bool // with their words, which are nine tenths of a transcript
}

// Utterances reads one page of each of many transcriptions with one statement; each page has one
// utterance more than asked when there are more.
func (s *Service) Utterances(ctx context.Context, viewer access.Viewer, wanted []uuid.UUID, w Window) (map[uuid.UUID][]Utterance, error) {
	rows, err := s.store.ListUtterances(ctx, db.ListUtterancesParams{
		TranscriptionIds: wanted, OrganizationIds: viewer.Organizations(), After: int32(w.After), FromMs: int32(w.FromMs), ToMs: int32(w.ToMs), PageSize: int32(w.First) + 1, WithWords: w.Words,
	})
	if err != nil {
		return nil, fmt.Errorf("reading utterances: %w", err)
	}
	found := make(map[uuid.UUID][]Utterance, len(wanted))
	for _, r := range rows {
		u := Utterance{
			Index: int(r.Index), SpeakerKey: r.SpeakerKey, StartMs: int(r.StartMs), EndMs: int(r.EndMs), Text: r.Text,
			Confidence: r.Confidence, Sentiment: (*Sentiment)(r.Sentiment),
		}
		u.stored = string(r.Words)
		found[r.TranscriptionID] = append(found[r.TranscriptionID], u)
	}
	return found, nil
}

// CountUtterances counts those of a time window, of many transcriptions with one statement.
func (s *Service) CountUtterances(ctx context.Context, viewer access.Viewer, wanted []uuid.UUID, w Window) (map[uuid.UUID]int, error) {
	rows, err := s.store.CountUtterances(ctx, db.CountUtterancesParams{Ids: wanted, OrganizationIds: viewer.Organizations(), FromMs: int32(w.FromMs), ToMs: int32(w.ToMs)})
	if err != nil {
		return nil, fmt.Errorf("counting utterances: %w", err)
	}
	found := make(map[uuid.UUID]int, len(rows))
	for _, r := range rows {
		found[r.TranscriptionID] = int(r.Total)
	}
	return found, nil
}
