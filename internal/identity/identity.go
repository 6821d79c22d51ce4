// Package identity knows users, organizations with their settings, and who belongs where as what. It
// turns a token into a Viewer, and tells what is open when that Viewer may no longer look.
package identity

import (
	"fmt"
	"slices"
	"time"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// User is a person.
type User struct {
	ID        ids.ID
	Name      *string
	Email     string
	AvatarURL *string
}

// Analysis is something that a provider can find out about a conversation.
type Analysis string

const (
	Speakers      Analysis = "SPEAKERS"
	Sentiment     Analysis = "SENTIMENT"
	Entities      Analysis = "ENTITIES"
	Chapters      Analysis = "CHAPTERS"
	Topics        Analysis = "TOPICS"
	ContentSafety Analysis = "CONTENT_SAFETY"
)

// Settings are an organization's choices.
type Settings struct {
	TranscribeUploads bool       // a completed upload is transcribed unless the request says otherwise
	LanguageCode      *string    // nil: the provider detects it
	Analysis          []Analysis // nil: what the operator of the service configured
	// RecordingRetentionDays is after how long recordings are deleted; nil: never.
	RecordingRetentionDays *int
}

// Organization is a tenant.
type Organization struct {
	ID        ids.ID
	Name      string
	Slug      string
	Settings  Settings
	CreatedAt time.Time
}

// Membership is a person's place in an organization.
type Membership struct {
	ID             ids.ID
	OrganizationID ids.ID
	UserID         ids.ID
	Role           access.Role
	CreatedAt      time.Time
}

// Service is the door for people, and for the transport that asks who they are.
type Service struct {
	store      *postgres.Store
	keys       *authjs.Keys
	trustEmail bool
	now        func() time.Time
}

// Deps is what the room needs.
type Deps struct {
	Store *postgres.Store
	Keys  *authjs.Keys
	// TrustEmail lets a token whose subject is none of our users name one by its address. It is right as
	// long as every sign-in provider of the frontend verifies addresses.
	TrustEmail bool
	Now        func() time.Time
}

// New makes the service.
func New(d Deps) *Service {
	return &Service{store: d.Store, keys: d.Keys, trustEmail: d.TrustEmail, now: d.Now}
}

func user(r *db.User) User {
	return User{ID: ids.Of(ids.User, r.ID), Name: r.Name, Email: r.Email, AvatarURL: r.AvatarUrl}
}

func organization(r *db.Organization) Organization {
	return Organization{
		ID: ids.Of(ids.Organization, r.ID), Name: r.Name, Slug: r.Slug, CreatedAt: r.CreatedAt,
		Settings: Settings{TranscribeUploads: r.TranscribeUploads, LanguageCode: r.LanguageCode, Analysis: analyses(r.Analysis), RecordingRetentionDays: number(r.RecordingRetentionDays)},
	}
}

func number(n *int32) *int {
	if n == nil {
		return nil
	}
	v := int(*n)
	return &v
}

func membership(r *db.Membership) Membership {
	return Membership{
		ID: ids.Of(ids.Membership, r.ID), OrganizationID: ids.Of(ids.Organization, r.OrganizationID),
		UserID: ids.Of(ids.User, r.UserID), Role: access.Role(r.Role), CreatedAt: r.CreatedAt,
	}
}

func analyses(words []string) []Analysis {
	if words == nil {
		return nil
	}
	list := make([]Analysis, len(words))
	for i, w := range words {
		list[i] = Analysis(w)
	}
	return list
}

// Words are analyses as a database or a configuration spells them.
func Words(list []Analysis) []string {
	if list == nil {
		return nil
	}
	words := make([]string, len(list))
	for i, a := range list {
		words[i] = string(a)
	}
	return words
}

// ParseAnalysis reads one; it refuses what is none.
func ParseAnalysis(word string) (Analysis, error) {
	if a := Analysis(word); slices.Contains([]Analysis{Speakers, Sentiment, Entities, Chapters, Topics, ContentSafety}, a) {
		return a, nil
	}
	return "", fmt.Errorf("%q is no analysis: choose of SPEAKERS, SENTIMENT, ENTITIES, CHAPTERS, TOPICS, CONTENT_SAFETY", word)
}

func missing(err error, thing string) error {
	if postgres.Missing(err) {
		return fault.NotFound(thing)
	}
	return fmt.Errorf("reading %s: %w", thing, err)
}
