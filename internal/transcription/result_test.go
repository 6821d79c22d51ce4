package transcription

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
	"pgregory.net/rapid"
)

// hostile draws what the vendor's types can hold at all, above all what they never should.
type hostile struct{ *rapid.T }

func (h hostile) text() string {
	return rapid.OneOf(rapid.StringOf(rapid.SampledFrom([]rune("ab .?!\x00\n<é😀"))), rapid.Just("\xff\xfe"), rapid.Just("")).Draw(h.T, "text")
}

func (h hostile) ms() int {
	return rapid.OneOf(rapid.IntRange(-10, 5000), rapid.SampledFrom([]int{math.MinInt, math.MaxInt, math.MaxInt32, math.MaxInt32 + 1})).Draw(h.T, "ms")
}

func (h hostile) confidence() *float64 {
	return rapid.Ptr(rapid.Float64Range(0, 1), true).Draw(h.T, "confidence")
}

func (h hostile) speaker() string {
	return rapid.SampledFrom([]string{"A", "B", "", "\x00", "UNKNOWN", "\xff"}).Draw(h.T, "speaker")
}

func several[T any](h hostile, draw func() T) []T {
	list := make([]T, rapid.IntRange(0, 6).Draw(h.T, "several"))
	for i := range list {
		list[i] = draw()
	}
	return list
}

func (h hostile) word() assemblyai.Word {
	return assemblyai.Word{Text: h.text(), Start: h.ms(), End: h.ms(), Confidence: h.confidence(), Speaker: h.speaker(), Channel: h.speaker()}
}

func (h hostile) transcript() assemblyai.Transcript {
	t := assemblyai.Transcript{
		ID: "a", Status: assemblyai.StatusCompleted, Text: h.text(), LanguageCode: h.text(), SpeechModelUsed: h.text(), Confidence: h.confidence(),
		Words: several(h, h.word), Raw: []byte("{}"),
		Utterances: several(h, func() assemblyai.Utterance {
			return assemblyai.Utterance{Text: h.text(), Start: h.ms(), End: h.ms(), Confidence: h.confidence(), Speaker: h.speaker(), Channel: h.speaker(), Words: several(h, h.word)}
		}),
		SentimentAnalysisResults: several(h, func() assemblyai.SentimentResult {
			mood := rapid.SampledFrom([]string{"POSITIVE", "negative", "NEUTRAL", "", "ANGRY", "\x00"}).Draw(h.T, "mood")
			return assemblyai.SentimentResult{Text: h.text(), Start: h.ms(), End: h.ms(), Sentiment: mood}
		}),
		Entities: several(h, func() assemblyai.Entity {
			return assemblyai.Entity{EntityType: h.text(), Text: h.text(), Start: h.ms(), End: h.ms()}
		}),
		Chapters: several(h, func() assemblyai.Chapter {
			return assemblyai.Chapter{Start: h.ms(), End: h.ms(), Gist: h.text(), Headline: h.text(), Summary: h.text()}
		}),
	}
	if rapid.Bool().Draw(h.T, "topics") {
		t.IABCategoriesResult = &assemblyai.IABCategoriesResult{Summary: rapid.MapOf(rapid.StringN(0, 3, 8), rapid.Float64Range(0, 1)).Draw(h.T, "summary")}
	}
	if rapid.Bool().Draw(h.T, "safety") {
		t.ContentSafetyLabels = &assemblyai.ContentSafetyLabels{Results: several(h, func() assemblyai.ContentSafetyResult {
			return assemblyai.ContentSafetyResult{Text: h.text(), Timestamp: assemblyai.Timestamp{Start: h.ms(), End: h.ms()}, Labels: several(h, func() assemblyai.ContentSafetyLabel {
				return assemblyai.ContentSafetyLabel{Label: h.text(), Confidence: *rapid.Ptr(rapid.Float64Range(0, 1), false).Draw(h.T, "sure"), Severity: h.confidence()}
			})}
		})}
	}
	return t
}

// storable walks everything that was read: texts are what Postgres and GraphQL can hold, lists are there.
func storable(t rapid.TB, v reflect.Value, at string) {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			t.Errorf("%s is %q", at, s)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			storable(t, v.Elem(), at)
		}
	case reflect.Slice:
		if v.IsNil() {
			t.Errorf("%s is null", at)
		}
		for i := range v.Len() {
			storable(t, v.Index(i), at)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			storable(t, v.Field(i), at+"."+v.Type().Field(i).Name)
		}
		if from := v.FieldByName("StartMs"); from.IsValid() {
			if to := v.FieldByName("EndMs"); from.Int() < 0 || to.Int() < from.Int() || to.Int() > math.MaxInt32 {
				t.Errorf("%s is from %d to %d", at, from.Int(), to.Int())
			}
		}
	}
}

