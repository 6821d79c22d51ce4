package transcription

import (
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// taken says that another request was faster.
func taken(err error) bool {
	return postgres.Violates(err, "transcriptions_one_live") || postgres.Violates(err, "transcriptions_idempotency_key")
}

// busy names the rule that the unique index keeps whatever runs at the same time.
func busy(err error) error {
	if postgres.Violates(err, "transcriptions_one_live") {
		return fault.Conflict("This recording is being transcribed already.").Because(err)
	}
	if postgres.Violates(err, "transcriptions_idempotency_key") {
		return fault.Conflict("The same request is under way. Ask again.").Because(err)
	}
	return err
}
