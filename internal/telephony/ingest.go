package telephony

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
)

// earlyPause and earlyFor are for a knock that is ahead of what the provider answers when it is asked: ask again
// soon, and after a while leave it to the sweep.
const earlyPause, earlyFor = time.Second, time.Minute

// Source is SignalWire's door in the inbox.
func (w *Worker) Source() inbox.Source {
	return inbox.Source{Name: inbox.SignalWire, Secret: signalwire.SignatureHeader, Handle: w.Ingest, Read: w.read}
}

// read checks who sent a callback and says what makes two of them the same.
func (w *Worker) read(r *http.Request, body []byte) (inbox.Delivery, error) {
	if !signalwire.Verify(w.options.PublicURL, w.options.SigningKeys, r, body) {
		return inbox.Delivery{}, inbox.ErrForged
	}
	note, err := signalwire.ParseCallback(r.Header.Get("Content-Type"), body)
	switch {
	case err != nil || note.CallSid == "":
		return inbox.Delivery{Type: "other", Same: []string{r.URL.RawQuery, string(body)}}, nil
	case about(note):
		return inbox.Delivery{
			Type: "recording " + string(note.Recording.Status), ExternalID: note.Recording.Sid,
			Same: []string{"recording", note.Recording.Sid, string(note.Recording.Status)},
		}, nil
	}
	return inbox.Delivery{
		Type: "call " + string(note.Status), ExternalID: note.CallSid,
		Same: []string{"call", note.CallSid, string(note.Status), strconv.Itoa(note.Sequence)},
	}, nil
}

// about says that a callback is about a recording and tells nothing of the call.
func about(note signalwire.Callback) bool {
	return note.Recording != nil && note.Recording.Status != ""
}

// Ingest takes a callback: it asks the provider how the call is, finds whose it is, and brings that into ours.
// What the callback says besides the ids is not believed.
func (w *Worker) Ingest(ctx context.Context, event inbox.Event) (inbox.Matched, error) {
	note, err := signalwire.ParseCallback(contentType(event.Body), event.Body)
	if err != nil {
		return inbox.Matched{}, jobs.GiveUp(fmt.Errorf("reading the callback: %w", err))
	}
	if note.CallSid == "" { // of the provider's other API, which we do not use
		return inbox.Matched{}, nil
	}
	call, seen, err := w.locate(ctx, note.CallSid, event)
	if err != nil || call == nil {
		return inbox.Matched{}, err
	}
	matched := inbox.Matched{OrganizationID: call.OrganizationID, Subject: ids.Of(ids.Call, call.ID)}
	if about(note) {
		matched.Subject, err = w.recorded(ctx, call, note, event.ReceivedAt)
		return matched, err
	}
	err = w.apply(ctx, call.ID, *seen)
	if err == nil && status(seen.Status).CanBecome(status(note.Status)) {
		err = w.early(event.ReceivedAt)
	}
	return matched, err
}

// contentType is what the body looks like: the inbox keeps bytes, and both kinds begin unlike each other.
func contentType(body []byte) string {
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		return "application/json"
	}
	return "application/x-www-form-urlencoded"
}

// locate reads a call at the provider and finds which of ours it belongs to; none for a call that is nobody's
// here, as the provider's account may have other uses.
func (w *Worker) locate(ctx context.Context, sid string, event inbox.Event) (*db.Call, *signalwire.Call, error) {
	seen, err := w.provider.Get(ctx, sid)
	if signalwire.NotFound(err) {
		return nil, nil, w.early(event.ReceivedAt)
	}
	if err != nil {
		return nil, nil, w.wait(fmt.Errorf("asking the provider: %w", err))
	}
	for _, known := range []string{seen.Sid, seen.ParentSid} {
		leg, err := w.store.GetCallLeg(ctx, known)
		if err == nil {
			call, err := w.store.GetCallForWork(ctx, leg.CallID)
			return call, &seen, err
		}
		if !postgres.Missing(err) {
			return nil, nil, fmt.Errorf("looking for the leg: %w", err)
		}
	}
	if seen.ParentSid == "" && seen.Direction == signalwire.Inbound {
		call, err := w.takeIn(ctx, seen)
		return call, &seen, err
	}
	call, err := w.named(ctx, seen, event.Query)
	return call, &seen, err
}

// named finds the call whose id the provider was given with the address that it called. The numbers have to
// be the call's: an id alone would let one call speak for another.
func (w *Worker) named(ctx context.Context, seen signalwire.Call, query string) (*db.Call, error) {
	values, _ := url.ParseQuery(query)
	id, err := uuid.Parse(values.Get(ourID))
	if err != nil {
		return nil, nil
	}
	call, err := w.store.GetCallForWork(ctx, id)
	if postgres.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the call: %w", err)
	}
	if fits := seen.ParentSid == "" && call.Direction == string(Outbound) && seen.To == call.ToNumber && seen.From == call.FromNumber; fits {
		return call, nil
	}
	if seen.ParentSid != "" && call.ForwardTo != nil && seen.To == *call.ForwardTo {
		return call, nil
	}
	return nil, jobs.GiveUp(errors.New("the provider's call has other numbers than the one that it names"))
}

// early puts off what the provider told us of and does not know when it is asked: its word may be ahead of its
// list. After a while it was forgotten, and what is ours is left to the sweep.
func (w *Worker) early(received time.Time) error {
	if w.jobs.Now().Sub(received) < earlyFor {
		return jobs.Later(earlyPause)
	}
	return nil
}
