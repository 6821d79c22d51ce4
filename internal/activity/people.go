package activity

// What people do about accounts, members and ways in. All of it is for the audit.
const (
	MemberInvited        Type = "MEMBER_INVITED"
	InviteCanceled       Type = "INVITE_CANCELED"
	MemberJoined         Type = "MEMBER_JOINED"
	MemberRoleChanged    Type = "MEMBER_ROLE_CHANGED"
	MemberRemoved        Type = "MEMBER_REMOVED"
	MemberLeft           Type = "MEMBER_LEFT"
	OrganizationCreated  Type = "ORGANIZATION_CREATED"
	OrganizationSelected Type = "ORGANIZATION_SELECTED"
	SignedIn             Type = "SIGNED_IN"
	SignInFailed         Type = "SIGN_IN_FAILED"
	SignedOut            Type = "SIGNED_OUT"
	SessionRevoked       Type = "SESSION_REVOKED"
	SessionsRevoked      Type = "SESSIONS_REVOKED"
	PasswordChanged      Type = "PASSWORD_CHANGED"
	PasswordReset        Type = "PASSWORD_RESET"
	EmailChangeRequested Type = "EMAIL_CHANGE_REQUESTED"
	EmailChanged         Type = "EMAIL_CHANGED"
	ProfileUpdated       Type = "PROFILE_UPDATED"
	APITokenCreated      Type = "API_TOKEN_CREATED"
	APITokenRevoked      Type = "API_TOKEN_REVOKED"
	SSOChanged           Type = "SSO_CHANGED"
	SSORemoved           Type = "SSO_REMOVED"
	SSODomainAdded       Type = "SSO_DOMAIN_ADDED"
	SSODomainVerified    Type = "SSO_DOMAIN_VERIFIED"
	SSODomainRemoved     Type = "SSO_DOMAIN_REMOVED"
)

// summary is one sentence for the audit log; empty for types of other rooms.
func (t Type) summary() string {
	switch t {
	case MemberInvited:
		return "Somebody was invited."
	case InviteCanceled:
		return "An invite was taken back."
	case MemberJoined:
		return "Somebody joined."
	case MemberRoleChanged:
		return "A member's role was changed."
	case MemberRemoved:
		return "A member was removed."
	case MemberLeft:
		return "A member left."
	case OrganizationCreated:
		return "The organization was made."
	case OrganizationSelected:
		return "A member turned to this organization."
	case SignedIn:
		return "A member signed in."
	case SignInFailed:
		return "Wrong passwords were given for a member."
	case SignedOut:
		return "A member signed out."
	case SessionRevoked:
		return "A member ended a session of theirs."
	case SessionsRevoked:
		return "A member ended all their other sessions."
	case PasswordChanged:
		return "A member changed their password."
	case PasswordReset:
		return "A member chose a new password by mail."
	case EmailChangeRequested:
		return "A member asked for another address."
	case EmailChanged:
		return "A member's address was changed."
	case ProfileUpdated:
		return "A member changed their profile."
	case APITokenCreated:
		return "An API token was made."
	case APITokenRevoked:
		return "An API token was revoked."
	case SSOChanged:
		return "The organization's own sign-on was set."
	case SSORemoved:
		return "The organization's own sign-on was removed."
	case SSODomainAdded:
		return "A domain was named for the organization's own sign-on."
	case SSODomainVerified:
		return "A domain was verified."
	case SSODomainRemoved:
		return "A domain was removed."
	}
	return ""
}
