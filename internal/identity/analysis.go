package identity

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
