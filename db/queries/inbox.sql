-- name: KeepWebhookEvent :one
-- Keeps a delivery once. No row comes back for one that is kept already, unless it was given up: then the
-- sender's new try is ours too.
INSERT INTO switchboard.webhook_events (id, source, dedupe_key, type, external_id, query, headers, body)
VALUES (@id, @source, @dedupe_key, @type, sqlc.narg(external_id), @query, @headers, @body)
ON CONFLICT (source, dedupe_key) DO UPDATE SET status = 'RECEIVED' WHERE switchboard.webhook_events.status = 'FAILED'
RETURNING id;

-- name: GetWebhookEvent :one
SELECT * FROM switchboard.webhook_events WHERE id = @id;

-- name: FinishWebhookEvent :exec
-- One that is finished stays so: a second run of the job changes nothing.
UPDATE switchboard.webhook_events SET
    status = 'PROCESSED', processed_at = now(), attempts = attempts + 1, error = NULL,
    organization_id = coalesce(sqlc.narg(organization_id), organization_id)
WHERE id = @id AND processed_at IS NULL;

-- name: FailWebhookEvent :exec
UPDATE switchboard.webhook_events SET
    status = CASE WHEN @final::boolean THEN 'FAILED' ELSE 'RETRYING' END,
    attempts = attempts + 1, error = @error
WHERE id = @id AND processed_at IS NULL;
