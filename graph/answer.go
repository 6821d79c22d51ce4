package graph

import (
	"context"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/page"
	"github.com/switchboard-voice/switchboard/internal/recording"
	"github.com/switchboard-voice/switchboard/internal/transcription"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// answer is the memory of one response: of a query, of a mutation, or of one event of a subscription.
// A socket lives long; a memory as long as its would show old rows.
type answer struct {
	callAnswers

	organizations  loader[*identity.Organization]
	users          loader[*identity.User]
	recordings     loader[*recording.Recording]
	transcriptions loader[*transcription.Transcription]
	ofRecordings   loader[[]transcription.Transcription]
	details        loader[*transcription.Details]
	webhooks       loader[*inbox.Kept]
	contents       loader[*inbox.Content]
	attempts       loader[*time.Time]
	playback       *recording.Playback

	mu         sync.Mutex
	utterances map[transcription.Window]*loader[[]transcription.Utterance]
	counts     map[transcription.Window]*loader[int]

	read   transcriptionReader
	viewer access.Viewer
}

// transcriptionReader is what of the room depends on a field's arguments.
type transcriptionReader interface {
	Utterances(context.Context, access.Viewer, []uuid.UUID, transcription.Window) (map[uuid.UUID][]transcription.Utterance, error)
	CountUtterances(context.Context, access.Viewer, []uuid.UUID, transcription.Window) (map[uuid.UUID]int, error)
}

func (r *Resolver) answer(v access.Viewer) *answer {
	a := &answer{
		utterances: map[transcription.Window]*loader[[]transcription.Utterance]{}, counts: map[transcription.Window]*loader[int]{},
		read: r.Transcriptions, viewer: v, playback: r.Recordings.Playback(v),
	}
	a.organizations = loader[*identity.Organization]{crowd: &crowd{}, read: as(r.People.Organizations)}
	a.users = loader[*identity.User]{crowd: &crowd{}, read: r.People.Users}
	a.recordings = loader[*recording.Recording]{crowd: &crowd{}, read: meeting(as(r.Recordings.ByID), a.metRecordings)}
	a.transcriptions = loader[*transcription.Transcription]{crowd: &crowd{}, read: as(r.Transcriptions.ByID)}
	a.webhooks = loader[*inbox.Kept]{crowd: &crowd{}, read: meeting(as(r.Inbox.ByID), a.metWebhooks)}
	a.contents = loader[*inbox.Content]{crowd: &crowd{}, read: as(r.Inbox.Contents)}
	a.attempts = loader[*time.Time]{crowd: a.contents.crowd, read: as(r.Inbox.NextAttempts)}
	a.details = loader[*transcription.Details]{crowd: &crowd{}, read: as(r.Transcriptions.Details)}
	a.ofRecordings = loader[[]transcription.Transcription]{crowd: &crowd{}, read: func(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]transcription.Transcription, error) {
		found, err := r.Transcriptions.OfRecordings(ctx, v, ids)
		var all []transcription.Transcription
		for _, list := range found {
			all = append(all, list...)
		}
		a.metTranscriptions(all)
		return found, err
	}}
	r.callers(v, a)
	return a
}

// as binds a room's read to the viewer.
func as[V any](read func(context.Context, access.Viewer, []uuid.UUID) (map[uuid.UUID]V, error)) func(context.Context, []uuid.UUID) (map[uuid.UUID]V, error) {
	return func(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]V, error) {
		return read(ctx, viewer(ctx), ids)
	}
}

func (a *answer) utterancesIn(w transcription.Window) *loader[[]transcription.Utterance] {
	return windowed(a, a.utterances, w, a.read.Utterances)
}

func (a *answer) countsIn(w transcription.Window) *loader[int] {
	return windowed(a, a.counts, w, a.read.CountUtterances)
}

// windowed finds the loader of one window. Two fields with other arguments are two questions.
func windowed[V any](a *answer, all map[transcription.Window]*loader[V], w transcription.Window,
	read func(context.Context, access.Viewer, []uuid.UUID, transcription.Window) (map[uuid.UUID]V, error),
) *loader[V] {
	a.mu.Lock()
	defer a.mu.Unlock()
	if all[w] == nil {
		all[w] = &loader[V]{crowd: a.details.crowd, read: func(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]V, error) {
			return read(ctx, a.viewer, ids, w)
		}}
	}
	return all[w]
}

