package recording

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/url"
	"path"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/egress"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

const (
	// copyTime bounds one fetch: 2 GiB at the pace of a good office line.
	copyTime = 14 * time.Minute
	// copyTimeout leaves a fetch that took all its time a minute to be inspected and written down.
	copyTimeout = copyTime + time.Minute
	// copyTries is for a server or a bucket in trouble: with their pauses about a minute, for which a person
	// still waits.
	copyTries = 8
	// maxPending is how many copies of one organization may wait or run, so that a list of slow addresses
	// keeps nobody else waiting for long.
	maxPending = 20
)

// Copies brings audio in, from addresses that people gave and from providers that record calls. Rooms above
// join it in their transactions.
type Copies struct {
	store     *postgres.Store
	jobs      *jobs.Queue
	bucket    blob.Bucket
	client    *egress.Client
	providers Providers
	maxSize   int64
}

// CopiesDeps is what it needs.
type CopiesDeps struct {
	Store     *postgres.Store
	Jobs      *jobs.Queue
	Bucket    blob.Bucket
	Client    *egress.Client
	Providers Providers
	MaxSize   int64 // of one copy, in bytes
}

// NewCopies makes it and registers its jobs.
func NewCopies(d CopiesDeps) *Copies {
	c := &Copies{store: d.Store, jobs: d.Jobs, bucket: d.Bucket, client: d.Client, providers: d.Providers, maxSize: d.MaxSize}
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Copies, Once: true, Attempts: copyTries, Timeout: copyTimeout}, c.copy)
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Calls, Once: true, Timeout: copyTimeout}, c.copyOfCall)
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Upkeep, Once: true, Attempts: 1}, c.heal)
	d.Jobs.Every(healEvery, healArgs{})
	return c
}

type copyArgs struct {
	OrganizationID uuid.UUID `json:"organization_id"`
	RecordingID    uuid.UUID `json:"recording_id"`
	Attempt        int32     `json:"attempt"`
}

func (copyArgs) Kind() string { return "recording.copy" }

// callCopyArgs is the same for a provider's recording. It has a queue of its own, which no slow address of
// somebody fills, and twelve tries: a provider may take minutes until it has the audio of a call that ended.
type callCopyArgs copyArgs

func (callCopyArgs) Kind() string { return "recording.copy_of_call" }

// SettledArgs is the job that follows a copy, however it ended: the rooms above read the recording and go
// on with it.
type SettledArgs struct {
	RecordingID uuid.UUID `json:"recording_id"`
}

// Kind names the job.
func (SettledArgs) Kind() string { return "recording.settled" }

// Address is where somebody's audio is.
type Address struct {
	OrganizationID ids.ID // that gets the recording
	URL            string
}

// CopiedFrom says whether this recording was asked for by that address.
func (r Recording) CopiedFrom(address string) bool {
	sum := sha256.Sum256([]byte(address))
	return string(r.sourceSum) == string(sum[:])
}

// Check says at once what no copy would ever be made of. Error: Invalid.
func (c *Copies) Check(address string) error {
	if _, err := c.client.Check(address); err != nil || !utf8.ValidString(address) {
		return fault.Invalid("url", "Give a public address that begins with https://.")
	}
	return nil
}

// Expect makes a recording whose audio is on its way: PENDING, with a job that copies it. Error: Limit.
func (c *Copies) Expect(ctx context.Context, tx *postgres.Tx, scope access.Scope, address string) (Recording, error) {
	waiting, err := tx.CountPendingRecordings(ctx, scope.OrganizationID)
	if err != nil {
		return Recording{}, fmt.Errorf("counting what is being copied: %w", err)
	}
	if waiting >= maxPending {
		return Recording{}, fault.Limit(time.Minute, "%d recordings are being copied for this organization. Wait until one of them is here.", waiting)
	}
	id, sum := ids.New(ids.Recording).UUID, sha256.Sum256([]byte(address))
	row, err := tx.InsertExternalRecording(ctx, db.InsertExternalRecordingParams{
		ID: id, OrganizationID: scope.OrganizationID, Filename: filename(address), ObjectKey: copyKey(scope.OrganizationID, id),
		SourceUrl: &address, SourceUrlSha256: sum[:], CreatedBy: &scope.UserID,
	})
	if err != nil {
		return Recording{}, fmt.Errorf("inserting the recording: %w", err)
	}
	return fromRow(row), c.begin(ctx, tx, row)
}

// Want says whether a recording's audio is here. When it is not, it is being copied after this, also where
// an earlier copy failed, and SettledArgs follows. Error: NotFound.
func (c *Copies) Want(ctx context.Context, tx *postgres.Tx, organization, recording uuid.UUID) (here bool, err error) {
	row, err := tx.LockRecording(ctx, recording, organization)
	if err != nil {
		return false, postgres.NotFound(err, "recording")
	}
	switch status := Status(row.Status); {
	case status == Stored:
		return true, nil
	case !reachable(row):
		return false, c.unreachable(ctx, tx, row)
	case status == Failed:
		if row, err = tx.ExpectRecordingAgain(ctx, row.ID); err != nil {
			return false, fmt.Errorf("expecting the recording again: %w", err)
		}
	}
	return false, c.begin(ctx, tx, row)
}

// unreachable is for a recording whose provider is not done, which its next word changes, or has nothing.
func (c *Copies) unreachable(ctx context.Context, tx *postgres.Tx, row *db.Recording) error {
	if Status(row.Status) == Pending {
		return nil
	}
	return c.jobs.Enqueue(ctx, tx, SettledArgs{RecordingID: row.ID})
}

func (c *Copies) begin(ctx context.Context, tx *postgres.Tx, row *db.Recording) error {
	args := copyArgs{OrganizationID: row.OrganizationID, RecordingID: row.ID, Attempt: row.CopyAttempt}
	if row.ProviderID != nil {
		return c.jobs.Enqueue(ctx, tx, callCopyArgs(args))
	}
	return c.jobs.Enqueue(ctx, tx, args)
}

// copyKey follows from the ids, so that a job finds the bytes of a recording whose row is gone.
func copyKey(organization, recording uuid.UUID) string {
	return "copies/" + organization.String() + "/" + recording.String()
}

// filename is the last part of an address, as a browser would name the file.
func filename(address string) *string {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	name := path.Base(u.Path)
	for _, r := range name {
		if unicode.IsControl(r) {
			return nil
		}
	}
	if name == "." || name == "/" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > 255 {
		return nil
	}
	return &name
}
