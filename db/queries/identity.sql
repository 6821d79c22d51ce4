-- name: GetSession :many
-- The user that a token names and all memberships, in one statement: it opens every request. The id
-- wins over the address; without memberships there is one row with nulls.
SELECT u.id, u.email, u.disabled_at, u.sessions_valid_after, u.selected_organization_id,
       EXISTS (SELECT 1 FROM switchboard.sessions s WHERE s.id = @session_id AND s.user_id = u.id AND s.expires_at > @now::timestamptz) AS session_lives,
       (@session_id = '00000000-0000-0000-0000-000000000000' AND EXISTS (
           SELECT 1 FROM switchboard.sso_domains d JOIN switchboard.sso_connections c ON c.organization_id = d.organization_id
           WHERE d.domain = split_part(u.email, '@', 2) AND d.verified_at IS NOT NULL AND c.require_sso))::boolean AS foreign_to_sso,
       m.id AS membership_id, m.organization_id, m.role, m.created_at AS member_since
FROM switchboard.users u
LEFT JOIN switchboard.memberships m ON m.user_id = u.id
WHERE u.id = (
    SELECT named.id FROM switchboard.users named
    WHERE named.id = @subject OR named.email = @email
    ORDER BY named.id = @subject DESC LIMIT 1)
ORDER BY m.created_at, m.id;

-- name: StillMember :one
-- Whether a session may still look into an organization: asked again while a stream lives. A session of ours
-- has a row; one of another service ends by its age, and where an organization requires its own sign-on.
SELECT EXISTS (
    SELECT 1 FROM switchboard.users u JOIN switchboard.memberships m ON m.user_id = u.id
    WHERE u.id = @user_id AND m.organization_id = @organization_id AND u.disabled_at IS NULL
      AND CASE WHEN @session_id::uuid = '00000000-0000-0000-0000-000000000000' THEN u.sessions_valid_after <= @issued_at::timestamptz
              AND NOT EXISTS (
                  SELECT 1 FROM switchboard.sso_domains d JOIN switchboard.sso_connections c ON c.organization_id = d.organization_id
                  WHERE d.domain = split_part(u.email, '@', 2) AND d.verified_at IS NOT NULL AND c.require_sso)
          ELSE EXISTS (SELECT 1 FROM switchboard.sessions s WHERE s.id = @session_id AND s.user_id = u.id) END);

-- name: ListUsers :many
SELECT * FROM switchboard.users WHERE id = ANY(@ids::uuid[]) ORDER BY id;

-- name: GetVisibleUser :one
-- A user who shares one of these organizations.
SELECT u.* FROM switchboard.users u
WHERE u.id = @id AND EXISTS (
    SELECT 1 FROM switchboard.memberships m WHERE m.user_id = u.id AND m.organization_id = ANY(@organization_ids::uuid[]));

-- name: GetUserByEmail :one
SELECT * FROM switchboard.users WHERE email = @email;

-- name: UpsertUser :one
-- An operator vouches for the address.
INSERT INTO switchboard.users (id, email, name, email_verified_at) VALUES (@id, @email, @name, now())
ON CONFLICT (email) DO UPDATE SET name = EXCLUDED.name
RETURNING *;

-- name: UpsertOrganization :one
INSERT INTO switchboard.organizations (id, name, slug) VALUES (@id, @name, @slug)
ON CONFLICT (slug) DO UPDATE SET name = EXCLUDED.name
RETURNING *;

-- name: UpsertMembership :one
INSERT INTO switchboard.memberships (id, organization_id, user_id, role) VALUES (@id, @organization_id, @user_id, @role)
ON CONFLICT (organization_id, user_id) DO UPDATE SET role = EXCLUDED.role
RETURNING *;

-- name: GetOrganizationBySlug :one
SELECT * FROM switchboard.organizations WHERE slug = @slug AND id = ANY(@organization_ids::uuid[]);

-- name: ListOrganizations :many
SELECT * FROM switchboard.organizations WHERE id = ANY(@ids::uuid[]) ORDER BY id;

