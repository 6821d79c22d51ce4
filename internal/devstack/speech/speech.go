// Package speech recognizes English speech without any service, key or other library: it reads the weights
// of the Moonshine tiny model and runs the network in plain Go. It owns the installed model, the way from a
// recording to samples, and the words with their times. It is for development, tests and small machines:
// a second of speech takes about a sixth of a second of one core.
package speech

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
)

// Engine recognizes speech. Any number of goroutines may use it: nothing in it changes.
type Engine struct {
	model      *model
	vocabulary []string
	ffmpeg     string        // the program
	slots      chan struct{} // one a core: more pieces at once take memory and win no time
}

// Open loads the model from a folder that Install filled. It takes 0.1 GB of memory.
func Open(dir string) (*Engine, error) {
	pin := moonshine()
	var halves [2]*graph
	for i, file := range pin.files[:2] {
		b, err := file.read(dir)
		if err == nil {
			halves[i], err = readONNX(b)
		}
		if err != nil {
			return nil, fmt.Errorf("opening speech model: %w: %s", err, pin.remedy(dir))
		}
	}
	m, err := newModel(halves[0], halves[1])
	if err != nil {
		return nil, fmt.Errorf("opening speech model: %w", err)
	}
	return newEngine(m), nil
}

func newEngine(m *model) *Engine {
	return &Engine{model: m, vocabulary: vocabulary(), ffmpeg: "ffmpeg", slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// Recognize hears a recording of one or two channels: WAV, and with ffmpeg on the machine any usual format.
// The error is a *Refused when the file itself is the reason.
func (e *Engine) Recognize(ctx context.Context, file string) (Result, error) {
	channels, err := e.readFile(ctx, file)
	if err != nil {
		return Result{}, err
	}
	result := Result{Channels: len(channels), Duration: moment(len(channels[0]), 0)}
	var pieces []span
	for c, samples := range channels {
		for _, s := range cut(samples) {
			result.Turns, pieces = append(result.Turns, Turn{Channel: c}), append(pieces, s)
		}
	}
	err = e.each(ctx, len(pieces), func(i int) {
		t := &result.Turns[i]
		t.Words = e.again(channels[t.Channel], pieces[i])
	})
	if err != nil {
		return Result{}, fmt.Errorf("recognizing speech: %w", err)
	}
	result.Turns = slices.DeleteFunc(result.Turns, func(t Turn) bool { return len(t.Words) == 0 })
	slices.SortStableFunc(result.Turns, func(a, b Turn) int { return int(a.Words[0].Start - b.Words[0].Start) })
	return result, nil
}

// each runs work for 0 to n-1, as many at once as there are free slots, and returns when all have ended.
func (e *Engine) each(ctx context.Context, n int, work func(int)) error {
	var running sync.WaitGroup
	defer running.Wait()
	for i := range n {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e.slots <- struct{}{}:
		}
		if ctx.Err() != nil { // both were ready
			<-e.slots
			return ctx.Err()
		}
		running.Go(func() {
			defer func() { <-e.slots }()
			work(i)
		})
	}
	return nil
}
