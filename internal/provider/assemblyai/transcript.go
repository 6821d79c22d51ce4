package assemblyai

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Status is how far a transcript is.
type Status string

const (
	StatusQueued     Status = "queued"
	StatusProcessing Status = "processing"
	StatusCompleted  Status = "completed"
	StatusError      Status = "error"
)

// Transcript is the vendor's answer. Times are milliseconds from the beginning of the audio. Lists are
// nil where the vendor was not asked.
type Transcript struct {
	Raw []byte `json:"-"` // the whole answer as it came

	ID              string   `json:"id"`
	Status          Status   `json:"status"`
	AudioURL        string   `json:"audio_url"` // as submitted, or deletedURL
	Error           string   `json:"error"`     // why, with StatusError; without addresses, which Raw still has
	Text            string   `json:"text"`
	Confidence      *float64 `json:"confidence"`     // 0 to 1
	AudioDuration   *float64 `json:"audio_duration"` // seconds, unlike all else
	LanguageCode    string   `json:"language_code"`
	SpeechModelUsed string   `json:"speech_model_used"`

	Words                    []Word               `json:"words"`
	Utterances               []Utterance          `json:"utterances"`
	SentimentAnalysisResults []SentimentResult    `json:"sentiment_analysis_results"`
	Entities                 []Entity             `json:"entities"`
	Chapters                 []Chapter            `json:"chapters"` // under the old name or the new one
	IABCategoriesResult      *IABCategoriesResult `json:"iab_categories_result"`
	ContentSafetyLabels      *ContentSafetyLabels `json:"content_safety_labels"`
}

// Word is one word. Speaker is a letter, or the channel where those were transcribed apart.
type Word struct {
	Text       string   `json:"text"`
	Start      int      `json:"start"`
	End        int      `json:"end"`
	Confidence *float64 `json:"confidence"`
	Speaker    string   `json:"speaker"`
	Channel    string   `json:"channel"` // "1", "2"
}

// Utterance is what one speaker said in a row.
type Utterance struct {
	Text       string   `json:"text"`
	Start      int      `json:"start"`
	End        int      `json:"end"`
	Confidence *float64 `json:"confidence"`
	Speaker    string   `json:"speaker"`
	Channel    string   `json:"channel"`
	Words      []Word   `json:"words"`
}

// SentimentResult is how one sentence was said: POSITIVE, NEUTRAL or NEGATIVE.
type SentimentResult struct {
	Text       string   `json:"text"`
	Start      int      `json:"start"`
	End        int      `json:"end"`
	Sentiment  string   `json:"sentiment"`
	Confidence *float64 `json:"confidence"`
	Speaker    string   `json:"speaker"`
	Channel    string   `json:"channel"`
}

// Entity is something that was named.
type Entity struct {
	EntityType string `json:"entity_type"`
	Text       string `json:"text"`
	Start      int    `json:"start"`
	End        int    `json:"end"`
}

// Chapter is a part of the audio with its summary.
type Chapter struct {
	Start    int    `json:"start"`
	End      int    `json:"end"`
	Gist     string `json:"gist"`
	Headline string `json:"headline"`
	Summary  string `json:"summary"`
}

// Timestamp is a span of the audio.
type Timestamp struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// IABCategoriesResult says what the audio is about: label to relevance, 0 to 1.
type IABCategoriesResult struct {
	Status  string             `json:"status"` // success or unavailable
	Summary map[string]float64 `json:"summary"`
}

// ContentSafetyLabels are the delicate passages.
type ContentSafetyLabels struct {
	Status  string                `json:"status"` // success or unavailable
	Results []ContentSafetyResult `json:"results"`
}

// ContentSafetyResult is one passage.
type ContentSafetyResult struct {
	Text      string               `json:"text"`
	Timestamp Timestamp            `json:"timestamp"`
	Labels    []ContentSafetyLabel `json:"labels"`
}

// ContentSafetyLabel is what a passage touches. Some labels have no severity.
type ContentSafetyLabel struct {
	Label      string   `json:"label"`
	Confidence float64  `json:"confidence"`
	Severity   *float64 `json:"severity"`
}

// The vendor keeps a deleted transcript as "completed" with these in place of the content.
const (
	deletedURL  = "http://deleted_by_user"
	deletedText = "Deleted by user."
)

// Deleted says that the content is gone. Storing it would overwrite a good transcript.
func (t Transcript) Deleted() bool {
	return t.AudioURL == deletedURL || t.Text == deletedText && t.Words == nil
}

// answered is a transcript with what it keeps deep inside, whose shape is not promised.
type answered struct {
	Transcript
	SpeechUnderstanding json.RawMessage `json:"speech_understanding"`
}

var errNoID = errors.New("it has no id and status of a transcript")

func decodeTranscript(raw []byte) (Transcript, error) {
	in, err := decodeLoosely[answered](raw)
	if err != nil {
		return Transcript{}, fmt.Errorf("decoding a transcript: %w", err)
	}
	t := in.Transcript
	if !idPattern.MatchString(t.ID) || t.Status == "" {
		return Transcript{}, errNoID
	}
	t.Raw, t.Error = raw, sentence(t.Error)
	if len(t.Chapters) == 0 {
		t.Chapters = sections(in.SpeechUnderstanding)
	}
	return t, nil
}

// understanding is where chapters are found under their new name.
type understanding struct {
	Response struct {
		Summarization struct {
			Summary []section `json:"summary"`
		} `json:"summarization"`
	} `json:"response"`
}

type section struct {
	Start    int    `json:"start"`
	End      int    `json:"end"`
	Headline string `json:"headline"`
	Text     string `json:"text"`
}

// sections reads a summary that is cut into chapters. Other kinds of summary are one text, and no chapters.
func sections(raw json.RawMessage) []Chapter {
	in, err := decodeLoosely[understanding](raw)
	if err != nil {
		return nil
	}
	var out []Chapter
	for _, s := range in.Response.Summarization.Summary {
		out = append(out, Chapter{Start: s.Start, End: s.End, Headline: s.Headline, Summary: s.Text})
	}
	return out
}

// decodeLoosely decodes what the vendor promises in one pass, and only where that fails tries again with
// numbers and texts brought into shape.
func decodeLoosely[T any](raw []byte) (T, error) {
	var out, again T
	err := json.Unmarshal(raw, &out)
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return out, err
	}
	mended, ok := mend(raw)
	if !ok || json.Unmarshal(mended, &again) != nil {
		return again, err
	}
	return again, nil
}
