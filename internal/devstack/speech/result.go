package speech

import "time"

// Word is one word with its time from the beginning of the audio.
type Word struct {
	Text       string // with its punctuation
	Start, End time.Duration
	Confidence float64 // 0 to 1
}

// Turn is what one channel said without a pause.
type Turn struct {
	Channel int // from 0
	Words   []Word
}

// Result is what was heard.
type Result struct {
	Turns    []Turn // in the order in which they begin
	Channels int
	Duration time.Duration
}
