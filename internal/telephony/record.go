package telephony

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
	"github.com/switchboard-voice/switchboard/internal/recording"
)

// unfinishedPause is between two looks at recordings that the provider still works on.
const unfinishedPause = 10 * time.Second

// collectFor is how long after a call the provider may work on its recordings; what comes later is told by its
// callback only.
const collectFor = 6 * time.Hour

// recorded reads one recording at the provider and hands it to the room of recordings, and gives what the callback
// was about: the recording, once it is ours. It never changes the call.
func (w *Worker) recorded(ctx context.Context, call *db.Call, said signalwire.Callback, received time.Time) (ids.ID, error) {
	about := ids.Of(ids.Call, call.ID)
	note, told := said.Recording, said.CallSid
	seen, err := w.provider.Recording(ctx, note.Sid)
	if signalwire.NotFound(err) {
		return about, w.early(received)
	}
	if err != nil {
		return about, w.wait(fmt.Errorf("asking for the recording: %w", err))
	}
	if err := w.belongs(ctx, call, seen, told); err != nil {
		return about, err
	}
	taken, done, err := w.take(ctx, call, seen)
	if taken != nil {
		about = taken.ID
	}
	if err == nil && !done && progress(note.Status) != recording.InProgress {
		err = w.early(received)
	}
	return about, err
}

// belongs refuses a recording that the provider itself says is of somebody else's call.
func (w *Worker) belongs(ctx context.Context, call *db.Call, seen signalwire.Recording, told string) error {
	if seen.CallSid == told {
		return nil
	}
	leg, err := w.store.GetCallLeg(ctx, seen.CallSid)
	if postgres.Missing(err) || err == nil && leg.CallID != call.ID {
		return jobs.GiveUp(errors.New("the recording is of another call than the one that it came with"))
	}
	if err != nil {
		return fmt.Errorf("looking for the recording's leg: %w", err)
	}
	return nil
}

// take hands recordings over, all in one transaction, and gives the last that is ours; done says that the provider
// has finished with them.
func (w *Worker) take(ctx context.Context, call *db.Call, list ...signalwire.Recording) (last *recording.Recording, done bool, err error) {
	err = w.store.InTx(ctx, func(tx *postgres.Tx) error {
		last, done = nil, true
		for _, seen := range list {
			far := progress(seen.Status)
			if far == "" {
				continue
			}
			done = done && far != recording.InProgress
			taken, err := w.copies.Take(ctx, tx, recording.Told{
				Source: recording.SignalWire, ProviderID: seen.Sid, OrganizationID: call.OrganizationID, CallID: call.ID,
				Progress: far, Duration: seen.Duration, Channels: seen.Channels,
			})
			if err != nil {
				return err
			}
			if taken != nil {
				last = taken
			}
		}
		return nil
	})
	return last, done, err
}

// progress is the provider's word in that of the room of recordings; empty for what is gone.
func progress(word signalwire.RecordingStatus) recording.Progress {
	switch word {
	case signalwire.RecordingCompleted, signalwire.RecordingStopped:
		return recording.ProviderFinished
	case signalwire.RecordingAbsent:
		return recording.ProviderAbsent
	case signalwire.RecordingFailed:
		return recording.ProviderFailed
	case signalwire.RecordingDeleted:
		return ""
	}
	return recording.InProgress
}

// collect asks for all recordings of a call that is over, in case a word of them was lost.
func (w *Worker) collect(ctx context.Context, job jobs.Job[collectArgs]) error {
	call, err := w.store.GetCallForWork(ctx, job.Args.CallID)
	if postgres.Missing(err) || err == nil && (call.EndedAt == nil || call.CollectedAt != nil || w.provider == nil) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the call: %w", err)
	}
	legs, err := w.store.ListLegsOfCall(ctx, call.ID)
	if err != nil {
		return fmt.Errorf("reading the legs: %w", err)
	}
	var list []signalwire.Recording
	for _, leg := range legs {
		of, err := w.provider.Recordings(ctx, leg.ProviderID)
		if err != nil && !signalwire.NotFound(err) {
			return w.wait(fmt.Errorf("asking for the recordings: %w", err))
		}
		list = append(list, of...)
	}
	_, done, err := w.take(ctx, call, list...)
	if err != nil {
		return err
	}
	if !done && time.Since(*call.EndedAt) < collectFor {
		return jobs.Later(unfinishedPause)
	}
	return w.store.MarkCallCollected(ctx, call.ID)
}

// Transcribes says whether a recording of a call is to be transcribed, once its audio is here.
func (w *Worker) Transcribes(ctx context.Context, args recording.StoredArgs) (bool, error) {
	call, err := w.store.GetCallForWork(ctx, args.CallID)
	if postgres.Missing(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the call: %w", err)
	}
	return call.OrganizationID == args.OrganizationID && call.Transcribe, nil
}
