package recording

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Provider keeps recordings of its own, which are copied from it and at last removed there. Its address of
// the audio never comes here: whoever has that can listen.
type Provider struct {
	// Open reads the audio from an offset on, at most so many bytes of it in all. Errors: ErrNotThere,
	// ErrTooLarge, or something that may pass.
	Open func(ctx context.Context, id string, offset, most int64) (Stream, error)
	// Delete removes what the provider keeps; that there is nothing, is no error.
	Delete func(ctx context.Context, id string) error
}

// Providers are the ones that are configured.
type Providers map[Source]Provider

// Stream is audio on its way. Size is of the whole file, -1 when nobody said.
type Stream struct {
	io.Reader
	Size  int64
	Close func()
}

var (
	// ErrNotThere is for audio that the provider does not have, or not yet.
	ErrNotThere = errors.New("the provider does not have the audio")
	// ErrTooLarge is for audio above the limit.
	ErrTooLarge = errors.New("the audio is too large")
)

// Progress is how far a recording is at its provider, in the order in which a later word replaces an earlier
// one: whatever the order in which they are heard, the same one is believed at the end.
type Progress string

const (
	InProgress       Progress = "IN_PROGRESS"
	ProviderFailed   Progress = "FAILED"
	ProviderAbsent   Progress = "ABSENT" // nothing was said, or nothing was kept
	ProviderFinished Progress = "COMPLETED"
)

func (p Progress) rank() int {
	switch p {
	case InProgress:
		return 1
	case ProviderFailed:
		return 2
	case ProviderAbsent:
		return 3
	case ProviderFinished:
		return 4
	}
	return 0
}

// missing says why there will be no audio; nil while there may be.
func (p Progress) missing() *string {
	var why string
	switch p {
	case ProviderFailed:
		why = "The provider could not record this call."
	case ProviderAbsent:
		why = "The provider recorded nothing of this call."
	default:
		return nil
	}
	return &why
}

// Told is what a provider says of one of its recordings.
type Told struct {
	Source         Source
	ProviderID     string // unique within the source
	OrganizationID uuid.UUID
	CallID         uuid.UUID
	Progress       Progress
	Duration       time.Duration // 0: not said; the audio itself decides in the end
	Channels       int           // 0: not said
}

// StoredArgs is the job that follows once the audio of a provider's recording is in our bucket, and not
// before: the room above the call goes on with it.
type StoredArgs struct {
	OrganizationID uuid.UUID `json:"organization_id"`
	RecordingID    uuid.UUID `json:"recording_id"`
	CallID         uuid.UUID `json:"call_id"`
}

// Kind names the job.
func (StoredArgs) Kind() string { return "recording.stored" }

// Take notes a provider's recording and has its audio copied once the provider has it. The room above joins
// it in the transaction in which it believed the provider; told again, or out of order, nothing changes. It
// gives no recording for one that was deleted here, or that another organization has.
func (c *Copies) Take(ctx context.Context, tx *postgres.Tx, told Told) (*Recording, error) {
	if told.Progress.rank() == 0 || told.ProviderID == "" {
		return nil, fmt.Errorf("taking a recording in: it has no id, or is %q at its provider", told.Progress)
	}
	id := ids.New(ids.Recording).UUID
	row, err := tx.TakeRecording(ctx, db.TakeRecordingParams{
		ID: id, OrganizationID: told.OrganizationID, Source: string(told.Source), ObjectKey: copyKey(told.OrganizationID, id),
		CallID: &told.CallID, ProviderID: &told.ProviderID, DurationMs: positive(told.durationMs()), Channels: positive(int32(told.Channels)),
	})
	if postgres.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("taking the recording in: %w", err)
	}
	if row, err = c.advance(ctx, tx, row, told); err != nil {
		return nil, err
	}
	taken := fromRow(row)
	return &taken, nil
}

func (c *Copies) advance(ctx context.Context, tx *postgres.Tx, row *db.Recording, told Told) (*db.Recording, error) {
	if Progress(*row.ProviderStatus).rank() >= told.Progress.rank() {
		return row, nil
	}
	word, why := string(told.Progress), told.Progress.missing()
	row, err := tx.AdvanceRecording(ctx, db.AdvanceRecordingParams{
		ID: row.ID, ProviderStatus: &word, FailureMessage: why, DurationMs: positive(told.durationMs()), Channels: positive(int32(told.Channels)),
	})
	if err != nil {
		return nil, fmt.Errorf("noting how far the recording is: %w", err)
	}
	if why != nil {
		return row, c.jobs.Enqueue(ctx, tx, SettledArgs{RecordingID: row.ID})
	}
	return row, c.begin(ctx, tx, row)
}

func (t Told) durationMs() int32 { return int32(min(t.Duration.Milliseconds(), 1<<31-1)) }

// reachable says whether the bytes can be fetched by now: an address can, and what the provider finished.
func reachable(row *db.Recording) bool {
	return row.SourceUrl != nil || row.ProviderStatus != nil && Progress(*row.ProviderStatus) == ProviderFinished
}
