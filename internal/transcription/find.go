package transcription

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
)

// lookPages and lookPageSize bound how far back the provider's list is searched: 20,000 is what it takes from
// one account within five minutes, and 200 is its largest page. The search ends far earlier, mostly on the first
// page; one that takes longer than its job may is begun again, and nothing is sent meanwhile.
const lookPages, lookPageSize = 100, 200

// find looks for a submission in the provider's list by the audio's address, which names one recording; empty
// when it is not there. The list is newest first: what follows a transcript that was the provider's before this
// one was asked for is older than the submission. Times of the provider's own are not looked at: they have no zone.
func (w *Worker) find(ctx context.Context, submission uuid.UUID, audioURL string, queuedAt time.Time) (string, error) {
	var before string
	for range lookPages {
		list, err := w.provider.List(ctx, assemblyai.ListParams{Limit: lookPageSize, BeforeID: before})
		if err != nil {
			return "", fmt.Errorf("looking for the submission: %w", err)
		}
		seen := make([]string, len(list.Transcripts))
		for i, t := range list.Transcripts {
			seen[i], before = t.ID, t.ID
			if t.AudioURL != audioURL {
				continue
			}
			if free, err := w.free(ctx, submission, t.ID); err != nil || free {
				return t.ID, err
			}
		}
		if len(seen) < lookPageSize {
			break
		}
		if past, err := w.store.AnyStartedBefore(ctx, seen, queuedAt); err != nil || past {
			return "", err
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
