package graph

import (
	"context"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/limit"
)

// Share is what the people of one organization may have together. A limit that is nil is none.
type Share struct {
	Requests *limit.Keyed
	Cost     *limit.Keyed
	Streams  *limit.Places
}

// streamAgain is when a place may be free that was not: by then a socket whose page fell silent is closed.
const streamAgain = time.Minute

// entry charges one operation to the organizations that it gets at, to each once and when it does so. Who
// belongs to two organizations therefore never spends at one what belongs to the other, and whoever is a
// member of neither spends nothing: a room lets nobody else come as far as here.
type entry struct {
	share  Share
	cost   int
	stream context.Context // a subscription's, which gives its place back when it ends; else nil

	mu      sync.Mutex
	entered []visit // a person belongs to few organizations, and most operations are in one
	refused error   // the first
}

// visit is what an organization answered.
type visit struct {
	organization uuid.UUID
	err          error
}

// enter answers a second time what it answered the first time: a list has many rows of one organization.
func (e *entry) enter(organization uuid.UUID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range e.entered {
		if v.organization == organization {
			return v.err
		}
	}
	err := e.charge(organization.String())
	e.entered = append(e.entered, visit{organization, err})
	if e.refused == nil {
		e.refused = err
	}
	return err
}

func (e *entry) charge(organization string) error {
	wait := e.share.Requests.Take(organization, 1)
	if wait == 0 {
		wait = e.share.Cost.Take(organization, e.cost)
	}
	if wait > 0 {
		return fault.Limit(wait, "This organization asked for much in a short time. Come back in %d s.", limit.Seconds(wait))
	}
	if e.stream == nil {
		return nil
	}
	leave, found := e.share.Streams.Take(organization)
	if !found {
		return fault.Limit(streamAgain, "This organization has too many subscriptions open. Close one, or come back later.")
	}
	context.AfterFunc(e.stream, leave)
	return nil
}

// guard makes one refusal the answer to the whole operation: what else it asked for is had again when it
// comes back, and whoever repeats requests looks for the status.
func (e *entry) guard(responses graphql.ResponseHandler) graphql.ResponseHandler {
	return func(ctx context.Context) *graphql.Response {
		response := responses(ctx)
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.refused != nil {
			return refuse(ctx, e.refused)
		}
		return response
	}
}
