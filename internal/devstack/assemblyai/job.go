package assemblyai

import (
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
)

const (
	// maxLive bounds the queue: more than any test or demo has under way.
	maxLive = 500
	// maxJobs bounds memory: a transcript of an hour is about 1 MB.
	maxJobs = 1000
	// earlyWait is less than what a client waits for the answer to a submission.
	earlyWait = 10 * time.Second
)

const (
	queued     = "queued"
	processing = "processing"
	completed  = "completed"
	failed     = "error"
)

// job is a transcript from its submission to its deletion. The server's mutex guards it.
type job struct {
	id            string
	ask           submission
	file          string // where the audio lies while it is needed
	uploaded      bool   // it lies there already
	status        string
	failure       string // why, with failed
	heard         speech.Result
	created       time.Time
	completed     time.Time
	deleted       bool
	webhookStatus int  // what the last try was answered
	over          bool // nothing more will happen by itself
	knocked       chan struct{}
	knock         func() // closes knocked: the first webhook was tried, or there will be none
}

func (s *Server) submit(r *http.Request) (any, error) {
	ask, err := s.decode(r.Body)
	if err != nil {
		return nil, err
	}
	j := &job{id: uuid.NewString(), ask: ask, status: queued, created: time.Now().UTC(), knocked: make(chan struct{})}
	j.knock = sync.OnceFunc(func() { close(j.knocked) })
	j.file = filepath.Join(s.audioDir(), j.id)
	if j.uploaded, err = s.takeUpload(ask.AudioURL, j.file); err != nil {
		return nil, err
	}
	if !j.uploaded {
		if err := s.reachable(r, ask.AudioURL); err != nil {
			return nil, err
		}
	}
	answer := queuedAnswer(j, s.config.Model) // before the workers change it
	early, err := s.enqueue(j)
	if err != nil {
		_ = os.Remove(j.file) // there is none where the audio is still to be fetched
		return nil, err
	}
	if early {
		s.waitForKnock(r, j)
		return s.answer(j), nil // by now the job is done; the vendor, too, may say so here
	}
	return answer, nil
}

// enqueue keeps a job and hands it to the workers. It says whether its webhook shall be early.
func (s *Server) enqueue(j *job) (early bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false, errClosed
	}
	live := 0
	for _, other := range s.order {
		if !other.over {
			live++
		}
	}
	if live >= maxLive {
		return false, errFull
	}
	s.dropOldest()
	s.jobs[j.id], s.order = j, append(s.order, j)
	s.stats.Submitted++
	s.queue <- j // has room for all that are live
	return s.faults.Webhook.Early, nil
}

// dropOldest makes room for one more job.
func (s *Server) dropOldest() {
	for i := 0; len(s.order) >= maxJobs && i < len(s.order); i++ {
		if old := s.order[i]; old.over {
			delete(s.jobs, old.id)
			s.order = append(s.order[:i], s.order[i+1:]...)
			i--
		}
	}
}

func (s *Server) waitForKnock(r *http.Request, j *job) {
	limit := time.NewTimer(earlyWait)
	defer limit.Stop()
	select {
	case <-j.knocked:
	case <-limit.C:
	case <-s.done:
	case <-r.Context().Done():
	}
}

func (s *Server) find(r *http.Request) (*job, error) {
	if j := s.jobs[r.PathValue("id")]; j != nil {
		return j, nil
	}
	return nil, errMissing
}

func (s *Server) get(r *http.Request) (any, error) {
	s.mu.Lock()
	s.stats.Fetched++
	j, err := s.find(r)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return s.answer(j), nil
}

// delete forgets the content. Like the vendor's, the transcript stays, and is still "completed".
func (s *Server) delete(r *http.Request) (any, error) {
	j, err := s.forget(r)
	if err != nil {
		return nil, err
	}
	s.removeUpload(j.ask.AudioURL)
	return s.answer(j), nil
}

func (s *Server) forget(r *http.Request) (*job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := s.find(r)
	if err != nil {
		return nil, err
	}
	if j.status != completed && j.status != failed {
		return nil, errLive
	}
	j.deleted, j.heard.Turns = true, nil
	s.stats.Deleted++
	return j, nil
}

// Stats count what was asked and sent since the start.
type Stats struct {
	Submitted    int            // taken, whatever became of the answer
	Fetched      int            // questions for one transcript
	Deleted      int            // deletions that were answered well
	WebhooksSent int            // every try counts
	ByAudio      map[string]int // submissions an audio_url, of the jobs that are still known
}

// Stats gives a copy.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.ByAudio = map[string]int{}
	for _, j := range s.order {
		out.ByAudio[j.ask.AudioURL]++
	}
	return out
}

var _ http.Handler = (*Server)(nil)
