package transcription

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// Format is how a transcript is written down as a file.
type Format string

const (
	JSON Format = "JSON"
	Text Format = "TEXT"
	SRT  Format = "SRT"
	VTT  Format = "VTT"
)

func (f Format) extension() string {
	if f == Text {
		return "txt"
	}
	return strings.ToLower(string(f))
}

func (f Format) contentType() string {
	switch f {
	case JSON:
		return "application/json"
	case VTT:
		return "text/vtt; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}

func parseName(name string) (ids.ID, Format, error) {
	word, extension, _ := strings.Cut(name, ".")
	id, err := ids.Parse(word)
	if err != nil || !id.Is(ids.Transcription) {
		return ids.ID{}, "", fault.NotFound("transcription")
	}
	for _, f := range []Format{JSON, Text, SRT, VTT} {
		if f.extension() == extension {
			return id, f, nil
		}
	}
	return ids.ID{}, "", fault.NotFound("transcription")
}

func (f Format) write(t Transcription, d *Details, list []Utterance) ([]byte, error) {
	switch f {
	case JSON:
		return asJSON(t, d, list)
	case SRT:
		return captions(list, "", ','), nil
	case VTT:
		return captions(list, "WEBVTT\n\n", '.'), nil
	}
	return asText(list), nil
}

// asText is for reading: a line an utterance, with its time and speaker.
func asText(list []Utterance) []byte {
	var out bytes.Buffer
	for _, u := range list {
		fmt.Fprintf(&out, "[%s] %s: %s\n", short(u.StartMs), u.SpeakerKey, u.Text)
	}
	return out.Bytes()
}

// captions are SRT or WebVTT, which differ in the head and the comma.
func captions(list []Utterance, head string, mark byte) []byte {
	out := bytes.NewBufferString(head)
	for i, u := range list {
		fmt.Fprintf(out, "%d\n%s --> %s\n%s: %s\n\n", i+1, clock(u.StartMs, mark), clock(u.EndMs, mark), caption(u.SpeakerKey), caption(u.Text))
	}
	return out.Bytes()
}

// caption keeps a text from ending its cue early or opening a tag.
func caption(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "<", ""), "-->", "→") // in this order: "-<->" is one too
	return strings.Join(strings.Fields(text), " ")
}

func clock(ms int, mark byte) string {
	return fmt.Sprintf("%02d:%02d:%02d%c%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, mark, ms%1000)
}

func short(ms int) string {
	return fmt.Sprintf("%02d:%02d:%02d", ms/3_600_000, ms/60_000%60, ms/1000%60)
}

func asJSON(t Transcription, d *Details, list []Utterance) ([]byte, error) {
	type word struct {
		Text       string   `json:"text"`
		StartMs    int      `json:"startMs"`
		EndMs      int      `json:"endMs"`
		Confidence *float64 `json:"confidence,omitempty"`
	}
	type utterance struct {
		Speaker   string     `json:"speaker"`
		StartMs   int        `json:"startMs"`
		EndMs     int        `json:"endMs"`
		Text      string     `json:"text"`
		Sentiment *Sentiment `json:"sentiment,omitempty"`
		Words     []word     `json:"words"`
	}
	said := make([]utterance, len(list))
	for i, u := range list {
		spoken, err := u.Spoken()
		if err != nil {
			return nil, err
		}
		said[i] = utterance{Speaker: u.SpeakerKey, StartMs: u.StartMs, EndMs: u.EndMs, Text: u.Text, Sentiment: u.Sentiment, Words: make([]word, len(spoken))}
		for j, w := range spoken {
			said[i].Words[j] = word(w)
		}
	}
	return json.MarshalIndent(struct {
		ID           ids.ID      `json:"id"`
		LanguageCode *string     `json:"languageCode"`
		Confidence   *float64    `json:"confidence"`
		Text         *string     `json:"text"`
		Utterances   []utterance `json:"utterances"`
		Details      *Details    `json:"details"`
	}{t.ID, t.LanguageCode, t.Confidence, t.Text, said, d}, "", "  ")
}
