-- name: InsertUpload :one
-- The same idempotency key gives the same upload: a client that never saw the answer may ask again.
INSERT INTO switchboard.uploads (id, organization_id, created_by, status, filename, content_type, size_bytes, sha256, object_key, idempotency_key, expires_at)
VALUES (@id, @organization_id, @created_by, 'PENDING', @filename, @content_type, @size_bytes, sqlc.narg(sha256), @object_key, sqlc.narg(idempotency_key), now() + @lives_for::interval)
ON CONFLICT (organization_id, created_by, idempotency_key) DO UPDATE SET status = switchboard.uploads.status
RETURNING *;

-- name: GetUpload :one
SELECT * FROM switchboard.uploads WHERE id = @id AND organization_id = ANY(@organization_ids::uuid[]);

-- name: LockUpload :one
SELECT * FROM switchboard.uploads WHERE id = @id AND organization_id = @organization_id FOR UPDATE;

-- name: CompleteUpload :one
UPDATE switchboard.uploads SET status = 'COMPLETED', recording_id = @recording_id
WHERE id = @id AND organization_id = @organization_id AND status = 'PENDING'
RETURNING *;

-- name: AbortUpload :one
UPDATE switchboard.uploads SET status = 'ABORTED'
WHERE id = @id AND organization_id = @organization_id AND status IN ('PENDING', 'ABORTED')
RETURNING *;

-- name: ExpireUploads :execrows
UPDATE switchboard.uploads SET status = 'EXPIRED' WHERE id IN (
    SELECT u.id FROM switchboard.uploads u WHERE u.status = 'PENDING' AND u.expires_at < now()
    ORDER BY u.expires_at LIMIT @most FOR UPDATE SKIP LOCKED);

-- name: ListUnclearedUploads :many
-- Uploads that came to nothing, long after bytes could have arrived for them.
SELECT id, object_key FROM switchboard.uploads
WHERE status IN ('ABORTED', 'EXPIRED') AND cleared_at IS NULL AND expires_at < now() - @late_for::interval
ORDER BY expires_at LIMIT @most;

-- name: ClearUpload :exec
UPDATE switchboard.uploads SET cleared_at = now() WHERE id = @id AND status IN ('ABORTED', 'EXPIRED');

-- name: InsertRecording :one
INSERT INTO switchboard.recordings (id, organization_id, source, status, filename, object_key, content_type, size_bytes, duration_ms, channels, sha256, created_by)
VALUES (@id, @organization_id, @source, 'STORED', @filename, @object_key, @content_type, @size_bytes, @duration_ms, @channels, @sha256, @created_by)
RETURNING *;

-- name: GetRecording :one
SELECT * FROM switchboard.recordings
WHERE id = @id AND organization_id = ANY(@organization_ids::uuid[]) AND deleted_at IS NULL;

-- name: ListRecordings :many
SELECT * FROM switchboard.recordings
WHERE organization_id = @organization_id AND deleted_at IS NULL AND id < @before
  AND (sqlc.narg(source)::text IS NULL OR source = sqlc.narg(source))
ORDER BY id DESC LIMIT @page_size;

-- name: ListRecordingsByID :many
SELECT * FROM switchboard.recordings
WHERE id = ANY(@ids::uuid[]) AND organization_id = ANY(@organization_ids::uuid[]) AND deleted_at IS NULL ORDER BY id;

