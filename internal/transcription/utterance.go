package transcription

import (
	"sort"
	"strings"

	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
)

// utterances are the provider's, or, where it told no speakers apart, its words cut into sentences.
func utterances(t assemblyai.Transcript) []Utterance {
	list := make([]Utterance, 0, len(t.Utterances))
	for _, u := range t.Utterances {
		from, to := span(u.Start, u.End)
		list = append(list, Utterance{SpeakerKey: key(u.Speaker, u.Channel), StartMs: from, EndMs: to, Text: clean(u.Text), Confidence: u.Confidence, Words: words(u.Words)})
	}
	if len(list) == 0 {
		list = sentences(words(t.Words))
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].StartMs < list[j].StartMs })
	for i := range list {
		list[i].Index = i
	}
	return list
}

// sentences cuts the words of one voice after a full stop, and where nobody spoke for a second.
func sentences(all []Word) (list []Utterance) {
	const silence = 1000
	for begin, i := 0, 0; i < len(all); i++ {
		end := i+1 == len(all) || strings.ContainsAny(lastRune(all[i].Text), ".?!") || all[i+1].StartMs-all[i].EndMs > silence
		if !end {
			continue
		}
		part := all[begin : i+1]
		texts := make([]string, len(part))
		for j, w := range part {
			texts[j] = w.Text
		}
		list = append(list, Utterance{SpeakerKey: "A", StartMs: part[0].StartMs, EndMs: max(part[0].StartMs, all[i].EndMs), Text: strings.Join(texts, " "), Words: part})
		begin = i + 1
	}
	return list
}

func lastRune(s string) string {
	if s == "" {
		return ""
	}
	return s[len(s)-1:]
}

func words(list []assemblyai.Word) []Word {
	out := make([]Word, len(list))
	for i, w := range list {
		from, to := span(w.Start, w.End)
		out[i] = Word{Text: clean(w.Text), StartMs: from, EndMs: to, Confidence: w.Confidence}
	}
	return out
}

// key names a speaker: the provider's letter, or the channel.
func key(speaker, channel string) string {
	if speaker = clean(speaker); speaker != "" {
		return speaker
	}
	if channel = clean(channel); channel != "" {
		return channel
	}
	return "A"
}
