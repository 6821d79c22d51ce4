package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
	"github.com/switchboard-voice/switchboard/internal/recording"
	"github.com/switchboard-voice/switchboard/internal/transcription"
)

// recorders are the providers that record calls.
func recorders(client *signalwire.Client) recording.Providers {
	if client == nil {
		return nil
	}
	return recording.Providers{recording.SignalWire: {
		Open: func(ctx context.Context, id string, offset, most int64) (recording.Stream, error) {
			audio, err := client.Audio(ctx, signalwire.AudioParams{Sid: id, Offset: offset, Most: most})
			if err != nil {
				return recording.Stream{}, unheard(err)
			}
			return recording.Stream{Reader: audio, Size: audio.Size, Close: audio.Close}, nil
		},
		Delete: client.DeleteRecording,
	}}
}

// unheard says in the recordings' words why there is no audio.
func unheard(err error) error {
	switch {
	case signalwire.NotFound(err):
		return fmt.Errorf("%w: %w", recording.ErrNotThere, err)
	case errors.Is(err, signalwire.ErrTooLarge):
		return fmt.Errorf("%w: %w", recording.ErrTooLarge, err)
	}
	return err
}

// onDeletion gives the rooms above the recording their turn before the row goes.
func (a *app) onDeletion(above *transcription.Worker, own *recording.Worker) {
	jobs.Handle(a.queue, jobs.Kind{Queue: jobs.Work, Attempts: jobs.ForAWeek}, func(ctx context.Context, job jobs.Job[recording.DeletedArgs]) error {
		if err := above.RecordingDeleted(ctx, job.Args); err != nil {
			return err
		}
		return own.Purge(ctx, job.Args)
	})
}

// onSettled tells the rooms above the recording that a copy has ended.
func (a *app) onSettled(above *transcription.Worker) {
	jobs.Handle(a.queue, jobs.Kind{Queue: jobs.Webhooks}, func(ctx context.Context, job jobs.Job[recording.SettledArgs]) error {
		return above.RecordingSettled(ctx, job.Args)
	})
}