-- name: HideRecordings :many
-- Held ones stay. What a provider recorded is remembered, so that no late word of it brings it back.
WITH hidden AS (
    UPDATE switchboard.recordings SET deleted_at = now()
    WHERE id = ANY(@ids::uuid[]) AND deleted_at IS NULL AND held_at IS NULL
    RETURNING id, organization_id, source, provider_id
), remembered AS (
    INSERT INTO switchboard.deleted_recordings (source, provider_id, organization_id)
    SELECT source, provider_id, organization_id FROM hidden WHERE provider_id IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT id, organization_id FROM hidden ORDER BY id;

-- name: LockExpiredRecordings :many
-- What is older than its organization keeps it.
SELECT r.id FROM switchboard.organizations o
JOIN switchboard.recordings r ON r.organization_id = o.id AND r.created_at < now() - make_interval(days => o.recording_retention_days)
WHERE o.recording_retention_days IS NOT NULL AND r.deleted_at IS NULL AND r.held_at IS NULL
LIMIT @most FOR NO KEY UPDATE OF r SKIP LOCKED;

-- name: HoldRecording :one
UPDATE switchboard.recordings SET held_at = coalesce(held_at, now()), held_by = @held_by, hold_reason = @reason WHERE id = @id RETURNING *;

-- name: ReleaseRecording :one
UPDATE switchboard.recordings SET held_at = NULL, held_by = NULL, hold_reason = NULL WHERE id = @id RETURNING *;

-- name: GetHiddenRecording :one
SELECT * FROM switchboard.recordings WHERE id = @id AND deleted_at IS NOT NULL;

-- name: RemoveRecording :exec
DELETE FROM switchboard.recordings WHERE id = @id AND deleted_at IS NOT NULL;

-- name: InsertExternalRecording :one
INSERT INTO switchboard.recordings (id, organization_id, source, status, filename, object_key, source_url, source_url_sha256, copy_attempt, created_by)
VALUES (@id, @organization_id, 'EXTERNAL', 'PENDING', sqlc.narg(filename), @object_key, @source_url, @source_url_sha256, 1, @created_by)
RETURNING *;

-- name: CountPendingRecordings :one
-- Those that somebody asked for: what a provider records of calls has a queue of its own.
SELECT count(*) FROM switchboard.recordings WHERE organization_id = @organization_id AND status = 'PENDING' AND provider_id IS NULL;

-- name: GetRecordingToCopy :one
-- Also one that is hidden.
SELECT * FROM switchboard.recordings WHERE id = @id AND organization_id = @organization_id;

-- name: LockRecording :one
-- Not FOR UPDATE: a transcription that is inserted holds its key, and may want this lock next.
SELECT * FROM switchboard.recordings
WHERE id = @id AND organization_id = @organization_id AND deleted_at IS NULL FOR NO KEY UPDATE;

-- name: StoreRecording :one
UPDATE switchboard.recordings SET
    status = 'STORED', source_url = NULL, content_type = @content_type, size_bytes = @size_bytes,
    duration_ms = @duration_ms, channels = @channels, sha256 = @sha256
WHERE id = @id RETURNING *;

-- name: FailRecording :exec
UPDATE switchboard.recordings SET status = 'FAILED', failure_message = @message, failure_retryable = @retryable WHERE id = @id;

-- name: ExpectRecordingAgain :one
UPDATE switchboard.recordings SET status = 'PENDING', copy_attempt = copy_attempt + 1, failure_message = NULL, failure_retryable = NULL
WHERE id = @id RETURNING *;

-- name: TakeRecording :one
-- What a provider recorded, once. No row comes back for one that was deleted here, or that is another
-- organization's.
INSERT INTO switchboard.recordings (id, organization_id, source, status, object_key, call_id, provider_id, provider_status, duration_ms, channels)
SELECT @id, @organization_id, @source, 'PENDING', @object_key, @call_id, @provider_id, 'IN_PROGRESS', sqlc.narg(duration_ms), sqlc.narg(channels)
WHERE NOT EXISTS (SELECT FROM switchboard.deleted_recordings d WHERE d.source = @source AND d.provider_id = @provider_id)
ON CONFLICT (source, provider_id) DO UPDATE SET provider_id = excluded.provider_id
    WHERE switchboard.recordings.organization_id = excluded.organization_id AND switchboard.recordings.deleted_at IS NULL
RETURNING *;

-- name: AdvanceRecording :one
-- The provider has its audio, or never will.
UPDATE switchboard.recordings SET
    provider_status = @provider_status, copy_attempt = copy_attempt + 1,
    status = CASE WHEN sqlc.narg(failure_message)::text IS NULL THEN 'PENDING' ELSE 'FAILED' END,
    failure_message = sqlc.narg(failure_message), failure_retryable = CASE WHEN sqlc.narg(failure_message)::text IS NULL THEN NULL ELSE false END,
    duration_ms = coalesce(sqlc.narg(duration_ms), duration_ms), channels = coalesce(sqlc.narg(channels), channels)
WHERE id = @id RETURNING *;

-- name: ListRecordingsOfCalls :many
-- The oldest of each call first: its first leg's.
SELECT * FROM switchboard.recordings
WHERE call_id = ANY(@call_ids::uuid[]) AND organization_id = ANY(@organization_ids::uuid[]) AND deleted_at IS NULL ORDER BY call_id, id;

-- name: FailUnfinishedRecordings :many
-- Of which the provider said nothing any more. Should it still finish one, that one goes on.
UPDATE switchboard.recordings SET status = 'FAILED', failure_message = @message, failure_retryable = false
WHERE id IN (
    SELECT r.id FROM switchboard.recordings r
    WHERE r.status = 'PENDING' AND r.provider_status = 'IN_PROGRESS' AND r.deleted_at IS NULL AND r.created_at < now() - @quiet_for::interval
    LIMIT @most FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id;

-- name: ForgetDeletedRecordings :exec
DELETE FROM switchboard.deleted_recordings WHERE (source, provider_id) IN (
    SELECT d.source, d.provider_id FROM switchboard.deleted_recordings d WHERE d.deleted_at < now() - @kept_for::interval LIMIT @most);

-- name: ListLostCopies :many
-- Copies that wait for longer than all tries take. Most of them have lost their job; one that has not gets no other.
SELECT id, organization_id FROM switchboard.recordings
WHERE status = 'PENDING' AND deleted_at IS NULL AND (provider_id IS NULL OR provider_status = 'COMPLETED')
  AND created_at < now() - @lost_for::interval
ORDER BY id LIMIT @most;

-- name: LockRecordingsOf :many
-- The next of an organization that was closed. Held ones stay.
SELECT id FROM switchboard.recordings
WHERE organization_id = @organization_id AND deleted_at IS NULL AND held_at IS NULL ORDER BY id LIMIT @most FOR NO KEY UPDATE;

-- name: AbortUploadsOf :exec
UPDATE switchboard.uploads SET status = 'ABORTED' WHERE organization_id = @organization_id AND status = 'PENDING';

-- name: CountLeftOf :one
-- What an organization still has in the bucket.
SELECT (SELECT count(*) FROM switchboard.recordings r WHERE r.organization_id = @organization_id AND r.held_at IS NULL)::bigint AS recordings,
       (SELECT count(*) FROM switchboard.recordings r WHERE r.organization_id = @organization_id AND r.held_at IS NOT NULL)::bigint AS held,
       (SELECT count(*) FROM switchboard.uploads u WHERE u.organization_id = @organization_id AND u.recording_id IS NULL AND u.cleared_at IS NULL)::bigint AS uploads;
