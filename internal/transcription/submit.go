package transcription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/recording"
)

const (
	// refusedPause is between two tries when the provider is busy and does not say for how long.
	refusedPause = 5 * time.Second
	// answeredUnsure is how long a submission is looked for that the provider answered with an error of
	// its own: it was heard, so it shows up soon or never.
	answeredUnsure = 10 * time.Second
)

// submit hands the audio to the provider, once. There is no idempotency key at the provider, so what is
// about to be sent is written down first, and when a run finds that it may have been sent already, it
// looks at the provider's list instead of sending again.
func (w *Worker) submit(ctx context.Context, job jobs.Job[submitArgs]) error {
	work, err := w.store.GetTranscriptionForWork(ctx, job.Args.TranscriptionID)
	if postgres.Missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the transcription: %w", err)
	}
	if Status(work.Transcription.Status) != Queued || work.Transcription.Attempt != job.Args.Attempt || work.DeletedAt != nil {
		return nil
	}
	switch recording.Status(work.RecordingStatus) {
	case recording.Pending: // the end of its copy brings us back
		return nil
	case recording.Failed:
		return w.fail(ctx, work.Transcription.ID, work.Transcription.Attempt, withoutAudio(work))
	}
	sub, err := w.store.PrepareSubmission(ctx, db.PrepareSubmissionParams{
		ID: uuid.Must(uuid.NewV7()), OrganizationID: work.Transcription.OrganizationID, TranscriptionID: work.Transcription.ID, Attempt: job.Args.Attempt,
	})
	if err != nil {
		return fmt.Errorf("preparing the submission: %w", err)
	}
	if sub.ProviderID != nil {
		return w.adopt(ctx, sub.ID, *sub.ProviderID)
	}
	if sub.InDoubt {
		id, err := w.find(ctx, sub.ID, sub.AudioUrl, work.Transcription.QueuedAt)
		if err != nil {
			return w.wait(err)
		}
		if id != "" {
			return w.adopt(ctx, sub.ID, id)
		}
		if !sub.Lost {
			return jobs.Later(refusedPause)
		}
	}
	return w.send(ctx, work, sub.ID)
}

// send writes down what goes out, sends it, and stores the answer.
func (w *Worker) send(ctx context.Context, work *db.GetTranscriptionForWorkRow, submission uuid.UUID) error {
	audioURL, err := w.audioURL(ctx, work)
	if err != nil {
		return w.wait(err)
	}
	noted, err := w.store.MarkSubmissionUnsure(ctx, db.MarkSubmissionUnsureParams{ID: submission, AudioUrl: audioURL, UnsureFor: w.options.LostAfter})
	if err != nil {
		return fmt.Errorf("noting the submission: %w", err)
	}
	if noted == 0 { // a webhook has brought the provider's id meanwhile, or the recording is gone: to send now is to pay twice
		return nil
	}
	taken, err := w.provider.Submit(ctx, w.params(work, submission, audioURL))
	if err == nil {
		return w.adopt(ctx, submission, taken.ID)
	}
	var answered *assemblyai.Error
	if !errors.As(err, &answered) {
		return fmt.Errorf("submitting, outcome unknown: %w", err)
	}
	return w.refused(ctx, work, submission, audioURL, answered)
}

// refused takes the provider's own error: busy is tried again when it says, a fault of its own is looked
// after first, and a refusal ends the transcription.
func (w *Worker) refused(ctx context.Context, work *db.GetTranscriptionForWorkRow, submission uuid.UUID, audioURL string, answered *assemblyai.Error) error {
	if !answered.Refused() {
		unsure := db.MarkSubmissionUnsureParams{ID: submission, AudioUrl: audioURL, UnsureFor: answeredUnsure}
		if _, err := w.store.MarkSubmissionUnsure(ctx, unsure); err != nil {
			return fmt.Errorf("noting the submission: %w", err)
		}
		return jobs.Later(max(answeredUnsure+time.Second, answered.RetryAfter))
	}
	if err := w.store.MarkSubmissionRefused(ctx, submission); err != nil {
		return fmt.Errorf("noting the refusal: %w", err)
	}
	if answered.Temporary() { // for as long as it takes: the sweep ends what is older than a day
		return jobs.Later(max(answered.RetryAfter, time.Second))
	}
	return w.fail(ctx, work.Transcription.ID, work.Transcription.Attempt, Failure{
		Code: "PROVIDER_REFUSED", Message: answered.Message, Retryable: answered.Status != 400,
	})
}

