// Package model holds the GraphQL types that no room has: payloads and inputs (generated), the pages of
// the rooms' nouns, scalars.
package model

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/page"
	"github.com/switchboard-voice/switchboard/internal/recording"
	"github.com/switchboard-voice/switchboard/internal/telephony"
	"github.com/switchboard-voice/switchboard/internal/transcription"
)

// Node is anything with a global id; the rooms' nouns need not know that they are one.
type Node any

// The pages of the rooms' nouns.
type (
	MembershipConnection    = page.Connection[identity.Membership]
	MembershipEdge          = page.Edge[identity.Membership]
	InviteConnection        = page.Connection[identity.Invite]
	InviteEdge              = page.Edge[identity.Invite]
	APITokenConnection      = page.Connection[identity.APIToken]
	APITokenEdge            = page.Edge[identity.APIToken]
	AuditEventConnection    = page.Connection[activity.Entry]
	AuditEventEdge          = page.Edge[activity.Entry]
	ActivityEventConnection = page.Connection[activity.Event]
	ActivityEventEdge       = page.Edge[activity.Event]
	RecordingConnection     = page.Connection[recording.Recording]
	RecordingEdge           = page.Edge[recording.Recording]
	TranscriptionConnection = page.Connection[transcription.Transcription]
	TranscriptionEdge       = page.Edge[transcription.Transcription]
	WebhookEventConnection  = page.Connection[inbox.Kept]
	WebhookEventEdge        = page.Edge[inbox.Kept]
	UtteranceEdge           = page.Edge[transcription.Utterance]
	CallEdge                = page.Edge[telephony.Call]
	InvoiceConnection       = page.Connection[billing.Invoice]
	InvoiceEdge             = page.Edge[billing.Invoice]
)

// CallConnection is a page that knows what it is of, so that the total is counted only when asked for.
type CallConnection struct {
	page.Connection[telephony.Call]
	OrganizationID ids.ID
	Filter         telephony.Filter
}

// UtteranceConnection is a page that knows whose it is, so that the total is counted only when asked for.
type UtteranceConnection struct {
	page.Connection[transcription.Utterance]
	TranscriptionID ids.ID
	Window          transcription.Window
}

// MarshalDateTime writes a time as RFC 3339 in UTC.
func MarshalDateTime(t time.Time) graphql.Marshaler { return graphql.MarshalTime(t.UTC()) }

// UnmarshalDateTime reads RFC 3339 of any zone.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, fmt.Errorf("a DateTime is a string")
	}
	return time.Parse(time.RFC3339, s)
}

// MarshalJSON writes a value that a room has encoded.
func MarshalJSON(raw json.RawMessage) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(raw) })
}

// UnmarshalJSON refuses: no input takes one.
func UnmarshalJSON(any) (json.RawMessage, error) {
	return nil, fmt.Errorf("JSON is never an input")
}
