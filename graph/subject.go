package graph

import (
	"context"

	"github.com/switchboard-voice/switchboard/graph/model"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// metSubjects says of things of several kinds which came together. Other kinds have no loader: what is the subject of
// many rows has to be one of these.
func (a *answer) metSubjects(list []ids.ID) {
	a.organizations.crowd.meet(kind(list, ids.Organization))
	a.transcriptions.crowd.meet(kind(list, ids.Transcription))
	a.recordings.crowd.meet(kind(list, ids.Recording))
	a.calls.crowd.meet(kind(list, ids.Call))
}

// perhaps is the node of an id that may be missing.
func (r *Resolver) perhaps(ctx context.Context, id *ids.ID) (model.Node, error) {
	if id == nil {
		return nil, nil
	}
	return r.node(ctx, *id)
}

func orNone(id *ids.ID) ids.ID {
	if id == nil {
		return ids.ID{}
	}
	return *id
}
