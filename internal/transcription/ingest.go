package transcription

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
)

// earlyPause and earlyFor are for a knock that came before the provider was done: ask again soon, and
// after a while leave it to the sweep.
const earlyPause, earlyFor = time.Second, time.Minute

var errUnknown = errors.New("no submission of ours has this id yet")

// Ingest takes a webhook: it finds whose it is, asks the provider how things are, and stores that. What
// the webhook says besides the id is not believed.
func (w *Worker) Ingest(ctx context.Context, event inbox.Event) (inbox.Matched, error) {
	note, err := assemblyai.ParseWebhook(event.Body)
	if err != nil {
		return inbox.Matched{}, jobs.GiveUp(fmt.Errorf("reading the webhook: %w", err))
	}
	if note.TranscriptID == "" { // redacted audio is ready: we do not ask for any
		return inbox.Matched{}, nil
	}
	sub, err := w.match(ctx, note.TranscriptID, event.Query)
	if err != nil {
		return inbox.Matched{}, err
	}
	matched := inbox.Matched{OrganizationID: sub.OrganizationID, Subject: ids.Of(ids.Transcription, sub.TranscriptionID)}
	if sub.ProviderID != nil && *sub.ProviderID != note.TranscriptID {
		// A copy that was sent before the adopted one, and seemed lost: how it fares is nobody's news.
		return matched, w.adopt(ctx, sub.ID, note.TranscriptID)
	}
	live, err := w.refresh(ctx, sub, note.TranscriptID)
	if err == nil && live && w.jobs.Now().Sub(event.ReceivedAt) < earlyFor {
		err = jobs.Later(earlyPause)
	}
	return matched, err
}

// match finds the submission: by the provider's id, or by our own in the URL that the provider called,
// where the answer to our submit is still under way or was lost.
func (w *Worker) match(ctx context.Context, providerID, query string) (*db.TranscriptionSubmission, error) {
	sub, err := w.store.GetSubmissionByProviderID(ctx, &providerID)
	if err == nil {
		return sub, nil
	}
	if !postgres.Missing(err) {
		return nil, fmt.Errorf("looking for the submission: %w", err)
	}
	values, _ := url.ParseQuery(query)
	ours, err := uuid.Parse(values.Get("submission"))
	if err != nil {
		return nil, errUnknown
	}
	sub, err = w.store.GetSubmission(ctx, ours)
	if postgres.Missing(err) {
		return nil, errUnknown
	}
	return sub, err
}

// refresh asks the provider and moves the transcription to what it says; live says that there is more
// to come.
func (w *Worker) refresh(ctx context.Context, sub *db.TranscriptionSubmission, providerID string) (live bool, err error) {
	answer, err := w.provider.Get(ctx, providerID)
	var refused *assemblyai.Error
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound && sub.ProviderID != nil { // else it may be another's
		return false, w.fail(ctx, sub.TranscriptionID, sub.Attempt, lost())
	}
	if err != nil {
		return true, w.wait(fmt.Errorf("asking the provider: %w", err))
	}
	if sub.ProviderID == nil && answer.AudioURL != sub.AudioUrl {
		return false, jobs.GiveUp(errors.New("the transcript is not of the audio that this submission sent"))
	}
	switch answer.Status {
	case assemblyai.StatusCompleted:
		if answer.Deleted() {
			return false, w.fail(ctx, sub.TranscriptionID, sub.Attempt, lost())
		}
		return false, w.complete(ctx, sub.ID, answer)
	case assemblyai.StatusError:
		return false, w.broken(ctx, sub.ID, answer)
	}
	return true, w.adopt(ctx, sub.ID, providerID)
}

func lost() Failure {
	return Failure{Code: "PROVIDER_LOST", Message: "The provider does not have this transcription any more.", Retryable: true}
}

// complete stores a transcript, unless it is stored or nobody wants it. One that comes after its attempt had
// failed, as the provider was given up after a day, is paid for and wanted as any other.
func (w *Worker) complete(ctx context.Context, submission uuid.UUID, answer assemblyai.Transcript) error {
	result := read(answer)
	return w.store.InTx(ctx, func(tx *postgres.Tx) error {
		sub, row, err := w.own(ctx, tx, submission, answer.ID)
		if err != nil || row == nil {
			return err
		}
		late := Status(row.Status) == Failed
		if row.Attempt != sub.Attempt || !late && !Status(row.Status).Live() {
			return w.leave(ctx, tx, row, sub)
		}
		if err := result.store(ctx, tx, row); err != nil {
			return err
		}
		if Status(row.Status) == Queued { // the webhook was faster than the answer to our submit
			if row, err = w.start(ctx, tx, row); err != nil {
				return err
			}
		}
		_, err = move(ctx, tx, row, Completed, activity.Provider("AssemblyAI"), func() (*db.Transcription, error) {
			return tx.CompleteTranscription(ctx, db.CompleteTranscriptionParams{
				ID: row.ID, Text: &result.text, LanguageCode: result.language, Confidence: result.confidence, SpeechModel: result.model,
			})
		})
		return err
	})
}

// broken stores the provider's failure, unless the submission has another id by now.
func (w *Worker) broken(ctx context.Context, submission uuid.UUID, answer assemblyai.Transcript) error {
	return w.store.InTx(ctx, func(tx *postgres.Tx) error {
		sub, row, err := w.own(ctx, tx, submission, answer.ID)
		if err != nil || row == nil {
			return err
		}
		if row.Attempt != sub.Attempt || !Status(row.Status).Live() {
			return w.leave(ctx, tx, row, sub)
		}
		return end(ctx, tx, row, Failure{Code: "PROVIDER_ERROR", Message: clean(answer.Error), Retryable: true})
	})
}

// fail ends an attempt that cannot succeed; one that is over already stays as it is.
func (w *Worker) fail(ctx context.Context, transcription uuid.UUID, attempt int32, why Failure) error {
	return w.store.InTx(ctx, func(tx *postgres.Tx) error {
		row, err := tx.LockTranscription(ctx, transcription)
		if postgres.Missing(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("locking the transcription: %w", err)
		}
		if row.Attempt != attempt || !Status(row.Status).Live() {
			return nil
		}
		return end(ctx, tx, row, why)
	})
}

func end(ctx context.Context, tx *postgres.Tx, row *db.Transcription, why Failure) error {
	_, err := move(ctx, tx, row, Failed, why.by(), func() (*db.Transcription, error) {
		return tx.FailTranscription(ctx, db.FailTranscriptionParams{ID: row.ID, Code: &why.Code, Message: &why.Message, Retryable: &why.Retryable})
	})
	return err
}

// Source is AssemblyAI's door in the inbox. The secrets are those that a delivery may carry; two are
// valid while one replaces the other.
func (w *Worker) Source(secrets []string) inbox.Source {
	return inbox.Source{Name: inbox.AssemblyAI, Secret: SecretHeader, Handle: w.Ingest, Read: func(r *http.Request, body []byte) (inbox.Delivery, error) {
		if !assemblyai.CheckSecret(r.Header.Get(SecretHeader), secrets) {
			return inbox.Delivery{}, inbox.ErrForged
		}
		note, err := assemblyai.ParseWebhook(body)
		if err != nil || note.TranscriptID == "" {
			return inbox.Delivery{Type: "other", Same: []string{r.URL.RawQuery, string(body)}}, nil
		}
		return inbox.Delivery{
			Type: string(note.Status), ExternalID: note.TranscriptID,
			// The query holds our own id: a delivery without it must not stand in for one with it.
			Same: []string{note.TranscriptID, string(note.Status), r.URL.RawQuery},
		}, nil
	}}
}
