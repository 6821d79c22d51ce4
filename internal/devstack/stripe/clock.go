package stripe

import "time"

const (
	// warning is how long before its end the vendor tells of a trial's.
	warning = 3 * day
	// maxSteps bounds what a jump in time may cause: more than a century of renewals.
	maxSteps = 10_000
)

// step is something that time brings.
type step struct {
	at int64
	do func()
}

// Advance lets time pass, and everything happen that it brings, in order: trials end, periods are renewed
// and paid or not, payments that failed are tried again, checkouts expire. Only the vendor's clock moves.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	target := s.offset + d
	for range maxSteps {
		next := s.next()
		ahead := time.Until(time.Unix(next.at, 0))
		if next.do == nil || ahead > target {
			break
		}
		s.offset = max(s.offset, ahead+time.Second) // a step that is overdue happens now
		next.do()
	}
	s.offset = max(s.offset, target)
}

// next is what comes first.
func (s *Server) next() step {
	var first step
	sooner := func(at int64, do func()) {
		if at > 0 && (first.do == nil || at < first.at) {
			first = step{at, do}
		}
	}
	for _, k := range s.sessions {
		if k.status == open {
			sooner(k.expires, func() { s.expire(k) })
		}
	}
	for _, i := range s.invoices {
		if i.status == open && i.nextAttempt > 0 {
			sooner(i.nextAttempt, func() { s.collect(i, s.payer(s.subscription(i.subscription))) })
		}
	}
	for _, b := range s.subscriptions {
		switch {
		case b.status == trialing && !b.warned:
			sooner(max(b.trialEnd-warning, b.created), func() { s.warn(b) })
		case b.cancelAtEnd && b.live():
			sooner(b.end, func() { s.end(b) })
		case b.status == trialing || b.status == active || b.status == pastDue:
			sooner(b.end, func() { s.renew(b) })
		}
	}
	return first
}

func (s *Server) warn(b *subscription) {
	b.warned = true
	s.emit("customer.subscription.trial_will_end", b.object(), nil)
}
