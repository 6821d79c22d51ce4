package live_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/live"
	"go.uber.org/goleak"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func woken(t *testing.T, w *live.Waiter) {
	t.Helper()
	select {
	case <-w.C:
	case <-time.After(patience):
		t.Fatal("nobody woke the waiter")
	}
}

func asleep(t *testing.T, w *live.Waiter) {
	t.Helper()
	select {
	case <-w.C:
		t.Error("woken for nothing")
	default:
	}
}

func TestAWaiterIsWokenForItsTopicOnlyAndOnceForMany(t *testing.T) {
	t.Parallel()
	hub, mine, other := live.New(), uuid.New(), uuid.New()
	w := hub.Wait(mine)
	defer w.Close()
	hub.Wake(other)
	asleep(t, w)
	for range 1000 { // one pending wake-up, however slow the reader
		hub.Wake(mine, other, mine)
	}
	woken(t, w)
	asleep(t, w)
	hub.WakeAll()
	woken(t, w)
	asleep(t, w)
}

func TestAClosedWaiterIsForgotten(t *testing.T) {
	t.Parallel()
	hub, topic := live.New(), uuid.New()
	first, second := hub.Wait(topic), hub.Wait(topic)
	first.Close()
	first.Close()
	if len(hub.Topics()) != 1 {
		t.Errorf("%d topics while one still waits", len(hub.Topics()))
	}
	hub.Wake(topic)
	asleep(t, first)
	woken(t, second)
	second.Close()
	if len(hub.Topics()) != 0 {
		t.Errorf("%d topics without a waiter", len(hub.Topics()))
	}
}

// TestNoChangeIsMissed has writers that change a row and wake, and readers that wait and read: whatever
// the order, every reader gets to see the last value.
func TestNoChangeIsMissed(t *testing.T) {
	t.Parallel()
	const writers, changes, readers = 4, 500, 16
	hub, topic := live.New(), uuid.New()
	var row atomic.Int64
	var all sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for range readers {
		all.Go(func() {
			w := hub.Wait(topic)
			defer w.Close()
			for row.Load() != writers*changes {
				select {
				case <-w.C:
				case <-ctx.Done():
					t.Errorf("asleep while the row is %d", row.Load())
					return
				}
			}
		})
	}
	for range writers {
		all.Go(func() {
			for range changes {
				row.Add(1)
				hub.Wake(topic)
			}
		})
	}
	for range readers { // others come and go meanwhile
		all.Go(func() {
			for range changes {
				hub.Wait(topic).Close()
				hub.Topics()
			}
		})
	}
	all.Wait()
	if len(hub.Topics()) != 0 {
		t.Errorf("%d topics are left", len(hub.Topics()))
	}
}

// wire carries the notifications of one hub to others.
func wire(t *testing.T, from *live.Hub, notify func(context.Context, string) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		from.Run(ctx, notify)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

func TestAnotherProcessIsWokenAndTheOwnOnlyOnce(t *testing.T) {
	t.Parallel()
	here, there := live.New(), live.New()
	heard := make(chan string, 100)
	wire(t, here, func(_ context.Context, payload string) error {
		here.Heard(payload) // Postgres sends it to the sender too
		there.Heard(payload)
		heard <- payload
		return nil
	})
	topic := uuid.New()
	near, far := here.Wait(topic), there.Wait(topic)
	defer near.Close()
	defer far.Close()
	here.Publish(t.Context(), []uuid.UUID{topic, uuid.New()})
	woken(t, near)
	woken(t, far)
	<-heard
	asleep(t, near)
}

func TestManyTopicsFitPostgresPayloads(t *testing.T) {
	t.Parallel()
	const topics, limit = 5000, 8000 // bytes of a NOTIFY, exclusive
	here, there := live.New(), live.New()
	waiters := make([]*live.Waiter, topics)
	all := make([]uuid.UUID, topics)
	for i := range all {
		all[i] = uuid.New()
		waiters[i] = there.Wait(all[i])
		defer waiters[i].Close()
	}
	var payloads atomic.Int64
	wire(t, here, func(_ context.Context, payload string) error {
		if len(payload) >= limit {
			t.Errorf("a payload of %d bytes", len(payload))
		}
		payloads.Add(1)
		there.Heard(payload)
		return nil
	})
	here.Publish(t.Context(), all)
	for _, w := range waiters {
		woken(t, w)
	}
	if n := payloads.Load(); n > topics/100 {
		t.Errorf("%d notifications for %d topics", n, topics)
	}
}

func TestPublishNeverBlocksAndAFailedNotificationDoesNotEndThePublisher(t *testing.T) {
	t.Parallel()
	here, there := live.New(), live.New()
	for range 100 { // before anybody runs
		here.Publish(t.Context(), []uuid.UUID{uuid.New()})
	}
	var calls atomic.Int64
	topic := uuid.New()
	far := there.Wait(topic)
	defer far.Close()
	wire(t, here, func(_ context.Context, payload string) error {
		if calls.Add(1) == 1 {
			return errors.New("the database is away")
		}
		there.Heard(payload)
		return nil
	})
	deadline := time.Now().Add(patience)
	for got := false; !got; {
		if time.Now().After(deadline) {
			t.Fatal("the publisher has ended")
		}
		here.Publish(t.Context(), []uuid.UUID{topic})
		select {
		case <-far.C:
			got = true
		case <-time.After(time.Millisecond):
		}
	}
}

func TestANotificationThatCannotBeReadIsPassedOver(t *testing.T) {
	t.Parallel()
	hub, topic := live.New(), uuid.New()
	w := hub.Wait(topic)
	defer w.Close()
	for _, payload := range []string{"", " ", "x", "x ", "x y z", "x !!!", "x AAAA", "x " + strings.Repeat("A", 23), "\x00 \xff"} {
		hub.Heard(payload)
	}
	asleep(t, w)
}

func TestACallRunsOneAtATimeAndOnceMoreForWhatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	hub, topic := live.New(), uuid.New()
	began, goOn := make(chan struct{}), make(chan struct{})
	w := hub.Call(topic, func() { began <- struct{}{}; <-goOn })
	for range 3 {
		hub.Wake(topic)
	}
	<-began
	hub.Wake(topic, topic)
	goOn <- struct{}{}
	<-began
	w.Close()
	hub.Wake(topic)
	goOn <- struct{}{}
	select {
	case <-began:
		t.Error("called again although nothing changed before it was closed")
	case <-time.After(50 * time.Millisecond):
	}
}
