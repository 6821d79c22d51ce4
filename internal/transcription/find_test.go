package transcription

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

// longList is a vendor with so many transcripts that follow each other, the newest first; pages counts those that
// were asked for.
func longList(t *testing.T, n int, audio map[int]string) (address string, pages *atomic.Int32) {
	t.Helper()
	pages = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pages.Add(1)
		from, limit := 0, 0
		_, _ = fmt.Sscan(r.URL.Query().Get("limit"), &limit)
		if before := r.URL.Query().Get("before_id"); before != "" {
			_, _ = fmt.Sscanf(before, "t%d", &from)
			from++
		}
		list := []map[string]string{}
		for i := from; i < min(from+limit, n); i++ {
			list = append(list, map[string]string{"id": fmt.Sprint("t", i), "status": "queued", "audio_url": "https://audio.example.com/" + audio[i]})
		}
		if err := json.NewEncoder(w).Encode(map[string]any{"transcripts": list}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, pages
}

func TestALostSubmissionIsFoundBehindThousandsThatCameAfterIt(t *testing.T) {
	t.Parallel()
	address, _ := longList(t, 10_000, map[int]string{9_990: "ours"})
	h := open(t, address)
	got, err := h.worker.find(t.Context(), uuid.New(), "https://audio.example.com/ours", time.Now())
	if err != nil || got != "t9990" {
		t.Errorf("found %q, %v", got, err)
	}
}

func TestTheSearchEndsWhereTheProvidersListIsOlderThanTheRequest(t *testing.T) {
	t.Parallel()
	address, pages := longList(t, 10_000, map[int]string{300: "ours", 800: "older"})
	h := open(t, address)
	adopt := func(provider string) { // one of ours, which began at once
		made := h.request(t)
		sub := uuid.New()
		h.execute(t, "INSERT INTO switchboard.transcription_submissions (id, organization_id, transcription_id, attempt, audio_url) VALUES ($1, $2, $3, 1, '')", sub, h.home.UUID, made.ID.UUID)
		if err := h.worker.adopt(t.Context(), sub, provider); err != nil {
			t.Fatal(err)
		}
	}
	adopt("t450")
	queued := h.read(t, h.request(t).ID).QueuedAt
	adopt("t20") // a later one tells nothing of what is older

	if got, err := h.worker.find(t.Context(), uuid.New(), "https://audio.example.com/ours", queued); err != nil || got != "t300" {
		t.Errorf("found %q, %v", got, err)
	}
	pages.Store(0)
	if got, err := h.worker.find(t.Context(), uuid.New(), "https://audio.example.com/older", queued); err != nil || got != "" || pages.Load() != 3 {
		t.Errorf("found %q on %d pages, %v", got, pages.Load(), err)
	}
	h.execute(t, "UPDATE switchboard.transcriptions SET attempt = 2") // when the first attempts began is not known any more
	if got, err := h.worker.find(t.Context(), uuid.New(), "https://audio.example.com/older", queued); err != nil || got != "t800" {
		t.Errorf("found %q, %v", got, err)
	}
}