func checkRead(t *rapid.T) {
	in := hostile{t}.transcript()
	r := read(in)
	storable(t, reflect.ValueOf(r.details), "details")
	for _, u := range r.utterances {
		storable(t, reflect.ValueOf(u), "utterance")
	}
	storable(t, reflect.ValueOf([]string{r.text}), "text")
	for _, s := range []*string{r.language, r.model} {
		if s != nil && (*s == "" || !utf8.ValidString(*s) || strings.ContainsRune(*s, 0)) {
			t.Errorf("%q", *s)
		}
	}
	speaking := map[string]bool{}
	for i, u := range r.utterances {
		if u.Index != i || u.SpeakerKey == "" || i > 0 && u.StartMs < r.utterances[i-1].StartMs {
			t.Errorf("utterance %d: %+v", i, u)
		}
		speaking[u.SpeakerKey] = true
	}
	for _, s := range r.details.Speakers {
		if !speaking[s.Key] || s.TalkTimeMs < 0 {
			t.Errorf("speaker %+v", s)
		}
		delete(speaking, s.Key)
	}
	if len(speaking) > 0 {
		t.Errorf("speakers without an entry: %v", speaking)
	}
	if s := r.details.Sentiment; (s == nil) != (len(in.SentimentAnalysisResults) == 0) || s != nil && math.Abs(s.Positive+s.Neutral+s.Negative-1) > 1e-9 {
		t.Errorf("sentiment %+v", s)
	}
	if _, err := json.Marshal(r.details); err != nil {
		t.Errorf("details: %v", err)
	}
	if again := read(in); !reflect.DeepEqual(again, r) {
		t.Errorf("read twice:\n%+v\n%+v", r, again)
	}
}

func TestWhateverTheVendorSendsCanBeStoredAndShown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, checkRead)
}

func FuzzRead(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkRead)) }

// TestWordsOfOneVoiceBecomeSentencesAndNoneIsLost is for answers without utterances.
func TestWordsOfOneVoiceBecomeSentencesAndNoneIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := assemblyai.Transcript{Words: several(hostile{t}, hostile{t}.word)}
		var got []Word
		for _, u := range utterances(in) {
			if len(u.Words) == 0 {
				t.Errorf("an utterance without words: %+v", u)
			}
			got = append(got, u.Words...)
		}
		if len(got) != len(in.Words) {
			t.Errorf("%d words of %d", len(got), len(in.Words))
		}
	})
}

func TestASentenceEndsAtAFullStopAndAtASilence(t *testing.T) {
	t.Parallel()
	word := func(text string, start, end int) assemblyai.Word {
		return assemblyai.Word{Text: text, Start: start, End: end}
	}
	got := utterances(assemblyai.Transcript{Words: []assemblyai.Word{
		word("Good", 0, 200), word("morning.", 250, 600), word("Who", 650, 700), word("is", 710, 800), word("this?", 810, 1000), word("Well", 1100, 1200), word("yes", 2201, 2300),
	}})
	want := []Utterance{
		{Index: 0, SpeakerKey: "A", StartMs: 0, EndMs: 600, Text: "Good morning."}, {Index: 1, SpeakerKey: "A", StartMs: 650, EndMs: 1000, Text: "Who is this?"},
		{Index: 2, SpeakerKey: "A", StartMs: 1100, EndMs: 1200, Text: "Well"}, {Index: 3, SpeakerKey: "A", StartMs: 2201, EndMs: 2300, Text: "yes"},
	}
	for i := range got {
		got[i].Words = nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestAnUtteranceFeelsLikeMostOfIt(t *testing.T) {
	t.Parallel()
	list := []Utterance{{StartMs: 0, EndMs: 1000}, {StartMs: 1000, EndMs: 2000}, {StartMs: 2000, EndMs: 3000}, {StartMs: 9000, EndMs: 9000}}
	mood := func(word string, start, end int) assemblyai.SentimentResult {
		return assemblyai.SentimentResult{Sentiment: word, Start: start, End: end}
	}
	feel(list, []assemblyai.SentimentResult{mood("POSITIVE", 0, 700), mood("NEGATIVE", 700, 1300), mood("NEUTRAL", 1300, 2500), mood("NEGATIVE", 2500, 3000)})
	for i, want := range []Sentiment{Positive, Neutral, Negative} { // the tie at the end goes to what somebody should see
		if list[i].Sentiment == nil || *list[i].Sentiment != want {
			t.Errorf("utterance %d: %v, want %s", i, list[i].Sentiment, want)
		}
	}
	if list[3].Sentiment != nil {
		t.Errorf("silence feels %s", *list[3].Sentiment)
	}
}
