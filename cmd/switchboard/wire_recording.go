package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
	"github.com/switchboard-voice/switchboard/internal/recording"
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
