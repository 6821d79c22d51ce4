package recording

import (
	"errors"
	"fmt"

	"github.com/switchboard-voice/switchboard/internal/audio"
	"github.com/switchboard-voice/switchboard/internal/egress"
)

// failure is what people are told of a copy that could not be made.
type failure struct {
	message   string
	retryable bool // whether the same address may give audio another time
	passes    bool // whether that may be within the minute that we try
}

// unavailable names what went wrong. Where the network said no, all have one sentence: it must not tell
// what stands in a network that only we can see.
func unavailable(err error, most int64) failure {
	var refused *audio.Refused
	var answered *egress.StatusError
	switch {
	case errors.As(err, &refused):
		return failure{message: fmt.Sprintf("This file cannot be transcribed: %s.", refused), retryable: errors.Is(err, audio.ErrTruncated)}
	case errors.As(err, &answered):
		return failure{fmt.Sprintf("The audio's server answered with status %d.", answered.Status), true, answered.Temporary()}
	case errors.Is(err, ErrNotThere):
		return failure{"The provider does not have the audio of this recording.", true, true}
	case errors.Is(err, egress.ErrAddress):
		return failure{message: "The address does not lead to a public https server."}
	case errors.Is(err, egress.ErrRedirects):
		return failure{message: "The address is redirected too many times.", retryable: true}
	case errors.Is(err, egress.ErrTooLarge), errors.Is(err, ErrTooLarge):
		return failure{message: fmt.Sprintf("The audio is larger than %d bytes.", most)}
	case errors.Is(err, egress.ErrSlow):
		return failure{message: "The audio's server sent it too slowly.", retryable: true}
	}
	return failure{"The audio could not be fetched.", true, true}
}
