package speech

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// sound makes a channel of parts that take turns: speech, pause, speech and so on, in milliseconds.
func sound(parts ...int) []int16 {
	var x []int16
	for i, ms := range parts {
		for range ms * Rate / 1000 {
			v := 0.0
			if i%2 == 0 {
				v = warble(len(x))
			}
			x = append(x, int16(v*20000))
		}
	}
	return x
}

func TestATurnEndsAtAPauseOfASecond(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		parts []int
		want  int
	}{
		{"nothing", nil, 0},
		{"only silence", []int{0, 5000}, 0},
		{"one turn", []int{2000}, 1},
		{"a short pause", []int{2000, 900, 2000}, 1},
		{"a long pause", []int{2000, 1200, 2000}, 2},
		{"a turn as long as the model can hear", []int{27000}, 1},
		{"a longer one", []int{29000}, 2},
		{"silence around", []int{0, 3000, 2000, 1500, 1000, 3000}, 2},
	} {
		x := sound(c.parts...)
		turns := cut(x)
		if len(turns) != c.want {
			t.Errorf("%s: %v, want %d turns", c.name, turns, c.want)
		}
		before := 0
		for _, s := range turns {
			if s.from < before || s.to <= s.from || s.to > len(x) || s.to-s.from > maxPiece*hop {
				t.Errorf("%s: turn %v after %d of %d", c.name, s, before, len(x))
			}
			before = s.to
		}
	}
}

func TestALongTurnIsCutWhereItIsQuietest(t *testing.T) {
	t.Parallel()
	turns := cut(sound(20000, 300, 20000))
	if len(turns) != 2 || turns[0].to < 20000*Rate/1000 || turns[0].to > 20300*Rate/1000 || turns[1].from != turns[0].to {
		t.Errorf("cut = %v", turns)
	}
}

func TestAClickDoesNotHideQuietSpeech(t *testing.T) {
	t.Parallel()
	x := sound(3000, 3000, 3000)
	for i := range x {
		x[i] /= 20
	}
	for i := range 100 {
		x[4*Rate+Rate/2+i] = full - 1
	}
	if turns := cut(x); len(turns) != 3 {
		t.Errorf("cut = %v, want the click and both turns", turns)
	}
}

func TestTheNoiseOfALineIsNoTurn(t *testing.T) {
	t.Parallel()
	x := sound(3000)
	for i := range x {
		x[i] = int16(i % 7) // some steps of 16 bits
	}
	if turns := cut(x); turns != nil {
		t.Errorf("cut = %v", turns)
	}
}

func TestHalvesMeetInAPause(t *testing.T) {
	t.Parallel()
	x := sound(3000, 200, 3000)
	halves := halve(x, span{0, len(x)})
	if at := halves[0].to; at < 3000*Rate/1000-hop || at > 3200*Rate/1000 || halves[1] != (span{at, len(x)}) {
		t.Errorf("halve = %v", halves)
	}
}

func TestOnlyWhatNobodySaysIsALoop(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": false, "a": false,
		"a b c d e f g h i j k l m n o p":                   false,
		"no , no , no , yes":                                false,
		"no no no no":                                       false,
		"i do n't know i do n't know i do n't know":         false,
		strings.Repeat("a ", 12):                            true,
		"so " + strings.Repeat("thank you . ", 4):           true,
		strings.Repeat("and so my fellow Americans , ", 4):  true,
		strings.Repeat("a b ", 5) + "c":                     false,
		"x y " + strings.Repeat("a b ", 6) + "and an end .": true,
	} {
		var tokens []token
		for _, word := range strings.Fields(text) {
			tokens = append(tokens, token{id: int(word[0])<<8 + len(word)<<16 + int(word[len(word)-1])})
		}
		if got := loops(tokens); got != want {
			t.Errorf("loops(%q) = %v", text, got)
		}
	}
}

func TestTokensBecomeWordsWithTheirTimesAndTheLeastConfidence(t *testing.T) {
	t.Parallel()
	e := tinyEngine()
	id := func(piece string) int {
		i := slices.Index(e.vocabulary, piece)
		if i < 0 {
			t.Fatalf("no piece %q", piece)
		}
		return i
	}
	text := []token{
		{id: id("▁Hel"), probability: 0.9}, {id: id("lo"), probability: 0.5}, {id: id(","), probability: 0.8},
		{id: 32001, probability: 0.1}, {id: id("▁ca"), probability: 0.7}, {id: id("f"), probability: 0.9}, {id: id("<0xC3>"), probability: 1}, {id: id("<0xA9>"), probability: 0.6},
		{id: tokenEnd, probability: 0.2},
	}
	spans := []span{{0, 10}, {10, 20}, {20, 40}, {40, 41}, {41, 45}, {45, 50}, {50, 55}, {55, 60}, {60, 61}}
	got := e.words(text, spans, Rate)
	want := []Word{
		{"Hello,", time.Second + early, time.Second + 20*24*time.Millisecond, 0.5},
		{"café", time.Second + 41*24*time.Millisecond + early, time.Second + 50*24*time.Millisecond, 0.6},
	}
	if !slices.Equal(got, want) {
		t.Errorf("words = %+v, want %+v", got, want)
	}
}

func TestTokensAreFoundWhereTheDecoderLooked(t *testing.T) {
	t.Parallel()
	const frames = 12
	text := make([]token, 3)
	for i := range text {
		text[i].focus = make([]float32, heads*frames)
		for h := range heads {
			for f := 4 * i; f < 4*i+4; f++ {
				text[i].focus[h*frames+f] = 0.25
			}
		}
	}
	if got := align(text, frames); !slices.Equal(got, []span{{0, 4}, {4, 8}, {8, 12}}) {
		t.Errorf("align = %v", got)
	}
}

func TestTheVocabularyIsWhole(t *testing.T) {
	t.Parallel()
	v := vocabulary()
	if len(v) != 32000 || v[tokenBegin] != "<s>" || v[tokenEnd] != "</s>" {
		t.Errorf("%d pieces, %q", len(v), v[:3])
	}
}
