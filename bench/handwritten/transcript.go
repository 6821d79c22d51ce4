package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/page"
)

type transcript struct {
	ID           string    `json:"id"`
	Status       string    `json:"status"`
	LanguageCode *string   `json:"languageCode"`
	Confidence   *float64  `json:"confidence"`
	Text         *string   `json:"text"`
	Speakers     []speaker `json:"speakers"`
	Utterances   struct {
		Nodes    []utterance `json:"nodes"`
		PageInfo pageInfo    `json:"pageInfo"`
	} `json:"utterances"`
}

type speaker struct {
	Key        string `json:"key"`
	Label      string `json:"label"`
	TalkTimeMs int    `json:"talkTimeMs"`
}

type utterance struct {
	Index      int32    `json:"index"`
	SpeakerKey string   `json:"speakerKey"`
	StartMs    int32    `json:"startMs"`
	EndMs      int32    `json:"endMs"`
	Text       string   `json:"text"`
	Confidence *float64 `json:"confidence"`
	Sentiment  *string  `json:"sentiment"`
	Words      []word   `json:"words,omitempty"`
}

type word struct {
	Text       string   `json:"text"`
	StartMs    int      `json:"startMs"`
	EndMs      int      `json:"endMs"`
	Confidence *float64 `json:"confidence"`
}

const (
	// perPage is what the benchmark asks of both.
	perPage          = 200
	selectTranscript = `SELECT t.status, t.language_code, t.confidence, t.text, x.speakers
		FROM switchboard.transcriptions t JOIN switchboard.transcription_results x ON x.transcription_id = t.id WHERE t.id = $1`
	selectUtterances = `SELECT index, speaker_key, start_ms, end_ms, text, confidence, sentiment
		FROM switchboard.utterances WHERE transcription_id = $1 ORDER BY index LIMIT $2`
	selectUtterancesWithWords = `SELECT index, speaker_key, start_ms, end_ms, text, confidence, sentiment, words
		FROM switchboard.utterances WHERE transcription_id = $1 ORDER BY index LIMIT $2`
)

// transcript is one transcription with its utterances, in two statements; with words only where asked.
func (s *server) transcript(r *http.Request) (any, error) {
	id, err := ids.Parse(r.URL.Query().Get("id"))
	if err != nil {
		return nil, err
	}
	out := transcript{ID: id.String()}
	var speakers []struct {
		Key   string `json:"key"`
		Label string `json:"label"`
		Talk  int    `json:"talk"`
	}
	err = s.pool.QueryRow(r.Context(), selectTranscript, id.UUID).Scan(&out.Status, &out.LanguageCode, &out.Confidence, &out.Text, &speakers)
	if err != nil {
		return nil, fmt.Errorf("reading the transcription: %w", err)
	}
	for _, one := range speakers {
		out.Speakers = append(out.Speakers, speaker{one.Key, one.Label, one.Talk})
	}
	return map[string]any{"transcription": &out}, s.utterances(r, id.UUID, &out)
}

func (s *server) utterances(r *http.Request, id uuid.UUID, out *transcript) error {
	sql, words := selectUtterances, r.URL.Query().Has("words")
	var u utterance
	var raw []byte
	into := []any{&u.Index, &u.SpeakerKey, &u.StartMs, &u.EndMs, &u.Text, &u.Confidence, &u.Sentiment}
	if words {
		sql, into = selectUtterancesWithWords, append(into, &raw)
	}
	rows, err := s.pool.Query(r.Context(), sql, id, perPage+1)
	if err != nil {
		return fmt.Errorf("reading utterances: %w", err)
	}
	_, err = pgx.ForEachRow(rows, into, func() error {
		if len(out.Utterances.Nodes) == perPage {
			out.Utterances.PageInfo.HasNextPage = true
			return nil
		}
		one := u
		if words {
			one.Words, err = decode(raw)
		}
		out.Utterances.Nodes = append(out.Utterances.Nodes, one)
		return err
	})
	if n := len(out.Utterances.Nodes); n > 0 {
		cursor := page.Encode(out.Utterances.Nodes[n-1].Index)
		out.Utterances.PageInfo.EndCursor = &cursor
	}
	return err
}

// decode reads words, which are stored under shorter names than they are shown.
func decode(raw []byte) ([]word, error) {
	var stored []struct {
		T string   `json:"t"`
		S int      `json:"s"`
		E int      `json:"e"`
		C *float64 `json:"c"`
	}
	if err := json.Unmarshal(raw, &stored); err != nil {
		return nil, fmt.Errorf("decoding words: %w", err)
	}
	list := make([]word, len(stored))
	for i, w := range stored {
		list[i] = word{w.T, w.S, w.E, w.C}
	}
	return list, nil
}
