package telephony

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
)

const (
	// maxQuestion is many times the form with which the provider asks.
	maxQuestion = 64 << 10
	// answerTimeout is below the five seconds after which the provider gives up.
	answerTimeout = 4 * time.Second
	// longest is the provider's own limit for a call.
	longest = 4 * time.Hour
	// longestMessage and silenceEnds end a recording of somebody whom nobody listens to.
	longestMessage, silenceEnds = time.Hour, 10 * time.Second
	// alone is how long a line is held on which there is nobody to talk to.
	alone = time.Minute
	// nobody is said to a caller whom the number connects with nobody and whose words are not kept.
	nobody = "Nobody can take your call at the moment."
	// finished marks the question that follows a recorded message.
	finished = "finished"
)

// ServeHTTP tells the provider what to do with a call that somebody answered, or that came in. An answer other
// than 200 makes it hang up.
func (w *Worker) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxQuestion))
	if err != nil {
		http.Error(rw, "The body could not be read.", http.StatusBadRequest)
		return
	}
	if !signalwire.Verify(w.options.PublicURL, w.options.SigningKeys, r, body) {
		http.Error(rw, "The signature is missing or wrong.", http.StatusUnauthorized)
		return
	}
	note, err := signalwire.ParseCallback(r.Header.Get("Content-Type"), body)
	if err != nil {
		http.Error(rw, "This is not a question about a call.", http.StatusBadRequest)
		return
	}
	document, err := w.document(ctx, note, r)
	var text []byte
	if err == nil {
		text, err = document.Encode()
	}
	if err != nil {
		slog.ErrorContext(ctx, "the provider's question about a call could not be answered", "leg", note.CallSid, "error", err)
		http.Error(rw, "This cannot be answered now.", http.StatusServiceUnavailable)
		return
	}
	rw.Header().Set("Content-Type", signalwire.DocumentType)
	_, _ = rw.Write(text)
}

// document is what to do with a call. One that is nobody's, over, or dialed twice is hung up.
func (w *Worker) document(ctx context.Context, note signalwire.Callback, r *http.Request) (signalwire.Document, error) {
	end := signalwire.Document{signalwire.Hangup{}}
	query := r.URL.Query()
	if query.Has(finished) {
		return end, nil
	}
	call, err := w.asked(ctx, note, query.Get(ourID))
	if err != nil || call == nil || !Status(call.Status).Live() || call.HangupAt != nil {
		return end, err
	}
	leg, err := w.store.GetFirstCallLeg(ctx, call.ID)
	if err == nil && leg.ProviderID != note.CallSid {
		return end, nil
	}
	if err != nil && !postgres.Missing(err) {
		return nil, fmt.Errorf("reading the first leg: %w", err)
	}
	if call.ForwardTo, err = w.connected(ctx, call); err != nil {
		return nil, err
	}
	// The news is read even if the callback with it is lost or late.
	err = w.store.InTx(ctx, func(tx *postgres.Tx) error {
		return w.jobs.Enqueue(ctx, tx, checkArgs{CallID: call.ID, ProviderID: note.CallSid})
	})
	return w.script(call), err
}

// connected is who is connected with whoever is on the line; nil: nobody. A number of this service is not: two that
// are forwarded to each other would call each other without end.
func (w *Worker) connected(ctx context.Context, call *db.Call) (*string, error) {
	if call.ForwardTo == nil {
		return nil, nil
	}
	_, err := w.store.GetPhoneNumberByNumber(ctx, *call.ForwardTo)
	if postgres.Missing(err) {
		return call.ForwardTo, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking whose number a call is forwarded to: %w", err)
	}
	return nil, nil
}

// asked finds the call that the provider asks about.
func (w *Worker) asked(ctx context.Context, note signalwire.Callback, id string) (*db.Call, error) {
	if id == "" && note.Direction == signalwire.Inbound {
		return w.takeIn(ctx, signalwire.Call{Sid: note.CallSid, Status: note.Status, Direction: note.Direction, From: note.From, To: note.To})
	}
	ours, err := uuid.Parse(id)
	if err != nil {
		return nil, nil
	}
	call, err := w.store.GetCallForWork(ctx, ours)
	if postgres.Missing(err) || err == nil && (note.To != call.ToNumber || note.From != call.FromNumber) {
		return nil, nil
	}
	return call, err
}

// script is the conversation: the announcement before everything that is recorded.
func (w *Worker) script(call *db.Call) signalwire.Document {
	var d signalwire.Document
	if call.Announcement != nil {
		d = append(d, signalwire.Say{Text: *call.Announcement})
	}
	told := w.options.webhook(call.ID)
	kept := []signalwire.RecordingStatus{signalwire.RecordingInProgress, signalwire.RecordingCompleted, signalwire.RecordingAbsent}
	switch {
	case call.ForwardTo != nil:
		dial := signalwire.Dial{Number: *call.ForwardTo, Record: call.Record, StatusURL: told, StatusEvents: events, RingFor: ringFor, TimeLimit: longest}
		if call.Direction == string(Outbound) {
			dial.CallerID = call.FromNumber
		}
		if call.Record {
			dial.RecordingURL, dial.RecordingEvents = told, kept
		}
		return append(d, dial)
	case call.Record:
		return append(d, signalwire.Record{
			Most: longestMessage, SilenceEnds: silenceEnds, Beep: call.Direction == string(Inbound), ActionURL: w.options.answer(call.ID) + "&" + finished + "=1",
			RecordingURL: told, RecordingEvents: kept,
		}, signalwire.Hangup{})
	case call.Direction == string(Inbound):
		return append(d, signalwire.Say{Text: nobody}, signalwire.Hangup{})
	}
	return append(d, signalwire.Pause{For: alone}, signalwire.Hangup{})
}
