package graph

import (
	"context"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/graph/model"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// maxNodes bounds one call of nodes: each id is a statement where ids are of kinds without a loader.
const maxNodes = 100

// node finds what an id names; its prefix says which room to ask. There is no difference between an id
// that names nothing and one that the viewer may not see.
func (r *Resolver) node(ctx context.Context, id ids.ID) (model.Node, error) {
	if !viewer(ctx).SignedIn() { // sees nothing, and need not ask the database for it
		return nil, nil
	}
	switch id.Kind {
	case ids.User:
		return some(r.People.User(ctx, viewer(ctx), id))
	case ids.Membership:
		return some(r.People.Membership(ctx, viewer(ctx), id))
	case ids.Organization:
		return some(of(ctx).organizations.load(ctx, id.UUID))
	case ids.Recording:
		return some(of(ctx).recordings.load(ctx, id.UUID))
	case ids.Upload:
		return some(r.Recordings.GetUpload(ctx, viewer(ctx), id))
	case ids.Transcription:
		return some(of(ctx).transcriptions.load(ctx, id.UUID))
	case ids.Call:
		return some(of(ctx).calls.load(ctx, id.UUID))
	case ids.PhoneNumber:
		return some(r.Calls.Number(ctx, viewer(ctx), id))
	case ids.Subscription:
		return some(r.Payments.Subscription(ctx, viewer(ctx), id))
	case ids.Invoice:
		return some(r.Payments.Invoice(ctx, viewer(ctx), id))
	case ids.PaymentMethod:
		return some(r.Payments.PaymentMethod(ctx, viewer(ctx), id))
	case ids.Session:
		return some(r.People.OwnSession(ctx, viewer(ctx), id))
	case ids.Invite:
		return some(r.People.OpenInvite(ctx, viewer(ctx), id))
	case ids.APIToken:
		return some(r.People.APIToken(ctx, viewer(ctx), id))
	case ids.Activity:
		if event, err := some(r.Activities.Get(ctx, viewer(ctx), id)); event != nil || err != nil {
			return event, err
		}
		return some(r.Activities.Entry(ctx, viewer(ctx), id))
	case ids.Webhook:
		return some(of(ctx).webhooks.load(ctx, id.UUID))
	}
	return nil, nil
}

func (r *Resolver) nodes(ctx context.Context, wanted []ids.ID) ([]model.Node, error) {
	if len(wanted) > maxNodes {
		return nil, fault.Invalid("ids", "Ask for at most %d ids, not %d.", maxNodes, len(wanted))
	}
	of(ctx).metSubjects(wanted)
	of(ctx).webhooks.crowd.meet(kind(wanted, ids.Webhook))
	list := make([]model.Node, len(wanted))
	for i, id := range wanted {
		found, err := r.node(ctx, id)
		if err != nil {
			return nil, err
		}
		list[i] = found
	}
	return list, nil
}

// some turns a typed nil into none, which GraphQL's null needs, and so does NotFound.
func some[T any](found *T, err error) (model.Node, error) {
	found, err = absent(found, err)
	if found == nil || err != nil {
		return nil, err
	}
	return found, nil
}

func kind(list []ids.ID, kind ids.Kind) []uuid.UUID {
	return each(list, func(id ids.ID) uuid.UUID {
		if id.Is(kind) {
			return id.UUID
		}
		return uuid.Nil
	})
}
