package speech

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
)

func TestASecondCallerWhoGivesUpDoesNotWaitForTheFirst(t *testing.T) {
	t.Parallel()
	e := tinyEngine()
	for range cap(e.slots) {
		e.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	recording := write(t, pcm16(Rate, 2, 3*Rate, warble))
	go func() {
		_, err := e.Recognize(ctx, recording)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Recognize = %v", err)
	}
}

func TestManyGoroutinesShareAnEngine(t *testing.T) {
	t.Parallel()
	e := tinyEngine()
	recording := write(t, pcm16(Rate, 2, 2*Rate, warble))
	results := make(chan []byte, 4)
	for range cap(results) {
		go func() {
			result, err := e.Recognize(t.Context(), recording)
			if err != nil {
				t.Error(err)
			}
			b, _ := json.Marshal(result)
			results <- b
		}()
	}
	first := <-results
	for range cap(results) - 1 {
		if other := <-results; !bytes.Equal(first, other) {
			t.Errorf("heard %s and %s", first, other)
		}
	}
	if !bytes.Contains(first, []byte(`"Channels":2`)) {
		t.Errorf("heard %s", first)
	}
}
