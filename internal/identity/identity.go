// Package identity knows users, organizations with their settings, and who belongs where as what: how people
// get in, what they have open, whom they invite. It turns a token into a Viewer, and tells what is open when
// that Viewer may no longer look. Nothing that it answers to strangers tells who has an account.
package identity

import (
	"cmp"
	"net"
	"time"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/live"
	"github.com/switchboard-voice/switchboard/internal/password"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// User is a person.
type User struct {
	ID        ids.ID
	Name      *string
	Email     string
	AvatarURL *string

	proven string // the hash of the password that they have just given; empty for another way in
}

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
	jobs       *jobs.Queue
	keys       *authjs.Keys
	passwords  *password.Guard
	hub        *live.Hub
	seal       seal
	lookup     Lookup
	sessionAge time.Duration
	updateAge  time.Duration
	auditFor   time.Duration
	trustEmail bool
	now        func() time.Time
}

// Deps is what the room needs. Tools that only read may leave out what they do not use.
type Deps struct {
	Store     *postgres.Store
	Jobs      *jobs.Queue
	Keys      *authjs.Keys
	Passwords *password.Guard
	Hub       *live.Hub // wakes sockets whose session may have ended
	// SealKeys encrypt client secrets of organizations' sign-on, 32 bytes each; the first encrypts.
	SealKeys [][]byte
	// Lookup finds TXT records; nil: DNS.
	Lookup Lookup
	// SessionAge is how long a session lives that nobody uses, UpdateAge how old it is when use renews it; 0:
	// Auth.js's own.
	SessionAge, UpdateAge time.Duration
	// AuditFor is how long the register of organizations is kept; 0: 400 days.
	AuditFor time.Duration
	// TrustEmail lets a token whose subject is none of our users name one by its address. It is right as
	// long as every sign-in provider of the frontend verifies addresses.
	TrustEmail bool
	Now        func() time.Time
}

const (
	// sessionAge and updateAge are Auth.js's own.
	sessionAge = 30 * 24 * time.Hour
	updateAge  = 24 * time.Hour
	// auditFor is what the audit log is kept for where nobody says otherwise.
	auditFor = 400 * 24 * time.Hour
)

// New makes the service.
func New(d Deps) *Service {
	if d.Lookup == nil {
		d.Lookup = net.DefaultResolver.LookupTXT
	}
	return &Service{
		store: d.Store, jobs: d.Jobs, keys: d.Keys, passwords: d.Passwords, hub: d.Hub, seal: seal(d.SealKeys), lookup: d.Lookup,
		sessionAge: cmp.Or(d.SessionAge, sessionAge), updateAge: cmp.Or(d.UpdateAge, updateAge), auditFor: cmp.Or(d.AuditFor, auditFor),
		trustEmail: d.TrustEmail, now: d.Now,
	}
}

func user(r *db.User) User {
	return User{ID: ids.Of(ids.User, r.ID), Name: r.Name, Email: r.Email, AvatarURL: r.AvatarUrl}
}

func organization(r *db.Organization) Organization {
	return Organization{
		ID: ids.Of(ids.Organization, r.ID), Name: r.Name, Slug: r.Slug, CreatedAt: r.CreatedAt,
		Settings: Settings{TranscribeUploads: r.TranscribeUploads, LanguageCode: r.LanguageCode, Analysis: analyses(r.Analysis), RecordingRetentionDays: postgres.Int(r.RecordingRetentionDays)},
	}
}

func membership(r *db.Membership) Membership {
	return Membership{
		ID: ids.Of(ids.Membership, r.ID), OrganizationID: ids.Of(ids.Organization, r.OrganizationID),
		UserID: ids.Of(ids.User, r.UserID), Role: access.Role(r.Role), CreatedAt: r.CreatedAt,
	}
}

// given is nothing where something went wrong.
func given[T any](v T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// missingOr is missing, also where the id was of another kind.
func missingOr(err error, thing string) error {
	if err == nil {
		return fault.NotFound(thing)
	}
	return postgres.NotFound(err, thing)
}
