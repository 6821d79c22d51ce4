package stripe

import (
	"encoding/json"
	"log/slog"
	"reflect"
)

// event is what happened, as it was then.
type event struct {
	id, kind, customer string
	body               []byte
}

// emit keeps an event and has it sent.
func (s *Server) emit(kind string, about, before object) {
	data := object{"object": about}
	if before != nil {
		data["previous_attributes"] = before
	}
	e := &event{id: newID("evt"), kind: kind}
	e.customer, _ = about["customer"].(string)
	if about["object"] == "customer" {
		e.customer, _ = about["id"].(string)
	}
	body, err := json.Marshal(object{
		"id": e.id, "object": "event", "api_version": s.config.EventVersion, "created": s.now(), "data": data, "livemode": false,
		"pending_webhooks": 1, "request": object{"id": nil, "idempotency_key": nil}, "type": kind,
	})
	if err != nil {
		slog.Error("encoding an event of the local payment service failed", "type", kind, "error", err)
		return
	}
	e.body = body
	if len(s.events) >= maxObjects {
		s.events = s.events[1:]
	}
	s.events, s.dirty = append(s.events, e), true
	s.enqueue(e)
}

// changed changes something and tells what it was before.
func (s *Server) changed(kind string, what interface{ object() object }, change func()) {
	was := what.object()
	change()
	is, before := what.object(), object{}
	for name, value := range is {
		if !reflect.DeepEqual(value, was[name]) {
			before[name] = was[name]
		}
	}
	s.emit(kind, is, before)
}

// Event is one that was told, or would have been. A dispute does not say whose it is.
type Event struct{ ID, Type, Customer string }

// Events are all so far, oldest first, whether they were delivered or not.
func (s *Server) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Event, len(s.events))
	for i, e := range s.events {
		all[i] = Event{e.id, e.kind, e.customer}
	}
	return all
}

// Resend sends events again in the order of the ids, whatever the faults are: how a test makes any order.
func (s *Server) Resend(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if e := find(s.events, func(e *event) bool { return e.id == id }); e != nil {
			s.push(e)
		}
	}
}
