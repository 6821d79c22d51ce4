package speech

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/samples"
)

// These promises need the real weights, once for all test runs on a machine.
func TestRecordedSpeech(t *testing.T) {
	t.Parallel()
	hear := listener(t)
	t.Run("EveryTurnOfACallIsHeardInOrderOnItsChannel", func(t *testing.T) {
		t.Parallel()
		wantCall(t, hear(t, samples.Call()))
	})
	t.Run("ASentenceIsHeardWithTimesAndConfidence", func(t *testing.T) {
		t.Parallel()
		wantSentence(t, hear(t, samples.JFK()))
	})
	t.Run("SilenceNoiseAndTonesAreNoWords", func(t *testing.T) {
		t.Parallel()
		for name, sound := range map[string]func(int) float64{
			"silence": func(int) float64 { return 0 },
			"noise":   func(i int) float64 { return float64(uint32(i*i)*2654435761)/math.MaxUint32*0.2 - 0.1 },
			"tone":    func(i int) float64 { return 0.3 * math.Sin(2*math.Pi*440*float64(i)/Rate) },
		} {
			result := hear(t, pcm16(Rate, 1, 3*Rate, sound))
			if len(result.Turns) > 0 || result.Duration != 3*time.Second || result.Channels != 1 {
				t.Errorf("%s: heard %+v", name, result)
			}
		}
	})
}

func wantCall(t *testing.T, got Result) {
	t.Helper()
	spoken := strings.Split(strings.TrimSpace(samples.CallText()), "\n")
	if got.Channels != 2 || len(got.Turns) != len(spoken) {
		t.Fatalf("heard %d channels and %d turns, want 2 and %d: %s", got.Channels, len(got.Turns), len(spoken), textOf(got))
	}
	var said string
	for i, line := range spoken {
		who, text, _ := strings.Cut(line, ": ")
		channel := 0
		if strings.HasPrefix(who, "caller") {
			channel = 1
		}
		if got.Turns[i].Channel != channel {
			t.Errorf("turn %d is on channel %d: %s", i, got.Turns[i].Channel, line)
		}
		if wrong, words := wordErrors(text, turnText(got.Turns[i])); wrong > words/2 {
			t.Errorf("turn %d is %q, want %q", i, turnText(got.Turns[i]), text)
		}
		said += text + " "
	}
	wantWords(t, said, got)
	wantTimes(t, got)
}

func wantSentence(t *testing.T, got Result) {
	t.Helper()
	wantWords(t, samples.JFKText(), got)
	wantTimes(t, got)
	for _, turn := range got.Turns {
		for _, w := range turn.Words {
			if w.Text == "Ask" || w.Text == "ask" {
				// It is said after a pause, which the ear and the waveform end at 3.28 s.
				if off := (w.Start - 3280*time.Millisecond).Abs(); off > 300*time.Millisecond {
					t.Errorf("%q begins at %v", w.Text, w.Start)
				}
				return
			}
		}
	}
	t.Errorf("no %q in %s", "ask", textOf(got))
}

func wantWords(t *testing.T, said string, got Result) {
	t.Helper()
	if wrong, words := wordErrors(said, textOf(got)); wrong*10 > words {
		t.Errorf("%d of %d words are wrong: %s", wrong, words, textOf(got))
	}
}

func wantTimes(t *testing.T, got Result) {
	t.Helper()
	var before time.Duration
	for _, turn := range got.Turns {
		if first := turn.Words[0].Start; first < before {
			t.Errorf("the turn at %v comes after that at %v", first, before)
		}
		before = turn.Words[0].Start
		last := before
		for _, w := range turn.Words {
			if w.Start < last || w.End < w.Start || w.End > got.Duration || w.Confidence <= 0 || w.Confidence > 1 {
				t.Errorf("word %+v after %v", w, last)
			}
			last = w.Start
		}
	}
}

// listener gives what hears a recording: the engine, or under the race detector a program with it.
func listener(t *testing.T) func(*testing.T, []byte) Result {
	t.Helper()
	dir := modelDir(t)
	if err := Install(t.Context(), dir, func(s string) { t.Log(s) }); err != nil {
		t.Fatal(err)
	}
	if raceEnabled {
		program := filepath.Join(t.TempDir(), "recognize")
		build := exec.Command("go", "build", "-race=false", "-o", program, "./recognize")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building: %v: %s", err, out)
		}
		return func(t *testing.T, sound []byte) Result {
			var result Result
			out, err := exec.Command(program, dir, write(t, sound)).Output()
			if err == nil {
				err = json.Unmarshal(out, &result)
			}
			if err != nil {
				t.Fatalf("recognizing: %v: %s", err, out)
			}
			return result
		}
	}
	engine, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T, sound []byte) Result {
		result, err := engine.Recognize(t.Context(), write(t, sound))
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
}

func modelDir(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("SWITCHBOARD_SPEECH_MODEL"); dir != "" {
		return dir
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(cache, "switchboard", "speech-model")
}

func write(t *testing.T, sound []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "recording")
	if err := os.WriteFile(name, sound, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
