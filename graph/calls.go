package graph

import (
	"context"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/graph/model"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/recording"
	"github.com/switchboard-voice/switchboard/internal/telephony"
	"github.com/switchboard-voice/switchboard/internal/transcription"
)

// callAnswers is the part of an answer's memory that hangs on calls.
type callAnswers struct {
	calls     loader[*telephony.Call]
	legs      loader[[]telephony.Leg]
	notes     loader[[]telephony.Note]
	ofCalls   loader[[]recording.Recording]
	timelines loader[[]activity.Event]
	numbers   loader[[]telephony.PhoneNumber]
	rules     loader[*telephony.Settings]
}

// callers are the loaders of calls; what hangs on one call shares a crowd.
func (r *Resolver) callers(v access.Viewer, a *answer) {
	together := &crowd{}
	a.calls = loader[*telephony.Call]{crowd: &crowd{}, read: meeting(as(r.Calls.ByID), a.metCalls)}
	a.legs = loader[[]telephony.Leg]{crowd: together, read: as(r.Calls.Legs)}
	a.numbers = loader[[]telephony.PhoneNumber]{crowd: a.organizations.crowd, read: as(r.Calls.Numbers)}
	a.rules = loader[*telephony.Settings]{crowd: a.organizations.crowd, read: as(r.Calls.Settings)}
	a.notes = loader[[]telephony.Note]{crowd: together, read: func(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]telephony.Note, error) {
		found, err := r.Calls.Notes(ctx, v, ids)
		a.users.crowd.meet(each(flat(found), func(n telephony.Note) uuid.UUID { return orNil(n.Author) }))
		return found, err
	}}
	a.ofCalls = loader[[]recording.Recording]{crowd: together, read: func(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]recording.Recording, error) {
		found, err := r.Recordings.OfCalls(ctx, v, ids)
		a.metRecordings(flat(found))
		return found, err
	}}
	a.timelines = loader[[]activity.Event]{crowd: together, read: func(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]activity.Event, error) {
		return r.timelines(ctx, v, a, ids)
	}}
}

func (a *answer) metCalls(list []telephony.Call) {
	a.legs.crowd.meet(each(list, func(c telephony.Call) uuid.UUID { return c.ID.UUID }))
	a.organizations.crowd.meet(each(list, func(c telephony.Call) uuid.UUID { return c.OrganizationID.UUID }))
	a.users.crowd.meet(people(list))
}

// people are those who began calls or said how they went, once each.
func people(list []telephony.Call) []uuid.UUID {
	all := make([]*uuid.UUID, 0, 2*len(list))
	for _, c := range list {
		all = append(all, c.CreatedBy, c.DispositionSetBy)
	}
	return each(all, orNil)
}

// person is somebody who may have left.
func (a *answer) person(ctx context.Context, id *uuid.UUID) (*identity.User, error) {
	if id == nil {
		return nil, nil
	}
	return a.users.load(ctx, *id)
}

// callOf is the call that a recording is of.
func (a *answer) callOf(ctx context.Context, r *recording.Recording) (*telephony.Call, error) {
	if r.CallID == nil {
		return nil, nil
	}
	return a.calls.load(ctx, r.CallID.UUID)
}

// transcript is the newest transcription of the first recording that has one.
func (a *answer) transcript(ctx context.Context, c *telephony.Call) (*transcription.Transcription, error) {
	recordings, err := a.ofCalls.load(ctx, c.ID.UUID)
	for _, rec := range recordings {
		list, err := a.ofRecordings.load(ctx, rec.ID.UUID)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			return &list[0], nil
		}
	}
	return nil, err
}

// timelines gathers what happened to calls, their recordings and the transcriptions of these, with one
// statement a kind.
func (r *Resolver) timelines(ctx context.Context, v access.Viewer, a *answer, calls []uuid.UUID) (map[uuid.UUID][]activity.Event, error) {
	subjects := map[uuid.UUID]uuid.UUID{} // of which call each thing is
	for _, call := range calls {
		subjects[call] = call
		recordings, err := a.ofCalls.load(ctx, call)
		if err != nil {
			return nil, err
		}
		for _, rec := range recordings {
			subjects[rec.ID.UUID] = call
			list, err := a.ofRecordings.load(ctx, rec.ID.UUID)
			if err != nil {
				return nil, err
			}
			for _, t := range list {
				subjects[t.ID.UUID] = call
			}
		}
	}
	things := make([]uuid.UUID, 0, len(subjects))
	for thing := range subjects {
		things = append(things, thing)
	}
	list, err := r.Activities.Of(ctx, v, things)
	found := make(map[uuid.UUID][]activity.Event, len(calls))
	for _, e := range list {
		found[subjects[e.Subject.UUID]] = append(found[subjects[e.Subject.UUID]], e)
	}
	a.metEvents(list)
	return found, err
}

func flat[T any](of map[uuid.UUID][]T) (all []T) {
	for _, list := range of {
		all = append(all, list...)
	}
	return all
}

func wished(in model.CallStartInput) telephony.StartInput {
	return telephony.StartInput{OrganizationID: in.OrganizationID, To: in.To, FromNumberID: in.FromNumberID.Value(), Record: in.Record.Value(), IdempotencyKey: in.IdempotencyKey}
}

func sifted(in *model.CallFilter) telephony.Filter {
	if in == nil {
		return telephony.Filter{}
	}
	return telephony.Filter{
		Status: in.Status.Value(), Disposition: in.Disposition.Value(), Direction: in.Direction.Value(),
		CreatedAfter: in.CreatedAfter.Value(), CreatedBefore: in.CreatedBefore.Value(), Search: in.Search.Value(), HasTranscript: in.HasTranscript.Value(),
	}
}

func ordered(in *telephony.Order) telephony.Order {
	if in == nil {
		return telephony.Order{}
	}
	return *in
}

// ruled tells what was not given from what was given as null.
func ruled(in model.TelephonySettingsUpdateInput) telephony.SettingsChange {
	c := telephony.SettingsChange{
		OrganizationID: in.OrganizationID, Record: in.Record.Value(), Announce: in.Announce.Value(), Transcribe: in.Transcribe.Value(),
		MaxConcurrentCalls: in.MaxConcurrentCalls.Value(), MaxDailyCalls: in.MaxDailyCalls.Value(),
	}
	if text, set := in.Announcement.ValueOK(); set {
		c.Announcement = &telephony.Optional[string]{Value: text}
	}
	if countries, set := in.AllowedCountries.ValueOK(); set {
		c.AllowedCountries = &telephony.Optional[[]string]{}
		if countries != nil {
			c.AllowedCountries.Value = &countries
		}
	}
	return c
}

func renumbered(in model.PhoneNumberUpdateInput) telephony.NumberChange {
	c := telephony.NumberChange{ID: in.ID}
	if label, set := in.Label.ValueOK(); set {
		c.Label = &telephony.Optional[string]{Value: label}
	}
	if to, set := in.ForwardTo.ValueOK(); set {
		c.ForwardTo = &telephony.Optional[string]{Value: to}
	}
	return c
}