-- name: UpdateOrganization :one
-- Each argument that is null leaves its column; those that may be cleared have a switch of their own.
UPDATE switchboard.organizations SET
    name = coalesce(sqlc.narg(name), name),
    transcribe_uploads = coalesce(sqlc.narg(transcribe_uploads), transcribe_uploads),
    language_code = CASE WHEN @set_language::boolean THEN sqlc.narg(language_code) ELSE language_code END,
    analysis = CASE WHEN @set_analysis::boolean THEN sqlc.narg(analysis)::text[] ELSE analysis END,
    recording_retention_days = CASE WHEN @set_recording_retention::boolean THEN sqlc.narg(recording_retention_days)::integer ELSE recording_retention_days END,
    updated_at = now()
WHERE id = @id
RETURNING *;

-- name: GetMembership :one
SELECT * FROM switchboard.memberships WHERE id = @id AND organization_id = ANY(@organization_ids::uuid[]);

-- name: ListMemberships :many
SELECT * FROM switchboard.memberships
WHERE organization_id = @organization_id AND id > @after
ORDER BY id LIMIT @page_size;

-- name: InsertOrganization :one
INSERT INTO switchboard.organizations (id, name, slug) VALUES (@id, @name, @slug)
ON CONFLICT (slug) DO NOTHING
RETURNING *;

-- name: LockOrganization :one
-- Who changes members waits here for whoever else does: the last owner is counted by one at a time.
SELECT * FROM switchboard.organizations WHERE id = @id FOR UPDATE;

-- name: CloseOrganization :exec
-- Nobody belongs to it, nobody gets in, and its name is free; a job takes what is left.
WITH members AS (DELETE FROM switchboard.memberships m WHERE m.organization_id = @id),
     invited AS (DELETE FROM switchboard.invites i WHERE i.organization_id = @id),
     tokens AS (DELETE FROM switchboard.api_tokens t WHERE t.organization_id = @id),
     connection AS (DELETE FROM switchboard.sso_connections c WHERE c.organization_id = @id),
     domains AS (DELETE FROM switchboard.sso_domains d WHERE d.organization_id = @id),
     chosen AS (UPDATE switchboard.users u SET selected_organization_id = NULL WHERE u.selected_organization_id = @id)
UPDATE switchboard.organizations o SET slug = 'deleted-' || replace(o.id::text, '-', ''), updated_at = now() WHERE o.id = @id;

-- name: RemoveOrganization :exec
DELETE FROM switchboard.organizations o WHERE o.id = @id AND NOT EXISTS (SELECT 1 FROM switchboard.memberships m WHERE m.organization_id = o.id);

-- name: RegisterOrganization :exec
INSERT INTO switchboard.organization_register (id, organization_id, slug, what, actor_id, actor_email, members)
SELECT @id, o.id, o.slug, @what, u.id, u.email, (SELECT count(*) FROM switchboard.memberships m WHERE m.organization_id = o.id)
FROM switchboard.organizations o CROSS JOIN switchboard.users u WHERE o.id = @organization_id AND u.id = @actor_id;

-- name: ListOrganizationRegister :many
-- Newest first; all of an organization's when it is named by its slug, one that it had once, or by its id.
SELECT r.* FROM switchboard.organization_register r
WHERE @named::text = '' OR r.organization_id IN (
    SELECT n.organization_id FROM switchboard.organization_register n WHERE n.slug = @named OR n.organization_id::text = @named)
ORDER BY r.occurred_at DESC, r.id DESC LIMIT @most;

-- name: RemoveOrganizationRegister :exec
DELETE FROM switchboard.organization_register WHERE occurred_at < @before::timestamptz;

-- name: CountOwners :one
SELECT count(*) FROM switchboard.memberships WHERE organization_id = @organization_id AND role = 'OWNER';

-- name: CountMemberships :one
SELECT count(*) FROM switchboard.memberships WHERE user_id = @user_id;

-- name: InsertMembership :one
INSERT INTO switchboard.memberships (id, organization_id, user_id, role) VALUES (@id, @organization_id, @user_id, @role)
ON CONFLICT (organization_id, user_id) DO NOTHING
RETURNING *;

