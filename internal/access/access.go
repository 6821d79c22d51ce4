// Package access says who asks, where, and as what: plain values that identity fills and every room
// checks. A room's first line turns a Viewer into a Scope; every query of a tenant's rows takes the
// scope's organization.
package access

import (
	"slices"
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

// Lower is the lesser of two roles.
func Lower(a, b Role) Role {
	if a.rank() < b.rank() {
		return a
	}
	return b
}

// Grants says whether somebody of role r may give, change or take a role: admins and owners those up to their own.
func (r Role) Grants(role Role) bool { return r.Reaches(Admin) && role.rank() > 0 && r.Reaches(role) }

// Permission is what a screen may offer; the server checks again.
type Permission string

const (
	CallWrite          Permission = "CALL_WRITE"
	Transcribe         Permission = "TRANSCRIBE"
	RecordingDelete    Permission = "RECORDING_DELETE"
	RecordingHold      Permission = "RECORDING_HOLD"
	InboxManage        Permission = "INBOX_MANAGE"
	OrganizationUpdate Permission = "ORGANIZATION_UPDATE"
	BillingManage      Permission = "BILLING_MANAGE"
	MemberManage       Permission = "MEMBER_MANAGE"
	AuditRead          Permission = "AUDIT_READ"
	OrganizationDelete Permission = "ORGANIZATION_DELETE"
)

// Permissions lists what a role may do.
func (r Role) Permissions() []Permission {
	list := []Permission{}
	if r.Reaches(Operator) {
		list = append(list, CallWrite, Transcribe)
	}
	if r.Reaches(Admin) {
		list = append(list, RecordingDelete, RecordingHold, InboxManage, OrganizationUpdate, BillingManage, MemberManage, AuditRead)
	}
	if r.Reaches(Owner) {
		list = append(list, OrganizationDelete)
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
	SessionID   uuid.UUID // of a session that is kept; none for a token that another service signed
	APIToken    uuid.UUID // of a script, which acts for who made it; else none
	Chosen      uuid.UUID // the organization that the user looks at; may be one they left
	IssuedAt    time.Time
	ExpiresAt   time.Time
	Memberships []Membership
	// Entering is asked before the viewer gets at anything of an organization, and may refuse. nil never does.
	Entering func(organization uuid.UUID) error
}

// Scope is the right to act in one organization.
type Scope struct {
	OrganizationID uuid.UUID
	UserID         uuid.UUID
	Role           Role
}

// SignedIn says whether somebody is asking.
func (v Viewer) SignedIn() bool { return v.UserID != uuid.Nil }

// Person refuses what only somebody who signed in may do, as it is about themselves. Errors: Unauthenticated for
// nobody, Forbidden for a script.
func (v Viewer) Person() error {
	if !v.SignedIn() {
		return fault.Unauthenticated()
	}
	if v.APIToken != uuid.Nil {
		return fault.Forbidden("An API token cannot do this. Sign in.")
	}
	return nil
}

// Scope gives the right to act in an organization with at least this role. Errors: Unauthenticated for
// nobody, NotFound for an organization that does not exist or that the viewer is no member of, Forbidden
// for a role that does not reach, and what Enter refuses.
func (v Viewer) Scope(organization ids.ID, least Role) (Scope, error) {
	scope, err := v.scope(organization, least)
	if err == nil {
		err = v.Enter(scope.OrganizationID)
	}
	return scope, err
}

// Enter is for who finds something of an organization by its id, without a scope: it counts there as well.
// Error: Limit, for an organization that has used up what it may have.
func (v Viewer) Enter(organization uuid.UUID) error {
	if v.Entering == nil {
		return nil
	}
	return v.Entering(organization)
}

func (v Viewer) scope(organization ids.ID, least Role) (Scope, error) {
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
	scope, _ := v.scope(organization, Viewing)
	return scope.Role
}

// Joined is the viewer as a member of one organization more.
func (v Viewer) Joined(m Membership) Viewer {
	v.Memberships = append(slices.Clone(v.Memberships), m)
	return v
}

// Keeps says whether everything that the viewer had before is there still: who they are, and each role. What came
// since does not matter.
func (v Viewer) Keeps(before Viewer) bool {
	if v.UserID != before.UserID {
		return false
	}
	for _, m := range before.Memberships {
		if v.RoleIn(ids.Of(ids.Organization, m.OrganizationID)) != m.Role {
			return false
		}
	}
	return true
}

// Current is the organization that the user chose, or that of the only membership, which nobody has to choose; else
// none.
func (v Viewer) Current() uuid.UUID {
	for _, m := range v.Memberships {
		if m.OrganizationID == v.Chosen || len(v.Memberships) == 1 {
			return m.OrganizationID
		}
	}
	return uuid.Nil
}

// OrganizationsAs are those of the viewer's tenants where their role reaches.
func (v Viewer) OrganizationsAs(least Role) []uuid.UUID {
	all := []uuid.UUID{}
	for _, m := range v.Memberships {
		if m.Role.Reaches(least) {
			all = append(all, m.OrganizationID)
		}
	}
	return all
}

// Organizations are the tenants whose rows the viewer may look for by id.
func (v Viewer) Organizations() []uuid.UUID { return v.OrganizationsAs(Viewing) }
