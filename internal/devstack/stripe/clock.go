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
	defer s.leave()
	s.dirty = true
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
		if k.Status == open {
			sooner(k.Expires, func() { s.expire(k) })
		}
	}
	for _, i := range s.invoices {
		if i.Status == open && i.NextAttempt > 0 {
			sooner(i.NextAttempt, func() { s.collect(i, s.payer(s.subscription(i.Subscription))) })
		}
	}
	for _, b := range s.subscriptions {
		switch {
		case b.Status == trialing && !b.Warned:
			sooner(max(b.TrialEnd-warning, b.Created), func() { s.warn(b) })
		case b.CancelAtEnd && b.live():
			sooner(b.End, func() { s.end(b) })
		case b.Status == trialing || b.Status == active || b.Status == pastDue:
			sooner(b.End, func() { s.renew(b) })
		}
	}
	return first
}

func (s *Server) warn(b *subscription) {
	b.Warned = true
	s.emit("customer.subscription.trial_will_end", b.object(), nil)
}
