package transcription

import (
	"sort"
	"strings"

	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
)

// speakers sums up who spoke how long, in the order in which they began.
func speakers(list []Utterance) []Speaker {
	out := []Speaker{}
	at := map[string]int{}
	for _, u := range list {
		i, known := at[u.SpeakerKey]
		if !known {
			i = len(out)
			at[u.SpeakerKey] = i
			out = append(out, Speaker{Key: u.SpeakerKey, Label: "Speaker " + u.SpeakerKey})
		}
		out[i].TalkTimeMs += u.EndMs - u.StartMs
	}
	return out
}

// sentiment sums up the sentences; nil where the provider was not asked.
func sentiment(list []assemblyai.SentimentResult) *SentimentSummary {
	if len(list) == 0 {
		return nil
	}
	share := map[Sentiment]float64{}
	for _, s := range list {
		share[feeling(s.Sentiment)] += 1 / float64(len(list))
	}
	sum := &SentimentSummary{Overall: Neutral, Positive: share[Positive], Neutral: share[Neutral], Negative: share[Negative]}
	if sum.Positive > sum.Neutral && sum.Positive > sum.Negative {
		sum.Overall = Positive
	} else if sum.Negative > sum.Neutral && sum.Negative > sum.Positive {
		sum.Overall = Negative
	}
	return sum
}

func feeling(word string) Sentiment {
	switch s := Sentiment(strings.ToUpper(word)); s {
	case Positive, Negative:
		return s
	}
	return Neutral
}

// mostOverlaps is far above the sentences of one utterance: a list in which everything overlaps must not
// cost the square of its length.
const mostOverlaps = 1000

// feel gives each utterance the sentiment that covers most of it. Both lists are in order of time.
func feel(list []Utterance, found []assemblyai.SentimentResult) {
	next := 0
	for i := range list {
		u := &list[i]
		for next < len(found) && found[next].End <= u.StartMs {
			next++
		}
		cover := map[Sentiment]int{}
		for j := next; j < min(next+mostOverlaps, len(found)) && found[j].Start < u.EndMs; j++ {
			cover[feeling(found[j].Sentiment)] += min(found[j].End, u.EndMs) - max(found[j].Start, u.StartMs)
		}
		u.Sentiment = most(cover)
	}
}

func most(cover map[Sentiment]int) *Sentiment {
	var best *Sentiment
	longest := 0
	for _, s := range []Sentiment{Negative, Positive, Neutral} { // a tie goes to what somebody should see
		if cover[s] > longest {
			best, longest = &s, cover[s]
		}
	}
	return best
}

// chapters come under the old name or the new one.
func chapters(t assemblyai.Transcript) []Chapter {
	out := []Chapter{}
	for _, c := range t.Chapters {
		from, to := span(c.Start, c.End)
		out = append(out, Chapter{StartMs: from, EndMs: to, Gist: clean(c.Gist), Headline: clean(c.Headline), Summary: clean(c.Summary)})
	}
	return out
}

func topics(t assemblyai.Transcript) []Topic {
	out := []Topic{}
	if t.IABCategoriesResult == nil {
		return out
	}
	for label, relevance := range t.IABCategoriesResult.Summary {
		out = append(out, Topic{Label: clean(label), Relevance: relevance})
	}
	sort.Slice(out, func(i, j int) bool {
		return out[i].Relevance > out[j].Relevance || out[i].Relevance == out[j].Relevance && out[i].Label < out[j].Label
	})
	return out
}

func safety(t assemblyai.Transcript) []ContentSafetyLabel {
	out := []ContentSafetyLabel{}
	if t.ContentSafetyLabels == nil {
		return out
	}
	for _, r := range t.ContentSafetyLabels.Results {
		from, to := span(r.Timestamp.Start, r.Timestamp.End)
		for _, l := range r.Labels {
			out = append(out, ContentSafetyLabel{Label: clean(l.Label), Confidence: l.Confidence, Severity: l.Severity, StartMs: from, EndMs: to, Text: clean(r.Text)})
		}
	}
	return out
}

func entities(t assemblyai.Transcript) []Entity {
	out := []Entity{}
	for _, e := range t.Entities {
		from, to := span(e.Start, e.End)
		out = append(out, Entity{Type: clean(e.EntityType), Text: clean(e.Text), StartMs: from, EndMs: to})
	}
	return out
}
