package assemblyai

import (
	"encoding/json"
	"maps"
)

// SubmitParams are what we ask for, in the vendor's names.
type SubmitParams struct {
	AudioURL               string
	WebhookURL             string
	WebhookAuthHeaderName  string
	WebhookAuthHeaderValue string
	LanguageCode           string
	LanguageDetection      bool
	Multichannel           bool
	SpeakerLabels          bool
	SentimentAnalysis      bool
	EntityDetection        bool
	AutoChapters           bool
	IABCategories          bool
	ContentSafety          bool
	// Extra is sent as it is: which models there are, and what else can be asked, changes within months.
	// It never overrides what the fields above say, not even that something is not wanted.
	Extra map[string]any
}

// MarshalJSON leaves out what is not wanted: the vendor refuses some pairs even when one is false.
func (p SubmitParams) MarshalJSON() ([]byte, error) {
	own := map[string]any{
		"audio_url":   p.AudioURL,
		"webhook_url": p.WebhookURL, "webhook_auth_header_name": p.WebhookAuthHeaderName, "webhook_auth_header_value": p.WebhookAuthHeaderValue,
		"language_code": p.LanguageCode, "language_detection": p.LanguageDetection,
		"multichannel": p.Multichannel, "speaker_labels": p.SpeakerLabels,
		"sentiment_analysis": p.SentimentAnalysis, "entity_detection": p.EntityDetection, "iab_categories": p.IABCategories,
		"content_safety": p.ContentSafety, "auto_chapters": p.AutoChapters && !p.summarizes(),
	}
	sent := maps.Clone(p.Extra)
	if sent == nil {
		sent = map[string]any{}
	}
	for name, value := range own {
		delete(sent, name)
		if value != "" && value != false {
			sent[name] = value
		}
	}
	return json.Marshal(sent)
}

// summarizes says that Extra asks for chapters under their new name: the vendor refuses both at once.
func (p SubmitParams) summarizes() bool {
	understanding, _ := p.Extra["speech_understanding"].(map[string]any)
	request, _ := understanding["request"].(map[string]any)
	_, asked := request["summarization"]
	return asked
}
