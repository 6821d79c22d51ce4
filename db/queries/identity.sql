-- name: GetSession :many
-- The user that a token names and all memberships, in one statement: it opens every request. The id
-- wins over the address; without memberships there is one row with nulls.
SELECT u.id, u.email, u.disabled_at, u.sessions_valid_after,
       m.id AS membership_id, m.organization_id, m.role, m.created_at AS member_since
FROM switchboard.users u
LEFT JOIN switchboard.memberships m ON m.user_id = u.id
WHERE u.id = (
    SELECT named.id FROM switchboard.users named
    WHERE named.id = @subject OR named.email = @email
    ORDER BY named.id = @subject DESC LIMIT 1)
ORDER BY m.created_at, m.id;

-- name: StillMember :one
-- Whether a session may still look into an organization: asked again while a stream lives.
SELECT EXISTS (
    SELECT 1 FROM switchboard.users u JOIN switchboard.memberships m ON m.user_id = u.id
    WHERE u.id = @user_id AND m.organization_id = @organization_id
      AND u.disabled_at IS NULL AND u.sessions_valid_after <= @issued_at::timestamptz);

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
INSERT INTO switchboard.users (id, email, name) VALUES (@id, @email, @name)
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
