package transcription

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
)

// lookPages bounds how far back the provider's list is searched.
const lookPages, lookPageSize = 5, 100

// find looks for a submission in the provider's list by the audio's address, which names one
// recording; empty when it is not there.
func (w *Worker) find(ctx context.Context, submission uuid.UUID, audioURL string) (string, error) {
	var before string
	for range lookPages {
		list, err := w.provider.List(ctx, assemblyai.ListParams{Limit: lookPageSize, BeforeID: before})
		if err != nil {
			return "", fmt.Errorf("looking for the submission: %w", err)
		}
		for _, t := range list.Transcripts {
			before = t.ID
			if t.AudioURL != audioURL {
				continue
			}
			if free, err := w.free(ctx, submission, t.ID); err != nil || free {
				return t.ID, err
			}
		}
		if len(list.Transcripts) < lookPageSize {
			break
		}
	}
	return "", nil
}

// free says that no other submission has this id: two attempts within one second send the same address.
func (w *Worker) free(ctx context.Context, submission uuid.UUID, providerID string) (bool, error) {
	owner, err := w.store.GetSubmissionByProviderID(ctx, &providerID)
	if postgres.Missing(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for whose the transcript is: %w", err)
	}
	return owner.ID == submission, nil
}
