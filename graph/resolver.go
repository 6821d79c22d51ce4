// Package graph is the face of the service: the schema, one resolver a field that hands the question to
// the room that knows, and how faults are shown. Nothing is decided here.
package graph

import (
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/recording"
	"github.com/switchboard-voice/switchboard/internal/telephony"
	"github.com/switchboard-voice/switchboard/internal/transcription"
)

// Resolver has one field a room.
type Resolver struct {
	People         *identity.Service
	Activities     *activity.Service
	Recordings     *recording.Service
	Transcriptions *transcription.Service
	Calls          *telephony.Service
	Inbox          *inbox.Service
	Payments       *billing.Service
}
