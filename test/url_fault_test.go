package test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

func TestCopyThatBreaksOffInTheMiddleIsMadeGood(t *testing.T) {
	t.Parallel()
	a := startOpen(t)
	p := a.person("ours", "OPERATOR")
	audio, tries := wav(2, time.Second), atomic.Int32{}
	address := elsewhere(t, func(w http.ResponseWriter, _ *http.Request) {
		switch tries.Add(1) {
		case 1:
			w.Header().Set("Content-Length", fmt.Sprint(len(audio)))
			_, _ = w.Write(audio[:len(audio)/2])
			panic(http.ErrAbortHandler)
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			_, _ = w.Write(audio)
		}
	})
	id := p.copied(address + "/a.wav")
	if s := p.becomes(id, "COMPLETED"); s.Attempt != 1 {
		t.Errorf("the person had to try %d times", s.Attempt)
	}
	if n := a.rows("SELECT count(*) FROM switchboard.recordings WHERE size_bytes = $1", len(audio)); n != 1 {
		t.Errorf("%d whole recordings", n)
	}
}

func TestRetryCopiesTheAudioAgain(t *testing.T) {
	t.Parallel()
	a := startOpen(t)
	p := a.person("ours", "OPERATOR")
	var there atomic.Bool
	address := elsewhere(t, func(w http.ResponseWriter, r *http.Request) {
		if !there.Load() {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "a.wav", time.Time{}, bytes.NewReader(wav(2, 100*time.Millisecond)))
	})
	id := p.copied(address + "/a.wav")
	p.becomes(id, "FAILED")
	there.Store(true)
	const retry = `mutation($id: ID!) { transcriptionRetry(id: $id) { transcription { id } userErrors { code message path } } }`
	if again, problems := p.mutate(retry, vars{"id": id}); again != id {
		t.Fatalf("retry: %v", problems)
	}
	if s := p.becomes(id, "COMPLETED"); s.Attempt != 2 || s.Failure != nil {
		t.Errorf("after the retry: %+v", s)
	}
}

func TestRecordingDeletedWhileItIsCopiedLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	a := startOpen(t)
	p := a.person("ours", "ADMIN")
	audio, begun, goOn := wav(2, time.Second), make(chan bool, 9), make(chan bool)
	address := elsewhere(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(audio[:1000])
		w.(http.Flusher).Flush()
		begun <- true
		<-goOn
		_, _ = w.Write(audio[1000:])
	})
	id := p.copied(address + "/a.wav")
	<-begun
	if s := p.state(id); s.Status != "QUEUED" {
		t.Errorf("while it is copied: %s", s.Status)
	}
	p.must(`mutation($id: ID!) { recordingDelete(id: $id) { recordingId } }`, vars{"id": p.state(id).Recording.ID}, nil)
	eventually(t, "the rows to go", func() bool {
		return a.rows("SELECT (SELECT count(*) FROM switchboard.recordings) + (SELECT count(*) FROM switchboard.transcriptions)") == 0
	})
	close(goOn)
	eventually(t, "the copy to end", func() bool {
		return a.rows("SELECT count(*) FROM river.river_job WHERE kind = 'recording.copy' AND state = 'completed'") == 1
	})
	if left := a.objects(); len(left) > 0 {
		t.Errorf("the bucket still holds %v", left)
	}
}

// objects are the names of what lies in the bucket's folder.
func (a *app) objects() (names []string) {
	a.t.Helper()
	entries, err := os.ReadDir(filepath.Join(a.blobs, "objects"))
	if err != nil {
		a.t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
