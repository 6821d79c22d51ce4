// Package access says who asks, where, and as what: plain values that identity fills and every room
// checks. A room's first line turns a Viewer into a Scope; every query of a tenant's rows takes the
// scope's organization.
package access

import (
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// Role is what a member may do. Each role may do all that the ones below it may.
type Role string

const (
	Viewing  Role = "VIEWER"
	Analyst  Role = "ANALYST"
	Operator Role = "OPERATOR"
	Admin    Role = "ADMIN"
	Owner    Role = "OWNER"
)

// rank orders the roles; an unknown role may do nothing.
func (r Role) rank() int {
	switch r {
	case Viewing:
		return 1
	case Analyst:
		return 2
	case Operator:
		return 3
	case Admin:
		return 4
	case Owner:
		return 5
	}
	return 0
}

// Reaches says whether r may do what least asks for.
func (r Role) Reaches(least Role) bool { return r.rank() > 0 && r.rank() >= least.rank() }

// Permission is what a screen may offer; the server checks again.
type Permission string

const (
	CallWrite          Permission = "CALL_WRITE"
	Transcribe         Permission = "TRANSCRIBE"
	RecordingDelete    Permission = "RECORDING_DELETE"
	RecordingHold      Permission = "RECORDING_HOLD"
	InboxManage        Permission = "INBOX_MANAGE"
	OrganizationUpdate Permission = "ORGANIZATION_UPDATE"
)

// Permissions lists what a role may do.
func (r Role) Permissions() []Permission {
	list := []Permission{}
	if r.Reaches(Operator) {
		list = append(list, CallWrite, Transcribe)
	}
	if r.Reaches(Admin) {
		list = append(list, RecordingDelete, RecordingHold, InboxManage, OrganizationUpdate)
	}
	return list
}

// Membership is one organization that the viewer belongs to.
type Membership struct {
	ID             uuid.UUID
	OrganizationID uuid.UUID
	Role           Role
	CreatedAt      time.Time
}

// Viewer is who is asking. The zero Viewer is nobody.
type Viewer struct {
	UserID      uuid.UUID
	SessionID   string // hash of the token, to end what it opened; never the token
	IssuedAt    time.Time
	ExpiresAt   time.Time
	Memberships []Membership
}

// Scope is the right to act in one organization.
type Scope struct {
	OrganizationID uuid.UUID
	UserID         uuid.UUID
	Role           Role
}

// SignedIn says whether somebody is asking.
func (v Viewer) SignedIn() bool { return v.UserID != uuid.Nil }

// Scope gives the right to act in an organization with at least this role. Errors: Unauthenticated for
// nobody, NotFound for an organization that does not exist or that the viewer is no member of, Forbidden
// for a role that does not reach.
func (v Viewer) Scope(organization ids.ID, least Role) (Scope, error) {
	if !v.SignedIn() {
		return Scope{}, fault.Unauthenticated()
	}
	for _, m := range v.Memberships {
		if !organization.Is(ids.Organization) || m.OrganizationID != organization.UUID {
			continue
		}
		if !m.Role.Reaches(least) {
			return Scope{}, fault.Forbidden("This needs the role %s; yours is %s.", least, m.Role)
		}
		return Scope{OrganizationID: m.OrganizationID, UserID: v.UserID, Role: m.Role}, nil
	}
	return Scope{}, fault.NotFound("organization")
}

// RoleIn is the viewer's role in an organization; empty for one that it is no member of.
func (v Viewer) RoleIn(organization ids.ID) Role {
	scope, _ := v.Scope(organization, Viewing)
	return scope.Role
}

// Only is the organization of the only membership, which nobody has to choose; else none.
func (v Viewer) Only() uuid.UUID {
	if len(v.Memberships) != 1 {
		return uuid.Nil
	}
	return v.Memberships[0].OrganizationID
}

// Organizations are the tenants whose rows the viewer may look for by id.
func (v Viewer) Organizations() []uuid.UUID {
	all := make([]uuid.UUID, len(v.Memberships))
	for i, m := range v.Memberships {
		all[i] = m.OrganizationID
	}
	return all
}
