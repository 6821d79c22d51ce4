package postgres

import "context"

// Session runs the listener until its connection ends, and says why; Run only logs that and goes on.
func (l Listener) Session(ctx context.Context) error { return l.session(ctx) }
