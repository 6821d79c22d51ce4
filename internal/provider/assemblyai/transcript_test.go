package assemblyai

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func decoded(t testing.TB, name string) Transcript {
	t.Helper()
	got, err := decodeTranscript(fixture(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestNothingOfAnAnalysisIsLost reads what was decoded as JSON again and looks for every leaf of the
// vendor's own answer in it, but for what we leave in Raw alone.
func TestNothingOfAnAnalysisIsLost(t *testing.T) {
	t.Parallel()
	left := []string{"language_confidence", "iab_categories_result.results", "content_safety_labels.summary", "content_safety_labels.severity_score_summary", "sentences_idx_"}
	raw := fixture(t, "analyzed.json")
	again, err := json.Marshal(decoded(t, "analyzed.json"))
	if err != nil {
		t.Fatal(err)
	}
	want, got := leaves(t, raw), leaves(t, again)
	for path, value := range want {
		leftOut := slices.ContainsFunc(left, func(name string) bool { return strings.Contains(path, name) })
		if !leftOut && !reflect.DeepEqual(got[path], value) {
			t.Errorf("%s is %v, want %v", path, got[path], value)
		}
	}
	if len(got) < 77 {
		t.Errorf("only %d leaves were decoded", len(got))
	}
}

// leaves flattens JSON: path to value, without null and "", which mean the same here.
func leaves(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var all any
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	var flatten func(path string, v any)
	flatten = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				flatten(path+"."+name, inner)
			}
		case []any:
			for i, inner := range v {
				flatten(fmt.Sprintf("%s[%d]", path, i), inner)
			}
		case nil:
		default:
			if v != "" {
				out[path] = v
			}
		}
	}
	flatten("", all)
	return out
}

func TestTheVendorsRealTranscriptIsReadWhole(t *testing.T) {
	t.Parallel()
	got := decoded(t, "completed.json")
	var raw map[string]any
	if err := json.Unmarshal(fixture(t, "completed.json"), &raw); err != nil {
		t.Fatal(err)
	}
	words := raw["words"].([]any)
	if len(got.Words) != len(words) || len(words) != 856 {
		t.Fatalf("%d words of %d", len(got.Words), len(words))
	}
	for i, w := range words {
		want, have := w.(map[string]any), got.Words[i]
		if have.Text != want["text"] || float64(have.Start) != want["start"] || float64(have.End) != want["end"] || *have.Confidence != want["confidence"] {
			t.Fatalf("word %d is %+v, want %v", i, have, want)
		}
	}
	if got.Text != raw["text"] || *got.Confidence != raw["confidence"] || *got.AudioDuration != 281 || got.Utterances != nil || got.Deleted() || string(got.Raw) != string(fixture(t, "completed.json")) {
		t.Errorf("read %.200v", got)
	}
	if got.IABCategoriesResult.Status != "unavailable" || got.ContentSafetyLabels.Status != "unavailable" || len(got.ContentSafetyLabels.Results) != 0 {
		t.Errorf("models that did not run: %+v, %+v", got.IABCategoriesResult, got.ContentSafetyLabels)
	}
}

func TestADeletedTranscriptIsNotTakenForAGoodOne(t *testing.T) {
	t.Parallel()
	got := decoded(t, "deleted.json")
	if got.Status != StatusCompleted || !got.Deleted() {
		t.Errorf("status %s, deleted %v", got.Status, got.Deleted())
	}
	if spoken := (Transcript{AudioURL: "https://example.com/a.wav", Text: deletedText, Words: []Word{{Text: "Deleted"}}}); spoken.Deleted() {
		t.Error("somebody who says it deletes nothing")
	}
}

func TestChaptersComeUnderTheNewNameToo(t *testing.T) {
	t.Parallel()
	got := decoded(t, "summarized.json").Chapters
	want := []Chapter{{Start: 100, End: 2000, Headline: "A greeting", Summary: "They greet."}, {Start: 2000, End: 6900, Headline: "A date", Summary: "They agree on Monday."}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("chapters %+v", got)
	}
	for _, other := range []string{`"a text"`, `null`, `{"response":{"summarization":{"summary":"- one\n- two"}}}`, `{"response":[]}`} {
		if _, err := decodeTranscript([]byte(`{"id":"a","status":"completed","speech_understanding":` + other + `}`)); err != nil {
			t.Errorf("%s: %v", other, err)
		}
	}
}

func TestNumbersMayBeWrittenInOtherWays(t *testing.T) {
	t.Parallel()
	got, err := decodeTranscript([]byte(`{"id":"a","status":"completed","confidence":"0.5","audio_duration":"9","created":"2024-03-11T21:12:57.372215",
		"words":[{"text":"a","start":250.6,"end":"400","confidence":1,"channel":1,"speaker":2},{"text":"b","start":1e300,"end":-1e300}]}`))
	if err != nil {
		t.Fatal(err)
	}
	first, last := got.Words[0], got.Words[1]
	if *got.Confidence != 0.5 || *got.AudioDuration != 9 || first.Start != 251 || first.End != 400 || first.Channel != "1" || first.Speaker != "2" {
		t.Errorf("read %+v", got)
	}
	if last.Start != 1<<31-1 || last.End != -1<<31 {
		t.Errorf("absurd times became %d and %d", last.Start, last.End)
	}
}

func FuzzTranscript(f *testing.F) {
	for _, name := range []string{"queued.json", "deleted.json", "analyzed.json", "summarized.json"} {
		f.Add(fixture(f, name))
	}
	f.Add([]byte(`{"id":"a","status":"completed","words":[{"start":1.5}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := decodeTranscript(raw)
		if err == nil && (got.ID == "" || got.Status == "" || string(got.Raw) != string(raw)) {
			t.Errorf("accepted %+v", got)
		}
	})
}
