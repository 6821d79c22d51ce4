package transcription

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
)

// Details is what an analysis found out. The JSON names are those of the columns' content.
type Details struct {
	Speakers      []Speaker
	Sentiment     *SentimentSummary
	Chapters      []Chapter
	Topics        []Topic
	ContentSafety []ContentSafetyLabel
	Entities      []Entity
}

// Speaker is one voice.
type Speaker struct {
	Key        string `json:"key"`
	Label      string `json:"label"`
	TalkTimeMs int    `json:"talk"`
}

// Sentiment is how something was said.
type Sentiment string

const (
	Positive Sentiment = "POSITIVE"
	Neutral  Sentiment = "NEUTRAL"
	Negative Sentiment = "NEGATIVE"
)

// SentimentSummary gives shares of the sentences, 0 to 1.
type SentimentSummary struct {
	Overall  Sentiment `json:"overall"`
	Positive float64   `json:"positive"`
	Neutral  float64   `json:"neutral"`
	Negative float64   `json:"negative"`
}

// Chapter is a part of a conversation.
type Chapter struct {
	StartMs  int    `json:"start"`
	EndMs    int    `json:"end"`
	Gist     string `json:"gist"`
	Headline string `json:"headline"`
	Summary  string `json:"summary"`
}

// Topic is what was talked about; relevance 0 to 1.
type Topic struct {
	Label     string  `json:"label"`
	Relevance float64 `json:"relevance"`
}

// ContentSafetyLabel marks a delicate passage.
type ContentSafetyLabel struct {
	Label      string   `json:"label"`
	Confidence float64  `json:"confidence"`
	Severity   *float64 `json:"severity,omitempty"`
	StartMs    int      `json:"start"`
	EndMs      int      `json:"end"`
	Text       string   `json:"text"`
}

// Entity is a name, a place, a number that was said.
type Entity struct {
	Type    string `json:"type"`
	Text    string `json:"text"`
	StartMs int    `json:"start"`
	EndMs   int    `json:"end"`
}

// Word is one word with its time.
type Word struct {
	Text       string   `json:"t"`
	StartMs    int      `json:"s"`
	EndMs      int      `json:"e"`
	Confidence *float64 `json:"c,omitempty"`
}

// Utterance is what one speaker said without another in between.
type Utterance struct {
	Index      int // stable within a version of the transcription
	SpeakerKey string
	StartMs    int
	EndMs      int
	Text       string
	Confidence *float64
	Sentiment  *Sentiment
	Words      []Word // nil when read from the database: see Spoken
	stored     string // the words as JSON, when read from the database
}

// Spoken are the words. They are decoded only for those who ask: they are nine tenths of a transcript.
func (u Utterance) Spoken() (list []Word, err error) {
	if u.stored == "" {
		return u.Words, nil
	}
	if err := json.Unmarshal([]byte(u.stored), &list); err != nil {
		return nil, fmt.Errorf("decoding stored words: %w", err)
	}
	return list, nil
}

// result is a provider's answer in our words.
type result struct {
	text       string
	language   *string
	confidence *float64
	model      *string
	details    Details
	utterances []Utterance
	answer     []byte
}

// read translates an answer. It believes nothing: texts lose what Postgres cannot hold, times are
// brought into order.
func read(t assemblyai.Transcript) result {
	r := result{
		text: clean(t.Text), confidence: t.Confidence, language: postgres.OrNull(clean(t.LanguageCode)), model: postgres.OrNull(clean(t.SpeechModelUsed)),
		utterances: utterances(t), answer: t.Raw,
	}
	r.details = Details{
		Speakers: speakers(r.utterances), Sentiment: sentiment(t.SentimentAnalysisResults), Chapters: chapters(t),
		Topics: topics(t), ContentSafety: safety(t), Entities: entities(t),
	}
	feel(r.utterances, t.SentimentAnalysisResults)
	return r
}

// store writes the result over an earlier version's.
func (r result) store(ctx context.Context, tx *postgres.Tx, row *db.Transcription) error {
	put := db.PutTranscriptionResultParams{
		TranscriptionID: row.ID, OrganizationID: row.OrganizationID, Speakers: encode(r.details.Speakers), Chapters: encode(r.details.Chapters),
		Topics: encode(r.details.Topics), ContentSafety: encode(r.details.ContentSafety), Entities: encode(r.details.Entities), Answer: r.answer,
	}
	if r.details.Sentiment != nil {
		put.Sentiment = encode(r.details.Sentiment)
	}
	if err := tx.PutTranscriptionResult(ctx, put); err != nil {
		return fmt.Errorf("storing the result: %w", err)
	}
	if err := tx.DeleteUtterances(ctx, row.ID); err != nil {
		return fmt.Errorf("removing the earlier version's utterances: %w", err)
	}
	rows := make([]db.InsertUtterancesParams, len(r.utterances))
	for i, u := range r.utterances {
		rows[i] = u.row(row.ID, row.OrganizationID)
	}
	if _, err := tx.InsertUtterances(ctx, rows); err != nil {
		return fmt.Errorf("storing the utterances: %w", err)
	}
	return nil
}

func (u Utterance) row(transcription, organization uuid.UUID) db.InsertUtterancesParams {
	return db.InsertUtterancesParams{
		TranscriptionID: transcription, Index: int32(u.Index), OrganizationID: organization, SpeakerKey: u.SpeakerKey,
		StartMs: int32(u.StartMs), EndMs: int32(u.EndMs), Text: u.Text, Confidence: u.Confidence, Sentiment: (*string)(u.Sentiment), Words: encode(u.Words),
	}
}

// span brings two times of a vendor into our range and order.
func span(start, end int) (int, int) {
	from := min(max(start, 0), math.MaxInt32)
	return from, min(max(end, from), math.MaxInt32)
}

func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}