// audioURL is where the provider gets the audio: our bucket, or its own after we sent it the bytes.
func (w *Worker) audioURL(ctx context.Context, work *db.GetTranscriptionForWorkRow) (string, error) {
	if !w.options.Upload {
		return w.shelf.Link(ctx, work.ObjectKey, audioLife)
	}
	body, err := w.shelf.Open(ctx, work.ObjectKey)
	if err != nil {
		return "", err
	}
	defer func() { _ = body.Close() }()
	var size int64
	if work.SizeBytes != nil {
		size = *work.SizeBytes
	}
	return w.provider.Upload(ctx, body, size)
}

// adopt stores the provider's id and moves on. A transcription that is not wanted any more, or that has
// another id, has the provider forget this one.
func (w *Worker) adopt(ctx context.Context, submission uuid.UUID, providerID string) error {
	return w.store.InTx(ctx, func(tx *postgres.Tx) error {
		sub, row, err := w.own(ctx, tx, submission, providerID)
		if err != nil || row == nil {
			return err
		}
		if row.Attempt != sub.Attempt || Status(row.Status) != Queued {
			return w.leave(ctx, tx, row, sub)
		}
		if w.options.WebhookURL == "" {
			if err := w.jobs.EnqueueIn(ctx, tx, w.options.PollEvery, checkArgs{TranscriptionID: row.ID, Attempt: row.Attempt}); err != nil {
				return err
			}
		}
		_, err = w.start(ctx, tx, row)
		return err
	})
}

// own gives the submission its provider id and locks the transcription; row is nil when the submission
// belongs to another id, which is then forgotten.
func (w *Worker) own(ctx context.Context, tx *postgres.Tx, submission uuid.UUID, providerID string) (*db.TranscriptionSubmission, *db.Transcription, error) {
	sub, err := tx.GetSubmission(ctx, submission)
	if postgres.Missing(err) { // the recording was deleted meanwhile
		return nil, nil, w.jobs.Enqueue(ctx, tx, forgetArgs{ProviderID: providerID})
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading the submission: %w", err)
	}
	row, err := tx.LockTranscription(ctx, sub.TranscriptionID)
	if err != nil {
		return nil, nil, fmt.Errorf("locking the transcription: %w", err)
	}
	sub, err = tx.AdoptSubmission(ctx, &providerID, submission)
	if postgres.Missing(err) {
		return nil, nil, w.jobs.Enqueue(ctx, tx, forgetArgs{ProviderID: providerID})
	}
	if err != nil {
		return nil, nil, fmt.Errorf("adopting the provider's id: %w", err)
	}
	return sub, row, nil
}

// leave forgets a result that nobody waits for: of a canceled transcription or an earlier attempt.
func (w *Worker) leave(ctx context.Context, tx *postgres.Tx, row *db.Transcription, sub *db.TranscriptionSubmission) error {
	if row.Attempt == sub.Attempt && Status(row.Status) != Canceled {
		return nil
	}
	return w.jobs.Enqueue(ctx, tx, forgetArgs{ProviderID: *sub.ProviderID})
}

func (w *Worker) start(ctx context.Context, tx *postgres.Tx, row *db.Transcription) (*db.Transcription, error) {
	return move(ctx, tx, row, Processing, activity.Switchboard(), func() (*db.Transcription, error) {
		return tx.StartTranscription(ctx, row.ID)
	})
}

// wait turns a provider's "busy" into the pause that it asked for.
func (w *Worker) wait(err error) error {
	var answered *assemblyai.Error
	if errors.As(err, &answered) && answered.Temporary() && answered.RetryAfter > 0 {
		return jobs.Later(answered.RetryAfter)
	}
	return err
}