-- name: GetMembershipOf :one
SELECT * FROM switchboard.memberships WHERE organization_id = @organization_id AND user_id = @user_id;

-- name: IsMemberByEmail :one
-- One question, whoever has the address: it takes as long for nobody.
SELECT EXISTS (
    SELECT 1 FROM switchboard.memberships m JOIN switchboard.users u ON u.id = m.user_id
    WHERE m.organization_id = @organization_id AND u.email = @email);

-- name: SetRole :one
UPDATE switchboard.memberships SET role = @role WHERE id = @id AND organization_id = @organization_id RETURNING *;

-- name: RemoveMembership :one
DELETE FROM switchboard.memberships WHERE id = @id AND organization_id = @organization_id RETURNING *;

-- name: ListOrganizationsOf :many
SELECT organization_id FROM switchboard.memberships WHERE user_id = @user_id ORDER BY organization_id;

-- name: ListUsersOf :many
SELECT user_id FROM switchboard.memberships WHERE organization_id = @organization_id ORDER BY user_id;

-- name: UpsertInvite :one
-- A second invite of the same address replaces the first, whose link then opens nothing.
INSERT INTO switchboard.invites (id, organization_id, email, role, invited_by, expires_at, created_at)
VALUES (@id, @organization_id, @email, @role, @invited_by, @expires_at, @created_at)
ON CONFLICT (organization_id, email) WHERE status = 'PENDING' DO UPDATE SET
    role = EXCLUDED.role, invited_by = EXCLUDED.invited_by, expires_at = EXCLUDED.expires_at, created_at = EXCLUDED.created_at, token_hash = NULL
RETURNING *;

-- name: CountPendingInvites :one
SELECT count(*) FROM switchboard.invites WHERE organization_id = @organization_id AND status = 'PENDING' AND expires_at > @now::timestamptz;

-- name: GetPendingInvite :one
SELECT i.*, o.name AS organization_name FROM switchboard.invites i JOIN switchboard.organizations o ON o.id = i.organization_id
WHERE i.id = @id AND i.status = 'PENDING' AND i.expires_at > @now::timestamptz;

-- name: GetInviteByToken :one
SELECT * FROM switchboard.invites WHERE token_hash = @token_hash AND status = 'PENDING' AND expires_at > @now::timestamptz;

-- name: SetInviteToken :exec
UPDATE switchboard.invites SET token_hash = @token_hash WHERE id = @id AND status = 'PENDING';

-- name: AcceptInvite :one
-- Once: of two who come at the same time, one finds it accepted.
UPDATE switchboard.invites SET status = 'ACCEPTED', accepted_by = @accepted_by, token_hash = NULL
WHERE id = @id AND email = @email AND status = 'PENDING' AND expires_at > @now::timestamptz
RETURNING *;

-- name: CancelInvite :one
UPDATE switchboard.invites SET status = 'CANCELED', token_hash = NULL
WHERE id = @id AND organization_id = ANY(@organization_ids::uuid[]) AND status = 'PENDING'
RETURNING *;

-- name: GetInvite :one
SELECT * FROM switchboard.invites WHERE id = @id AND organization_id = ANY(@organization_ids::uuid[]);

-- name: ListInvites :many
SELECT * FROM switchboard.invites
WHERE organization_id = @organization_id AND status = 'PENDING' AND expires_at > @now::timestamptz AND id > @after
ORDER BY id LIMIT @page_size;

-- name: InsertAPIToken :one
INSERT INTO switchboard.api_tokens (id, organization_id, user_id, name, role, token_hash, prefix, expires_at, created_at)
VALUES (@id, @organization_id, @user_id, @name, @role, @token_hash, @prefix, @expires_at, @created_at) RETURNING *;

-- name: GetAPIToken :one
-- With the membership of who made it: a token can do no more than they can, and nothing once they left.
SELECT t.*, m.id AS membership_id, m.role AS member_role, m.created_at AS member_since
FROM switchboard.api_tokens t
JOIN switchboard.memberships m ON m.organization_id = t.organization_id AND m.user_id = t.user_id
JOIN switchboard.users u ON u.id = t.user_id
WHERE t.token_hash = @token_hash AND t.expires_at > @now::timestamptz AND u.disabled_at IS NULL;

