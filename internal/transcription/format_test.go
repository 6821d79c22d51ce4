package transcription

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"pgregory.net/rapid"
)

func talk() (Transcription, *Details, []Utterance) {
	language, text, sure, mood := "en", "Hello. Good-bye!", 0.5, Positive
	t := Transcription{ID: ids.Of(ids.Transcription, uuid.UUID{1}), LanguageCode: &language, Text: &text, Confidence: &sure}
	list := []Utterance{
		{Index: 0, SpeakerKey: "A", StartMs: 0, EndMs: 1500, Text: "Hello.", Sentiment: &mood, Words: []Word{{Text: "Hello.", StartMs: 0, EndMs: 1500, Confidence: &sure}}},
		{Index: 1, SpeakerKey: "B", StartMs: 3_661_001, EndMs: 36_000_999, Text: "Good-bye! <b>Tags</b> -->\n\n3 & so on", Words: []Word{}},
	}
	return t, &Details{Speakers: speakers(list)}, list
}

func TestEachFormatReadsAsItsPlayersExpect(t *testing.T) {
	t.Parallel()
	for format, want := range map[Format]string{
		Text: "[00:00:00] A: Hello.\n[01:01:01] B: Good-bye! <b>Tags</b> -->\n\n3 & so on\n",
		SRT: "1\n00:00:00,000 --> 00:00:01,500\nA: Hello.\n\n" +
			"2\n01:01:01,001 --> 10:00:00,999\nB: Good-bye! b>Tags/b> → 3 & so on\n\n",
		VTT: "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.500\nA: Hello.\n\n" +
			"2\n01:01:01.001 --> 10:00:00.999\nB: Good-bye! b>Tags/b> → 3 & so on\n\n",
	} {
		if got, err := format.write(talk()); err != nil || string(got) != want {
			t.Errorf("%s is\n%q, want\n%q, %v", format, got, want, err)
		}
	}
}

func TestTheJSONFileHasTheNamesOfTheGraph(t *testing.T) {
	t.Parallel()
	b, err := JSON.write(talk())
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ID           ids.ID
		LanguageCode *string
		Confidence   float64
		Text         string
		Utterances   []struct {
			Speaker        string
			StartMs, EndMs int
			Text           string
			Sentiment      *Sentiment
			Words          []struct {
				Text           string
				StartMs, EndMs int
				Confidence     *float64
			}
		}
		Details Details
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != ids.Of(ids.Transcription, uuid.UUID{1}) || *got.LanguageCode != "en" || got.Confidence != 0.5 || len(got.Utterances) != 2 {
		t.Fatalf("%s", b)
	}
	first, second := got.Utterances[0], got.Utterances[1]
	if first.Speaker != "A" || first.EndMs != 1500 || *first.Sentiment != Positive || len(first.Words) != 1 || *first.Words[0].Confidence != 0.5 {
		t.Errorf("%s", b)
	}
	if second.Text != "Good-bye! <b>Tags</b> -->\n\n3 & so on" || second.Sentiment != nil || second.Words == nil || len(got.Details.Speakers) != 2 {
		t.Errorf("%s", b)
	}
}

func TestAnEmptyTranscriptIsAFileToo(t *testing.T) {
	t.Parallel()
	for format, want := range map[Format]string{Text: "", SRT: "", VTT: "WEBVTT\n\n"} {
		if got, err := format.write(Transcription{}, nil, nil); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", format, got, err)
		}
	}
	if got, err := JSON.write(Transcription{}, nil, nil); err != nil || !json.Valid(got) || !strings.Contains(string(got), `"utterances": []`) {
		t.Errorf("%s, %v", got, err)
	}
}

// TestNothingThatIsSaidBreaksACue draws texts of what opens, ends and numbers cues.
func TestNothingThatIsSaidBreaksACue(t *testing.T) {
	t.Parallel()
	cue := regexp.MustCompile(`^(\d+)\n(\d\d+:\d\d:\d\d[,.]\d{3}) --> (\d\d+:\d\d:\d\d[,.]\d{3})\n[^\n]+$`)
	rapid.Check(t, func(t *rapid.T) {
		said := rapid.StringOf(rapid.SampledFrom([]rune("a1 <>-\n\r\t:&\u2028\v")))
		list := make([]Utterance, rapid.IntRange(0, 5).Draw(t, "utterances"))
		for i := range list {
			from, to := span(rapid.Int().Draw(t, "from"), rapid.Int().Draw(t, "to"))
			list[i] = Utterance{Index: i, SpeakerKey: "A", StartMs: from, EndMs: to, Text: said.Draw(t, "text")}
		}
		for format, head := range map[Format]string{SRT: "", VTT: "WEBVTT\n\n"} {
			b, err := format.write(Transcription{}, nil, list)
			rest, found := strings.CutPrefix(string(b), head)
			if err != nil || !found {
				t.Fatalf("%q, %v", b, err)
			}
			cues := strings.Split(strings.TrimSuffix(rest, "\n\n"), "\n\n")
			if len(list) == 0 {
				cues = nil
			}
			if len(cues) != len(list) {
				t.Fatalf("%d cues of %d utterances: %q", len(cues), len(list), b)
			}
			for i, c := range cues {
				if m := cue.FindStringSubmatch(c); m == nil || m[1] != fmt.Sprint(i+1) || strings.Count(c, "-->") != 1 || strings.ContainsAny(c, "<\r") {
					t.Errorf("%s: cue %q", format, c)
				}
			}
		}
	})
}

func TestTheNameOfADownloadSaysWhatItIsAndNothingElse(t *testing.T) {
	t.Parallel()
	id := ids.New(ids.Transcription)
	for _, format := range []Format{JSON, Text, SRT, VTT} {
		got, as, err := parseName(id.String() + "." + format.extension())
		if err != nil || got != id || as != format || !strings.Contains(format.contentType(), "/") {
			t.Errorf("%s: %v, %s, %v", format, got, as, err)
		}
	}
	for _, name := range []string{
		"", ".", ".srt", id.String(), id.String() + ".", id.String() + ".SRT", id.String() + ".exe", id.String() + ".srt.exe", id.String() + ".srt/",
		"../" + id.String() + ".srt", ids.New(ids.Recording).String() + ".srt",
	} {
		if got, as, err := parseName(name); !fault.Is(err, fault.CodeNotFound) {
			t.Errorf("%q: %v, %s, %v", name, got, as, err)
		}
	}
}
