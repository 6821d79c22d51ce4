package identity

import (
	"fmt"
	"slices"
)

// Analysis is something that a provider can find out about a conversation.
type Analysis string

const (
	Speakers      Analysis = "SPEAKERS"
	Sentiment     Analysis = "SENTIMENT"
	Entities      Analysis = "ENTITIES"
	Chapters      Analysis = "CHAPTERS"
	Topics        Analysis = "TOPICS"
	ContentSafety Analysis = "CONTENT_SAFETY"
)

func analyses(words []string) []Analysis {
	if words == nil {
		return nil
	}
	list := make([]Analysis, len(words))
	for i, w := range words {
		list[i] = Analysis(w)
	}
	return list
}

// Words are analyses as a database or a configuration spells them.
func Words(list []Analysis) []string {
	if list == nil {
		return nil
	}
	words := make([]string, len(list))
	for i, a := range list {
		words[i] = string(a)
	}
	return words
}

// ParseAnalysis reads one; it refuses what is none.
func ParseAnalysis(word string) (Analysis, error) {
	if a := Analysis(word); slices.Contains([]Analysis{Speakers, Sentiment, Entities, Chapters, Topics, ContentSafety}, a) {
		return a, nil
	}
	return "", fmt.Errorf("%q is no analysis: choose of SPEAKERS, SENTIMENT, ENTITIES, CHAPTERS, TOPICS, CONTENT_SAFETY", word)
}
