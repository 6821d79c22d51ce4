package transcription

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/jobs"
)

// fixture is an answer of the vendor's, under the id that it has there.
func fixture(t *testing.T, name string) (id string, answer []byte) {
	t.Helper()
	answer, err := os.ReadFile(filepath.Join("..", "provider", "assemblyai", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var has struct{ ID string }
	if err := json.Unmarshal(answer, &has); err != nil {
		t.Fatal(err)
	}
	return has.ID, answer
}

// told is a house whose vendor takes a submission under this id and gives this answer.
func told(t *testing.T, id string, answer []byte) (*house, Transcription) {
	t.Helper()
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, _ = io.WriteString(w, `{"id":"`+id+`","status":"queued"}`)
			return
		}
		_, _ = w.Write(answer)
	}))
	t.Cleanup(vendor.Close)
	h := open(t, vendor.URL)
	made := h.request(t)
	if err := h.worker.submit(t.Context(), jobs.Job[submitArgs]{Args: submitArgs{TranscriptionID: made.ID.UUID, Attempt: 1}}); err != nil {
		t.Fatal(err)
	}
	matched, err := h.worker.Ingest(t.Context(), inbox.Event{Body: []byte(`{"transcript_id":"` + id + `","status":"completed"}`)})
	if err != nil || matched.OrganizationID != h.home.UUID {
		t.Fatalf("matched %v, %v", matched, err)
	}
	return h, h.read(t, made.ID)
}

func TestAllThatTheVendorFoundIsKept(t *testing.T) {
	t.Parallel()
	id, answer := fixture(t, "analyzed.json")
	h, got := told(t, id, answer)
	if got.Status != Completed || got.Version != 1 || *got.Text != "Hello, this is Anna from Harbor Dental. I hate waiting." ||
		*got.Confidence != 0.94 || *got.LanguageCode != "en_us" || *got.SpeechModel != "universal-2" || got.Failure != nil {
		t.Errorf("transcription %+v", got)
	}
	found, err := h.Details(t.Context(), h.viewer, []uuid.UUID{got.ID.UUID})
	if err != nil {
		t.Fatal(err)
	}
	severity := 0.2
	want := &Details{
		Speakers:  []Speaker{{"A", "Speaker A", 1100}, {"B", "Speaker B", 800}},
		Sentiment: &SentimentSummary{Overall: Neutral, Positive: 0.5, Negative: 0.5},
		Chapters:  []Chapter{{100, 6900, "a call", "Anna calls.", "Anna of Harbor Dental calls."}},
		Topics:    []Topic{{"MedicalHealth>DentalHealth", 1}, {"BusinessAndFinance", 0.25}},
		ContentSafety: []ContentSafetyLabel{
			{Label: "profanity", Confidence: 0.6, Severity: &severity, StartMs: 5000, EndMs: 6900, Text: "I hate waiting."},
			{Label: "hate_speech", Confidence: 0.5, StartMs: 5000, EndMs: 6900, Text: "I hate waiting."},
		},
		Entities: []Entity{{"person_name", "Anna", 900, 1200}, {"organization", "Harbor Dental", 1300, 2000}},
	}
	if details := found[got.ID.UUID]; !reflect.DeepEqual(details, want) {
		t.Errorf("details %+v, want %+v", details, want)
	}
	sure := []float64{0.95, 0.99, 0.8}
	positive, negative := Positive, Negative
	h.wantUtterances(t, got, []Utterance{
		{0, "A", 100, 1200, "Hello, Anna", &sure[0], &positive, []Word{{"Hello,", 100, 400, &sure[1]}}, ""},
		{1, "B", 6100, 6900, "waiting.", &sure[2], &negative, []Word{}, ""},
	})
	h.wantAnswer(t, got, answer)
}

func (h *house) wantUtterances(t *testing.T, of Transcription, want []Utterance) {
	t.Helper()
	if got := h.spoken(t, of); !reflect.DeepEqual(got, want) {
		t.Errorf("utterances %+v, want %+v", got, want)
	}
}

// spoken reads all utterances with their words.
func (h *house) spoken(t *testing.T, of Transcription) []Utterance {
	t.Helper()
	all, err := h.Utterances(t.Context(), h.viewer, []uuid.UUID{of.ID.UUID}, Window{First: MaxUtterances, After: -1, ToMs: 1 << 30, Words: true})
	if err != nil {
		t.Fatal(err)
	}
	list := all[of.ID.UUID]
	for i := range list {
		if list[i].Words, err = list[i].Spoken(); err != nil {
			t.Fatal(err)
		}
		list[i].stored = ""
	}
	return list
}

// wantAnswer compares what is kept with what the vendor sent, byte for byte.
func (h *house) wantAnswer(t *testing.T, of Transcription, want []byte) {
	t.Helper()
	var kept []byte
	if err := h.store.Pool().QueryRow(t.Context(), "SELECT answer FROM switchboard.transcription_results WHERE transcription_id = $1", of.ID.UUID).Scan(&kept); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, want) {
		t.Errorf("%d bytes of %d were kept, or others", len(kept), len(want))
	}
}

func TestAnAnswerOfTheVendorsOwnIsKeptToTheLastWord(t *testing.T) {
	t.Parallel()
	id, answer := fixture(t, "completed.json")
	h, got := told(t, id, answer)
	var sent struct {
		Text  string
		Words []struct {
			Text       string
			Start, End int
		}
	}
	if err := json.Unmarshal(answer, &sent); err != nil {
		t.Fatal(err)
	}
	if got.Status != Completed || *got.Text != sent.Text {
		t.Errorf("transcription %+v", got)
	}
	i := 0
	for _, u := range h.spoken(t, got) {
		for _, w := range u.Words {
			if i >= len(sent.Words) || w.Text != sent.Words[i].Text || w.StartMs != sent.Words[i].Start || w.EndMs != sent.Words[i].End {
				t.Fatalf("word %d is %+v", i, w)
			}
			i++
		}
	}
	if i != len(sent.Words) {
		t.Errorf("%d words of %d were kept", i, len(sent.Words))
	}
	h.wantAnswer(t, got, answer)
}

func TestChaptersUnderTheirNewNameAreKept(t *testing.T) {
	t.Parallel()
	id, answer := fixture(t, "summarized.json")
	h, got := told(t, id, answer)
	found, err := h.Details(t.Context(), h.viewer, []uuid.UUID{got.ID.UUID})
	want := []Chapter{{StartMs: 100, EndMs: 2000, Headline: "A greeting", Summary: "They greet."}, {StartMs: 2000, EndMs: 6900, Headline: "A date", Summary: "They agree on Monday."}}
	if err != nil || !reflect.DeepEqual(found[got.ID.UUID].Chapters, want) {
		t.Errorf("chapters %+v, %v", found[got.ID.UUID], err)
	}
}

func TestAnAnswerThatWasDeletedAtTheVendorIsNoTranscript(t *testing.T) {
	t.Parallel()
	id, answer := fixture(t, "deleted.json")
	_, got := told(t, id, answer)
	if got.Status != Failed || got.Failure.Code != "PROVIDER_LOST" || !got.Failure.Retryable || got.Version != 0 {
		t.Errorf("transcription %+v", got)
	}
}