// detail is what an analysis found; empty where there is none yet.
func (a *answer) detail(ctx context.Context, t *transcription.Transcription) (transcription.Details, error) {
	found, err := a.details.load(ctx, t.ID.UUID)
	if found == nil {
		return transcription.Details{}, err
	}
	return *found, err
}

func (a *answer) metTranscriptions(list []transcription.Transcription) {
	a.details.crowd.meet(each(list, func(t transcription.Transcription) uuid.UUID { return t.ID.UUID }))
	a.recordings.crowd.meet(each(list, func(t transcription.Transcription) uuid.UUID { return t.RecordingID.UUID }))
	a.users.crowd.meet(each(list, func(t transcription.Transcription) uuid.UUID { return orNil(t.RequestedBy) }))
}

func (a *answer) metRecordings(list []recording.Recording) {
	a.ofRecordings.crowd.meet(each(list, func(r recording.Recording) uuid.UUID { return r.ID.UUID }))
	a.organizations.crowd.meet(each(list, func(r recording.Recording) uuid.UUID { return r.OrganizationID.UUID }))
	a.calls.crowd.meet(each(list, func(r recording.Recording) uuid.UUID {
		if r.CallID == nil {
			return uuid.Nil
		}
		return r.CallID.UUID
	}))
	a.users.crowd.meet(each(list, func(r recording.Recording) uuid.UUID { return orNil(r.HeldBy) }))
}

func (a *answer) metWebhooks(list []inbox.Kept) {
	a.contents.crowd.meet(each(list, func(k inbox.Kept) uuid.UUID { return k.ID.UUID }))
	a.users.crowd.meet(each(list, func(k inbox.Kept) uuid.UUID { return k.Resolver() }))
	a.metSubjects(each(list, func(k inbox.Kept) ids.ID { return orNone(k.Subject) }))
}

func (a *answer) metMembers(list []identity.Membership) {
	a.users.crowd.meet(each(list, func(m identity.Membership) uuid.UUID { return m.UserID.UUID }))
	a.organizations.crowd.meet(each(list, func(m identity.Membership) uuid.UUID { return m.OrganizationID.UUID }))
}

func (a *answer) metInvites(list []identity.Invite) {
	a.users.crowd.meet(each(list, func(v identity.Invite) uuid.UUID { return orNil(v.InvitedBy) }))
}

func (a *answer) metTokens(list []identity.APIToken) {
	a.users.crowd.meet(each(list, func(t identity.APIToken) uuid.UUID { return t.UserID }))
}

func (a *answer) metEntries(list []activity.Entry) {
	a.users.crowd.meet(each(list, func(e activity.Entry) uuid.UUID { return orNil(e.Actor.UserID) }))
}

func (a *answer) metEvents(list []activity.Event) {
	a.users.crowd.meet(each(list, func(e activity.Event) uuid.UUID { return orNil(e.Actor.UserID) }))
	about := each(list, func(e activity.Event) ids.ID { return e.Subject })
	a.metSubjects(about)
	a.webhooks.crowd.meet(kind(about, ids.Webhook))
}

// each collects the ids of a list, once each and without the empty one.
func each[T any, K comparable](list []T, id func(T) K) []K {
	var empty K
	seen := make(map[K]bool, len(list))
	out := make([]K, 0, len(list))
	for _, item := range list {
		if key := id(item); key != empty && !seen[key] {
			seen[key] = true
			out = append(out, key)
		}
	}
	return out
}

func orNil(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

type answerKey struct{}

// of is the memory of the response that is being made.
func of(ctx context.Context) *answer {
	a, _ := ctx.Value(answerKey{}).(*answer)
	return a
}

// remembering gives each response a memory of its own, and lets no playback link leave that is not written down.
func (r *Resolver) remembering(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	a := r.answer(viewer(ctx))
	response := next(context.WithValue(ctx, answerKey{}, a))
	if err := a.playback.Settle(ctx); err != nil {
		return &graphql.Response{Errors: gqlerror.List{present(ctx, err)}}
	}
	return response
}

// met passes a page on after fn has seen what is on it.
func met[T any](c page.Connection[T], err error, fn func([]T)) (*page.Connection[T], error) {
	if err != nil {
		return nil, err
	}
	fn(c.Nodes())
	return &c, nil
}
