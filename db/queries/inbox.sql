-- name: KeepWebhookEvents :batchone
-- Keeps deliveries once each. No row comes back for one that is kept already, unless it was given up: then the
-- sender's new try is ours too.
INSERT INTO switchboard.webhook_events (id, source, dedupe_key, type, external_id, query, headers, body)
VALUES (@id, @source, @dedupe_key, @type, sqlc.narg(external_id), @query, @headers, @body)
ON CONFLICT (source, dedupe_key) DO UPDATE SET status = 'RECEIVED', attempts = 0, queued_at = now() WHERE switchboard.webhook_events.status = 'FAILED'
RETURNING id;

-- name: GetWebhookEvent :one
SELECT * FROM switchboard.webhook_events WHERE id = @id;

-- name: FinishWebhookEvent :exec
-- One that is finished stays so: a second run of the job changes nothing.
UPDATE switchboard.webhook_events SET
    status = 'PROCESSED', processed_at = now(), attempts = attempts + 1, error = NULL,
    organization_id = coalesce(sqlc.narg(organization_id), organization_id),
    subject_kind = coalesce(sqlc.narg(subject_kind), subject_kind), subject_id = coalesce(sqlc.narg(subject_id), subject_id)
WHERE id = @id AND processed_at IS NULL;

-- name: FailWebhookEvent :one
-- No row comes back for one that is finished or given up already: that is told once.
UPDATE switchboard.webhook_events SET
    status = CASE WHEN @final::boolean THEN 'FAILED' ELSE 'RETRYING' END,
    attempts = attempts + 1, error = @error,
    organization_id = coalesce(sqlc.narg(organization_id), organization_id),
    subject_kind = coalesce(sqlc.narg(subject_kind), subject_kind), subject_id = coalesce(sqlc.narg(subject_id), subject_id)
WHERE id = @id AND status IN ('RECEIVED', 'RETRYING')
RETURNING status, organization_id;

-- name: ListWebhookEvents :many
-- Newest first, without the bodies.
SELECT id, source, type, external_id, organization_id, status, attempts, error, note, octet_length(body)::integer AS size, received_at, queued_at, processed_at
FROM switchboard.webhook_events
WHERE (sqlc.narg(source)::text IS NULL OR source = sqlc.narg(source))
  AND (sqlc.narg(status)::text IS NULL OR status = sqlc.narg(status))
  AND (sqlc.narg(since)::timestamptz IS NULL OR received_at >= sqlc.narg(since))
ORDER BY id DESC LIMIT @most;

-- name: PageWebhookEvents :many
-- An organization's, newest first, without the bodies. A search is for a part of what names the event.
SELECT id, source, type, external_id, organization_id, subject_kind, subject_id, status, attempts, error, note, resolved_by, octet_length(body)::integer AS size, received_at, queued_at, processed_at
FROM switchboard.webhook_events
WHERE organization_id = @organization_id AND id < @before
  AND (cardinality(@sources::text[]) = 0 OR source = ANY(@sources::text[]))
  AND (cardinality(@statuses::text[]) = 0 OR status = ANY(@statuses::text[]))
  AND (sqlc.narg(received_after)::timestamptz IS NULL OR received_at >= sqlc.narg(received_after))
  AND (sqlc.narg(received_before)::timestamptz IS NULL OR received_at < sqlc.narg(received_before))
  AND (sqlc.narg(search)::text IS NULL OR strpos(lower(concat_ws(E'\n', type, external_id)), lower(sqlc.narg(search))) > 0)
ORDER BY id DESC LIMIT @page_size;

-- name: ListWebhookEventsByID :many
SELECT id, source, type, external_id, organization_id, subject_kind, subject_id, status, attempts, error, note, resolved_by, octet_length(body)::integer AS size, received_at, queued_at, processed_at
FROM switchboard.webhook_events WHERE id = ANY(@ids::uuid[]) AND organization_id = ANY(@organization_ids::uuid[]) ORDER BY id;

-- name: ListOpenWebhookEvents :many
-- Those of some that are to be tried (again).
SELECT id FROM switchboard.webhook_events
WHERE id = ANY(@ids::uuid[]) AND organization_id = ANY(@organization_ids::uuid[]) AND status IN ('RECEIVED', 'RETRYING');

-- name: ListWebhookContents :many
-- What was sent, of events that are small enough to be shown.
SELECT id, query, headers, body FROM switchboard.webhook_events
WHERE id = ANY(@ids::uuid[]) AND organization_id = ANY(@organization_ids::uuid[]) AND octet_length(body) <= @largest::integer ORDER BY id;

-- name: LockWebhookEvents :many
-- Of one organization, or of any.
SELECT id, status FROM switchboard.webhook_events
WHERE id = ANY(@ids::uuid[]) AND (sqlc.narg(organization_id)::uuid IS NULL OR organization_id = sqlc.narg(organization_id))
ORDER BY id FOR UPDATE;

-- name: ReplayWebhookEvents :exec
UPDATE switchboard.webhook_events SET status = 'RECEIVED', attempts = 0, error = NULL, note = NULL, resolved_by = NULL, processed_at = NULL, queued_at = now()
WHERE id = ANY(@ids::uuid[]);

-- name: DiscardWebhookEvents :exec
UPDATE switchboard.webhook_events SET status = 'DISCARDED', processed_at = now(), note = @note, resolved_by = sqlc.narg(resolved_by) WHERE id = ANY(@ids::uuid[]);

-- name: FailStrandedWebhookEvents :execrows
-- Their jobs ended without a word: the process died in the last try, or the database was away at its end.
UPDATE switchboard.webhook_events SET status = 'FAILED', error = coalesce(error, 'no run of its job left an outcome')
WHERE id IN (
    SELECT e.id FROM switchboard.webhook_events e
    WHERE e.status IN ('RECEIVED', 'RETRYING') AND e.processed_at IS NULL AND e.queued_at < now() - @quiet_for::interval
    LIMIT @most FOR UPDATE SKIP LOCKED);

-- name: RemoveFinishedWebhookEvents :execrows
DELETE FROM switchboard.webhook_events WHERE id IN (
    SELECT e.id FROM switchboard.webhook_events e
    WHERE e.processed_at < now() - @kept_for::interval
    ORDER BY e.processed_at LIMIT @most FOR UPDATE SKIP LOCKED);

-- name: RemoveFailedWebhookEvents :execrows
DELETE FROM switchboard.webhook_events WHERE id IN (
    SELECT e.id FROM switchboard.webhook_events e
    WHERE e.status = 'FAILED' AND e.processed_at IS NULL AND e.queued_at < now() - @kept_for::interval
    ORDER BY e.queued_at LIMIT @most FOR UPDATE SKIP LOCKED);

-- name: GetInboxBacklog :many
-- Of each source the age in seconds of the oldest event that waits for its job, and how many were given up.
SELECT source, coalesce(extract(epoch FROM now() - min(queued_at) FILTER (WHERE status <> 'FAILED')), 0)::float8 AS lag,
    count(*) FILTER (WHERE status = 'FAILED')::bigint AS dead_letters
FROM switchboard.webhook_events WHERE processed_at IS NULL GROUP BY source ORDER BY source;
