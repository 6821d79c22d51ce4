-- name: InsertSignup :exec
INSERT INTO switchboard.signups (id, email, name, password_hash, organization, invite_id, expires_at)
VALUES (@id, @email, sqlc.narg(name), @password_hash, sqlc.narg(organization), sqlc.narg(invite_id), @expires_at);

-- name: GetSignup :one
SELECT * FROM switchboard.signups WHERE id = @id AND expires_at > @now::timestamptz;

-- name: GetLatestSignup :one
SELECT * FROM switchboard.signups WHERE email = @email AND expires_at > @now::timestamptz ORDER BY created_at DESC, id DESC LIMIT 1;

-- name: CountSignupsOf :one
SELECT count(*) FROM switchboard.signups WHERE email = @email AND expires_at > @now::timestamptz;

-- name: RemoveSignupsOf :exec
-- The address is proven: what else was begun under it is void.
DELETE FROM switchboard.signups WHERE email = @email;

-- name: InsertAccountToken :exec
INSERT INTO switchboard.account_tokens (hash, purpose, user_id, signup_id, session_id, issued_at, ends_at, email, expires_at)
VALUES (@hash, @purpose, sqlc.narg(user_id), sqlc.narg(signup_id), sqlc.narg(session_id), sqlc.narg(issued_at), sqlc.narg(ends_at), sqlc.narg(email), @expires_at);

-- name: UseAccountToken :one
-- Once: of two who come at the same time, one finds it used.
UPDATE switchboard.account_tokens SET used_at = @now::timestamptz
WHERE hash = @hash AND purpose = @purpose AND used_at IS NULL AND expires_at > @now::timestamptz
RETURNING *;

-- name: RemoveAccountTokens :exec
-- What was sent to a user for a purpose and not used; all of it when the purposes are none.
DELETE FROM switchboard.account_tokens WHERE user_id = @user_id AND (cardinality(@purposes::text[]) = 0 OR purpose = ANY(@purposes::text[]));

-- name: InsertUser :one
INSERT INTO switchboard.users (id, email, name, avatar_url, email_verified_at, password_hash)
VALUES (@id, @email, sqlc.narg(name), sqlc.narg(avatar_url), sqlc.narg(email_verified_at), sqlc.narg(password_hash))
RETURNING *;

-- name: GetUser :one
SELECT * FROM switchboard.users WHERE id = @id;

-- name: LockUser :one
SELECT * FROM switchboard.users WHERE id = @id FOR NO KEY UPDATE;

-- name: VerifyUser :exec
UPDATE switchboard.users SET email_verified_at = coalesce(email_verified_at, @at::timestamptz) WHERE id = @id;

-- name: SetPassword :exec
UPDATE switchboard.users SET password_hash = @password_hash WHERE id = @id;

-- name: RehashPassword :execrows
-- Only where it is still the one that was verified.
UPDATE switchboard.users SET password_hash = @password_hash WHERE id = @id AND password_hash = @old_hash::text;

-- name: EndSessionsBefore :exec
-- Also what another service signed: tokens without a session row end by their age.
UPDATE switchboard.users SET sessions_valid_after = greatest(sessions_valid_after, @at::timestamptz) WHERE id = @id;

-- name: SetEmail :exec
UPDATE switchboard.users SET email = @email, email_verified_at = @at WHERE id = @id;

-- name: UpdateUser :one
UPDATE switchboard.users SET
    name = CASE WHEN @set_name::boolean THEN sqlc.narg(name) ELSE name END,
    avatar_url = CASE WHEN @set_avatar::boolean THEN sqlc.narg(avatar_url) ELSE avatar_url END
WHERE id = @id RETURNING *;

-- name: SelectOrganization :exec
UPDATE switchboard.users SET selected_organization_id = @organization_id WHERE id = @id;

-- name: GetExternalAccount :one
SELECT * FROM switchboard.external_accounts WHERE provider = @provider AND issuer = @issuer AND subject = @subject;

-- name: InsertExternalAccount :exec
INSERT INTO switchboard.external_accounts (id, user_id, provider, issuer, subject) VALUES (@id, @user_id, @provider, @issuer, @subject);

-- name: InsertSession :exec
INSERT INTO switchboard.sessions (id, user_id, method, token_hash, address, user_agent, created_at, last_seen_at, expires_at)
VALUES (@id, @user_id, @method, sqlc.narg(token_hash), @address, @user_agent, @at::timestamptz, @at::timestamptz, @expires_at);

