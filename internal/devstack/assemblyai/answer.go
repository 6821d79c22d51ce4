package assemblyai

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
)

// transcript is the vendor's answer, with its nulls.
type transcript struct {
	ID                string      `json:"id"`
	Status            string      `json:"status"`
	AudioURL          string      `json:"audio_url"`
	Error             string      `json:"error,omitempty"`
	Text              *string     `json:"text"`
	Words             []word      `json:"words"`
	Utterances        []utterance `json:"utterances"`
	Confidence        *float64    `json:"confidence"`
	AudioDuration     *int        `json:"audio_duration"` // seconds, unlike all else
	AudioChannels     *int        `json:"audio_channels"`
	LanguageCode      *string     `json:"language_code"`
	LanguageDetection bool        `json:"language_detection"`
	SpeechModelUsed   *string     `json:"speech_model_used"`
	Punctuate         bool        `json:"punctuate"`
	FormatText        bool        `json:"format_text"`
	Multichannel      bool        `json:"multichannel"`
	SpeakerLabels     bool        `json:"speaker_labels"`
	WebhookURL        *string     `json:"webhook_url"`
	WebhookStatusCode *int        `json:"webhook_status_code"`
	WebhookAuth       bool        `json:"webhook_auth"`
	WebhookAuthName   *string     `json:"webhook_auth_header_name"`
	unasked
}

// unasked is what the vendor's own clients look for and we refuse to do: off, and nothing found.
type unasked struct {
	AutoChapters             bool      `json:"auto_chapters"`
	AutoHighlights           bool      `json:"auto_highlights"`
	ContentSafety            bool      `json:"content_safety"`
	EntityDetection          bool      `json:"entity_detection"`
	IABCategories            bool      `json:"iab_categories"`
	RedactPII                bool      `json:"redact_pii"`
	SentimentAnalysis        bool      `json:"sentiment_analysis"`
	Summarization            bool      `json:"summarization"`
	Chapters                 *struct{} `json:"chapters"`
	Entities                 *struct{} `json:"entities"`
	SentimentAnalysisResults *struct{} `json:"sentiment_analysis_results"`
	AutoHighlightsResult     *struct{} `json:"auto_highlights_result"`
	ContentSafetyLabels      struct{}  `json:"content_safety_labels"`
	IABCategoriesResult      struct{}  `json:"iab_categories_result"`
	Summary                  *struct{} `json:"summary"`
	LanguageConfidence       *float64  `json:"language_confidence"`
	LanguageThreshold        *float64  `json:"language_confidence_threshold"`
}

// word has its times in milliseconds.
type word struct {
	Text       string  `json:"text"`
	Start      int64   `json:"start"`
	End        int64   `json:"end"`
	Confidence float64 `json:"confidence"`
	Speaker    *string `json:"speaker"`
	Channel    *string `json:"channel,omitempty"`
}

type utterance struct {
	word
	Words []word `json:"words"`
}

const deletedURL = "http://deleted_by_user"

func (s *Server) answer(j *job) transcript {
	s.mu.Lock()
	now := *j
	s.mu.Unlock()
	switch {
	case now.deleted:
		return deletedAnswer(&now)
	case now.status == completed:
		return completedAnswer(&now, s.config.Model)
	}
	return queuedAnswer(&now, s.config.Model)
}

// queuedAnswer is that of a job without a result, also one that failed.
func queuedAnswer(j *job, model string) transcript {
	t := transcript{
		ID: j.id, Status: j.status, AudioURL: j.ask.AudioURL, Error: j.failure, LanguageCode: orNull(j.ask.LanguageCode), SpeechModelUsed: &model,
		LanguageDetection: j.ask.LanguageDetection, Punctuate: true, FormatText: true, Multichannel: j.ask.Multichannel, SpeakerLabels: j.ask.SpeakerLabels,
		WebhookURL: orNull(j.ask.WebhookURL), WebhookAuth: j.ask.WebhookAuthName != "", WebhookAuthName: orNull(j.ask.WebhookAuthName),
	}
	if j.webhookStatus != 0 {
		t.WebhookStatusCode = &j.webhookStatus
	}
	return t
}

func deletedAnswer(j *job) transcript {
	gone, text := deletedURL, "Deleted by user."
	t := transcript{ID: j.id, Status: completed, AudioURL: gone, Text: &text, AudioDuration: seconds(j.heard.Duration)}
	if j.ask.WebhookURL != "" {
		t.WebhookURL = &gone
	}
	return t
}

func completedAnswer(j *job, model string) transcript {
	t := queuedAnswer(j, model)
	language := "en"
	if t.LanguageCode == nil {
		t.LanguageCode = &language
	}
	t.AudioDuration, t.AudioChannels, t.Words = seconds(j.heard.Duration), &j.heard.Channels, []word{}
	apart := j.ask.Multichannel || j.ask.SpeakerLabels
	if apart {
		t.Utterances = []utterance{}
	}
	var texts []string
	for _, turn := range j.heard.Turns {
		u := spoken(turn, j.ask)
		t.Words = append(t.Words, u.Words...)
		texts = append(texts, u.Text)
		if apart {
			t.Utterances = append(t.Utterances, u)
		}
	}
	text := strings.Join(texts, " ")
	t.Text = &text
	if len(t.Words) > 0 {
		sure := mean(t.Words)
		t.Confidence = &sure
	}
	return t
}

// spoken names the speaker as the vendor does: after the channel where channels are transcribed apart,
// else with a letter.
func spoken(turn speech.Turn, ask submission) utterance {
	var speaker, channel *string
	switch {
	case ask.Multichannel:
		channel = orNull(strconv.Itoa(turn.Channel + 1))
		speaker = channel
	case ask.SpeakerLabels:
		speaker = orNull(string(rune('A' + turn.Channel)))
	}
	u := utterance{Words: []word{}}
	texts := make([]string, len(turn.Words))
	for i, w := range turn.Words {
		texts[i] = w.Text
		u.Words = append(u.Words, word{Text: w.Text, Start: w.Start.Milliseconds(), End: w.End.Milliseconds(), Confidence: w.Confidence, Speaker: speaker, Channel: channel})
	}
	u.word = word{Text: strings.Join(texts, " "), Speaker: speaker, Channel: channel}
	if len(u.Words) > 0 {
		u.Start, u.End, u.Confidence = u.Words[0].Start, u.Words[len(u.Words)-1].End, mean(u.Words)
	}
	return u
}

func mean(words []word) float64 {
	sum := 0.0
	for _, w := range words {
		sum += w.Confidence
	}
	return sum / float64(len(words))
}

// seconds rounds up, so that nothing is heard after the end.
func seconds(d time.Duration) *int {
	whole := int(math.Ceil(d.Seconds()))
	return &whole
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
