package signalwire

import (
	"log/slog"
	"time"
)

// outbound is the way of a call that we were asked to place.
func (s *Server) outbound(c *call) {
	s.reach(c, initiated)
	if !s.pass(c, s.config.Pace.Dial) {
		s.end(c, canceled)
		return
	}
	s.reach(c, ringing)
	if outcome := s.currentFaults().outcome(c); outcome != "" {
		s.pass(c, s.config.Pace.Ring)
		s.end(c, outcome)
		return
	}
	if !s.pass(c, s.config.Pace.Ring) {
		s.end(c, canceled)
		return
	}
	s.talk(c)
}

// outcome is how a call ends that is not to be answered; empty where it is.
func (f Faults) outcome(c *call) string {
	if c.parent != "" {
		return f.LegOutcome
	}
	return f.Outcome
}

// incoming is the way of a call to one of the project's numbers: the document answers it.
func (s *Server) incoming(c *call) {
	s.reach(c, ringing)
	if !s.pass(c, s.config.Pace.Ring) {
		s.end(c, canceled)
		return
	}
	s.talk(c)
}

// talk is what happens from the answer on.
func (s *Server) talk(c *call) {
	s.answer(c)
	recording := s.startRecording(c, c.record)
	outcome := completed
	document, err := s.fetch(c)
	if err == nil {
		err = s.follow(c, document)
	}
	if err != nil {
		slog.Warn("the local telephone service could not follow a document", "call", c.sid, "error", err)
		outcome = failed
	}
	s.end(c, outcome)
	s.finishRecording(recording)
}

func (s *Server) answer(c *call) {
	s.mu.Lock()
	c.answered = time.Now().UTC()
	s.mu.Unlock()
	s.reach(c, inProgress)
}

// reach brings a call to a status and tells of it.
func (s *Server) reach(c *call, status string) {
	s.mu.Lock()
	c.before, c.status = c.status, status
	s.mu.Unlock()
	s.tellStatus(c)
	s.hold(c, status)
}

func (s *Server) end(c *call, status string) {
	s.mu.Lock()
	c.before, c.status, c.ended = c.status, status, time.Now().UTC()
	s.mu.Unlock()
	s.tellStatus(c)
}

// hold keeps a call where it is while the faults say so.
func (s *Server) hold(c *call, status string) {
	for {
		s.mu.Lock()
		held, changed := s.faults.Hold == status, s.changed
		s.mu.Unlock()
		if !held {
			return
		}
		select {
		case <-changed:
		case <-c.hungUp:
			return
		case <-s.life.Done():
			return
		}
	}
}

// pass lets time go by, and says whether nobody hung up meanwhile.
func (s *Server) pass(c *call, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c.hungUp:
		return false
	case <-s.life.Done():
		return false
	case <-timer.C:
	}
	select {
	case <-c.hungUp: // both were ready
		return false
	default:
		return true
	}
}

// talking is how long whoever is on the line stays.
func (s *Server) talking(c *call, most time.Duration) time.Duration {
	talk := s.config.Pace.Talk
	for _, bound := range []time.Duration{most, c.limit} {
		if bound > 0 {
			talk = min(talk, bound)
		}
	}
	return talk
}

// conclude ends a call for good once its callbacks are sent.
func (s *Server) conclude(c *call) {
	c.after.Wait()
	s.release(c)
	s.mu.Lock()
	last := c.last
	s.mu.Unlock()
	if last != nil {
		<-last
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.over = true
}
