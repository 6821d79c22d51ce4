package test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/lab/steps"
)

// The drills steps-transcription, steps-call and steps-purchase kill at every step. Here it is a few of them, others
// in each run: what fails is told with its number, and the drill plays it again.

func TestKilledAtAnyStepOfATranscriptionItIsDoneOnce(t *testing.T) {
	t.Parallel()
	dieAtRandom(t, steps.Transcription(), 24)
}

func TestKilledAtAnyStepOfACallItIsNeverDialedTwiceAndNothingOfItIsLost(t *testing.T) {
	t.Parallel()
	dieAtRandom(t, steps.Call(), 100)
}

func TestKilledBetweenAnyTwoStepsOfAPurchaseNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	dieAtRandom(t, steps.Purchase(), 120)
}

// deaths are at once: they cost little beside each other, as most of the time is waiting.
const deaths = 2

// dieAtRandom kills the program at some of the first steps of a walk: so many it has, however its callbacks meet.
func dieAtRandom(t *testing.T, w steps.Walk, of int) {
	t.Helper()
	var all sync.WaitGroup
	for i := range deaths {
		step, database := 1+i*of/deaths+rand.IntN(of/deaths), testdb.New(t) // one in each part of the walk
		c := steps.Config{Program: program, Database: func(context.Context) (string, func() error, error) {
			return database, func() error { return nil }, nil // it goes with the test
		}}
		all.Go(func() {
			p, err := steps.Play(t.Context(), c, w, steps.Death{At: step})
			if err != nil || p.DiedOf == "" || len(p.Wrong) > 0 {
				t.Errorf("%s, killed at step %d, %q: %v %s\n%s", w.Name, step, p.DiedOf, err, strings.Join(p.Wrong, "; "), p.Output)
			}
			t.Logf("step %d, %s: healed after %s, at rest after %s", step, p.DiedOf, p.Healed, p.Rested)
		})
	}
	all.Wait()
}