-- name: APITokenLives :one
SELECT EXISTS (
    SELECT 1 FROM switchboard.api_tokens t
    JOIN switchboard.memberships m ON m.organization_id = t.organization_id AND m.user_id = t.user_id
    JOIN switchboard.users u ON u.id = t.user_id
    WHERE t.id = @id AND t.organization_id = @organization_id AND t.expires_at > @now::timestamptz AND u.disabled_at IS NULL);

-- name: UseAPIToken :exec
-- At most once a minute, so that a busy script does not write with each request.
UPDATE switchboard.api_tokens SET last_used_at = @at::timestamptz
WHERE id = @id AND (last_used_at IS NULL OR last_used_at < @stale::timestamptz);

-- name: FindAPIToken :one
SELECT * FROM switchboard.api_tokens WHERE id = @id AND organization_id = ANY(@organization_ids::uuid[]);

-- name: CountAPITokens :one
SELECT count(*) FROM switchboard.api_tokens WHERE organization_id = @organization_id;

-- name: RemoveAPIToken :one
DELETE FROM switchboard.api_tokens WHERE id = @id AND organization_id = @organization_id RETURNING *;

-- name: RemoveAPITokensOf :exec
-- Of somebody who leaves: they would open again when the same person comes back.
DELETE FROM switchboard.api_tokens WHERE organization_id = @organization_id AND user_id = @user_id;

-- name: ListAPITokens :many
SELECT * FROM switchboard.api_tokens WHERE organization_id = @organization_id AND id > @after ORDER BY id LIMIT @page_size;

-- name: UpsertSSOConnection :one
-- A secret that is not given again stays, but not for another issuer: whoever runs that one must not get it.
INSERT INTO switchboard.sso_connections (id, organization_id, issuer, client_id, client_secret, require_sso)
VALUES (@id, @organization_id, @issuer, @client_id, @client_secret, @require_sso)
ON CONFLICT (organization_id) DO UPDATE SET
    issuer = EXCLUDED.issuer, client_id = EXCLUDED.client_id, client_secret = EXCLUDED.client_secret, require_sso = EXCLUDED.require_sso, updated_at = now()
RETURNING *;

-- name: RemoveOtherSessions :many
-- Of the people of an organization's proven domains, those that were not opened by its sign-on.
DELETE FROM switchboard.sessions s USING switchboard.users u, switchboard.sso_domains d
WHERE s.user_id = u.id AND s.method <> 'sso' AND s.id <> @kept
  AND d.organization_id = @organization_id AND d.verified_at IS NOT NULL AND d.domain = split_part(u.email, '@', 2)
RETURNING s.user_id;

-- name: GetSSOConnection :one
SELECT * FROM switchboard.sso_connections WHERE organization_id = @organization_id;

-- name: GetSSOByDomain :one
SELECT c.* FROM switchboard.sso_connections c JOIN switchboard.sso_domains d ON d.organization_id = c.organization_id
WHERE d.domain = @domain AND d.verified_at IS NOT NULL;

-- name: RemoveSSOConnection :execrows
DELETE FROM switchboard.sso_connections WHERE organization_id = @organization_id;

-- name: InsertSSODomain :one
INSERT INTO switchboard.sso_domains (organization_id, domain, challenge) VALUES (@organization_id, @domain, @challenge)
ON CONFLICT (organization_id, domain) DO UPDATE SET domain = EXCLUDED.domain
RETURNING *;

-- name: ListSSODomains :many
SELECT * FROM switchboard.sso_domains WHERE organization_id = @organization_id ORDER BY domain;

-- name: GetSSODomain :one
SELECT * FROM switchboard.sso_domains WHERE organization_id = @organization_id AND domain = @domain;

-- name: VerifySSODomain :one
UPDATE switchboard.sso_domains SET verified_at = @at::timestamptz
WHERE organization_id = @organization_id AND domain = @domain AND verified_at IS NULL RETURNING *;

-- name: RemoveSSODomain :execrows
DELETE FROM switchboard.sso_domains WHERE organization_id = @organization_id AND domain = @domain;
