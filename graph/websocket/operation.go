package websocket

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

// operation is one subscribe message and what became of it.
type operation struct {
	socket  *socket
	id      string
	size    int // bytes of the subscribe message
	ctx     context.Context
	cancel  context.CancelFunc
	failure atomic.Pointer[gqlerror.Error]
	pull    func() bool // a subscription's, see Pull
}

// errFull refuses an operation above the limits: the socket and its other operations stay.
var errFull = errors.New("too many operations on this socket, complete one first")

func (s *socket) subscribe(m message, size int) error {
	o, err := s.register(m.id, size)
	if errors.Is(err, errFull) {
		code := map[string]any{"code": string(fault.CodeLimit)}
		_ = s.send(errorMessage(m.id, gqlerror.List{{Message: err.Error(), Extensions: code}})) // a failed write has cut the socket
		return nil
	}
	if err != nil {
		return err
	}
	s.spawn(func() { o.run(&m.params) })
	return nil
}

func (s *socket) register(id string, size int) (*operation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != ready { // a socket that is closing has said why already: this changes nothing
		return nil, &refusal{closeUnauthorized, "Unauthorized"}
	}
	if _, taken := s.operations[id]; taken {
		return nil, &refusal{closeSubscriberExists, "Subscriber for " + id + " already exists"}
	}
	if !s.room(size) {
		return nil, errFull
	}
	o := &operation{socket: s, id: id, size: size}
	// An operation of a socket that is hours old is no part of the request that opened it.
	o.ctx, o.cancel = context.WithCancel(context.WithValue(telemetry.Apart(s.session), operationKey{}, o))
	if s.operations == nil {
		s.operations = make(map[string]*operation, 1)
	}
	s.operations[id] = o
	s.running++
	s.held += size
	s.transport.operations.Add(1)
	return o, nil
}

// room says whether one more operation fits. Those that were completed but have not stopped yet do not
// take a place from the client, but there is an end to them too: a resolver may be slow to notice. All
// subscribe messages together may hold four times the largest one.
func (s *socket) room(size int) bool {
	most := s.transport.config.MaxOperations
	return len(s.operations) < most && s.running < 2*most && s.held+size <= 4*int(s.transport.config.ReadLimit)
}

// complete is the client's: nothing more is sent for the id, which is free again.
func (s *socket) complete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, ok := s.operations[id]; ok {
		delete(s.operations, id)
		o.cancel()
	}
}

// forget frees the id and says whether it was still this operation's.
func (s *socket) forget(o *operation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.operations[o.id] != o {
		return false
	}
	delete(s.operations, o.id)
	return true
}

func (o *operation) run(params *graphql.RawParams) {
	defer func() {
		o.cancel()
		o.socket.forget(o)
		o.socket.mu.Lock()
		o.socket.running--
		o.socket.held -= o.size
		o.socket.mu.Unlock()
		o.socket.transport.operations.Add(-1)
	}()
	defer func() {
		o.cancel()
		o.await()
	}()
	o.execute(params)
}

// execute drives the executor as gqlgen's own transports do.
func (o *operation) execute(params *graphql.RawParams) {
	exec := o.socket.exec
	ctx := graphql.StartOperationTrace(o.ctx)
	params.ReadTime = graphql.TraceTiming{Start: graphql.Now(), End: graphql.Now()}
	var rc *graphql.OperationContext
	defer func() {
		if p := recover(); p != nil {
			o.panicked(ctx, rc, p)
		}
	}()
	rc, errs := exec.CreateOperationContext(ctx, params)
	ctx = graphql.WithOperationContext(ctx, rc)
	if len(errs) > 0 {
		o.fail(ctx, errs...)
		return
	}
	responses, ctx := exec.DispatchOperation(ctx, rc)
	for {
		o.await()
		response := responses(ctx)
		if response == nil {
			break
		}
		if o.next(ctx, response) != nil {
			return
		}
		if isLast(rc, response) {
			break
		}
	}
	if err := o.failure.Load(); err != nil {
		o.fail(ctx, err)
		return
	}
	_ = o.finish(completeMessage(o.id)) // whoever is not there any more need not know that it is over
}

// isLast ends a query after its one response even if an extension answers for ever.
func isLast(rc *graphql.OperationContext, response *graphql.Response) bool {
	return rc.Operation.Operation != ast.Subscription && (response.HasNext == nil || !*response.HasNext)
}

// panicked tells the client what gqlgen's recover function, which also logs, makes of a panic in a
// resolver. Where there is no operation yet there is no such function, and the error presenter and the
// extensions may not be asked either.
func (o *operation) panicked(ctx context.Context, rc *graphql.OperationContext, p any) {
	if rc == nil || rc.RecoverFunc == nil {
		slog.ErrorContext(ctx, "graphql operation panicked", "panic", p, "stack", string(debug.Stack()))
		_ = o.finish(errorMessage(o.id, nil)) // as in execute
		return
	}
	o.fail(ctx, gqlerror.WrapIfUnwrapped(rc.RecoverFunc(ctx, p)))
}

func (o *operation) next(ctx context.Context, response *graphql.Response) (err error) {
	written := telemetry.Delivering(ctx)
	defer func() { written(err) }()
	s := o.socket
	message, err := nextMessage(o.id, response)
	if err != nil {
		slog.ErrorContext(o.ctx, "graphql response cannot be encoded", "error", err)
		return errors.Join(err, o.finish(errorMessage(o.id, nil)))
	}
	if err := s.await(o.ctx); err != nil {
		return err
	}
	defer s.yield()
	return s.write(message)
}

func (o *operation) fail(ctx context.Context, errs ...*gqlerror.Error) {
	response := o.socket.exec.DispatchError(ctx, errs)
	_ = o.finish(errorMessage(o.id, response.Errors)) // as in execute
}

// finish sends the last message for the id. The id is free before the client can read that it is.
func (o *operation) finish(message []byte) error {
	s := o.socket
	if err := s.await(o.ctx); err != nil {
		return err
	}
	defer s.yield()
	if !s.forget(o) {
		return context.Canceled
	}
	return s.write(message)
}