-- name: KeepNewestSessions :exec
-- The oldest go when there are more than a user may have.
DELETE FROM switchboard.sessions s WHERE s.user_id = @user_id AND s.id NOT IN (
    SELECT n.id FROM switchboard.sessions n WHERE n.user_id = @user_id ORDER BY n.created_at DESC, n.id DESC LIMIT @most);

-- name: GetSessionByToken :one
SELECT * FROM switchboard.sessions WHERE token_hash = @token_hash AND expires_at > @now::timestamptz;

-- name: GetSessionRow :one
SELECT * FROM switchboard.sessions WHERE id = @id AND expires_at > @now::timestamptz;

-- name: TouchSession :one
UPDATE switchboard.sessions SET last_seen_at = @at::timestamptz, expires_at = @expires_at WHERE id = @id AND expires_at > @at::timestamptz RETURNING *;

-- name: ListSessions :many
SELECT * FROM switchboard.sessions WHERE user_id = @user_id AND expires_at > @now::timestamptz ORDER BY created_at DESC, id DESC LIMIT @most;

-- name: RemoveSession :one
DELETE FROM switchboard.sessions WHERE id = @id AND user_id = @user_id RETURNING *;

-- name: RemoveSessions :execrows
-- All of a user's but one; of all when that is none.
DELETE FROM switchboard.sessions WHERE user_id = @user_id AND id <> @kept;

-- name: MeetAddress :exec
INSERT INTO switchboard.known_addresses (user_id, address, seen_at) VALUES (@user_id, @address, @seen_at)
ON CONFLICT (user_id, address) DO UPDATE SET seen_at = EXCLUDED.seen_at;

-- name: KnowsAddress :one
-- By the account's address, also where there is none: the question takes as long.
SELECT EXISTS (
    SELECT 1 FROM switchboard.known_addresses k JOIN switchboard.users u ON u.id = k.user_id
    WHERE u.email = @email AND k.address = @address);

-- name: Try :many
-- Counts one try under each key before it is known how it ends, so that many at once are counted too. Beyond
-- the free ones each doubles the wait, up to the longest; while that lasts nothing is counted, so that nobody
-- can keep it going. A key that was quiet for as long as forget begins anew.
INSERT INTO switchboard.attempts AS a (key, free, tries, refused, blocked_until, tried_at)
SELECT k.key, k.free, 1, false, sqlc.arg(now)::timestamptz, sqlc.arg(now)::timestamptz
FROM (SELECT unnest(sqlc.arg(keys)::bytea[]) AS key, unnest(sqlc.arg(free)::integer[]) AS free ORDER BY 1) AS k
ON CONFLICT (key) DO UPDATE SET
    refused = a.blocked_until > sqlc.arg(now),
    tries = CASE
        WHEN a.blocked_until > sqlc.arg(now) THEN a.tries
        WHEN a.tried_at < sqlc.arg(forgotten)::timestamptz THEN 1
        ELSE a.tries + 1 END,
    blocked_until = CASE
        WHEN a.blocked_until > sqlc.arg(now) THEN a.blocked_until
        WHEN a.tried_at < sqlc.arg(forgotten) OR a.tries + 1 < a.free THEN sqlc.arg(now)
        ELSE sqlc.arg(now) + least(sqlc.arg(longest)::interval, sqlc.arg(first_wait)::interval * power(2, least(20, a.tries + 1 - a.free))) END,
    tried_at = CASE WHEN a.blocked_until > sqlc.arg(now) THEN a.tried_at ELSE sqlc.arg(now) END
RETURNING a.key, a.tries, a.refused, a.blocked_until;

-- name: ForgiveTries :exec
DELETE FROM switchboard.attempts WHERE key = ANY(@keys::bytea[]);

-- name: ReturnTry :exec
-- A try that ended well was none against this key; what others did under it stays.
UPDATE switchboard.attempts SET tries = greatest(tries - 1, 0), blocked_until = least(blocked_until, tried_at) WHERE key = @key;

-- name: RemoveExpiredAccounts :exec
-- What has run out: nobody can use it, and nobody needs it.
WITH tokens AS (DELETE FROM switchboard.account_tokens WHERE expires_at < @before::timestamptz),
     sessions AS (DELETE FROM switchboard.sessions WHERE expires_at < @before::timestamptz),
     signups AS (DELETE FROM switchboard.signups WHERE expires_at < @before::timestamptz),
     invites AS (DELETE FROM switchboard.invites WHERE expires_at < @before::timestamptz)
DELETE FROM switchboard.attempts WHERE tried_at < @before::timestamptz;

-- name: RemoveOldAddresses :exec
DELETE FROM switchboard.known_addresses WHERE seen_at < @before::timestamptz;
