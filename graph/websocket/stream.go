package websocket

import (
	"context"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

type operationKey struct{}

// Fail makes the subscription of this ctx end in an error message instead of complete, as if the rest of
// its stream were not worth waiting for. A resolver or its producer calls it before it closes its
// channel; the first call counts. The error goes through gqlgen's error presenter. Outside a socket it
// does nothing. gqlgen's transport.AddSubscriptionError must not be called with this ctx: it panics in
// every transport but its own.
func Fail(ctx context.Context, err *gqlerror.Error) {
	if o, ok := ctx.Value(operationKey{}).(*operation); ok {
		o.failure.CompareAndSwap(nil, err)
	}
}

// Pull has the subscription of this ctx call next before each response: next returns when its channel holds
// one more event, or is closed, which it says by false. What waits for an event is then next and nothing
// else, instead of a goroutine beside the executor with all that it prepares for a response. When the
// operation is over next is called a last time, with its ctx ended. A resolver calls Pull at most once; false
// says that there is no socket, and that nobody will call next.
func Pull(ctx context.Context, next func() bool) bool {
	o, ok := ctx.Value(operationKey{}).(*operation)
	if ok {
		o.pull = next
	}
	return ok
}

// await lets the stream find its next event, or its end.
func (o *operation) await() {
	if o.pull != nil && !o.pull() {
		o.pull = nil
	}
}
