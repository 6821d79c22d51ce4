-- name: ListPhoneNumbers :many
SELECT * FROM switchboard.phone_numbers WHERE organization_id = @organization_id ORDER BY id;

-- name: ListPhoneNumbersOf :many
SELECT * FROM switchboard.phone_numbers WHERE organization_id = ANY(@organization_ids::uuid[]) ORDER BY organization_id, id;

-- name: GetPhoneNumber :one
SELECT * FROM switchboard.phone_numbers WHERE id = @id AND organization_id = ANY(@organization_ids::uuid[]);

-- name: LockPhoneNumber :one
SELECT * FROM switchboard.phone_numbers WHERE number = @number FOR UPDATE;

-- name: GetPhoneNumberByNumber :one
SELECT * FROM switchboard.phone_numbers WHERE number = @number;

-- name: ListAllPhoneNumbers :many
-- For the operator, who gives numbers to organizations.
SELECT n.number, n.label, o.slug FROM switchboard.phone_numbers n JOIN switchboard.organizations o ON o.id = n.organization_id ORDER BY o.slug, n.number;

-- name: AssignPhoneNumber :one
-- No row where there is no such organization, or the number is another's.
INSERT INTO switchboard.phone_numbers (id, organization_id, number, label)
SELECT @id, o.id, @number, sqlc.narg(label) FROM switchboard.organizations o WHERE o.slug = @slug
ON CONFLICT (number) DO UPDATE SET label = coalesce(EXCLUDED.label, phone_numbers.label) WHERE phone_numbers.organization_id = EXCLUDED.organization_id
RETURNING *;

-- name: RemovePhoneNumber :one
DELETE FROM switchboard.phone_numbers WHERE number = @number RETURNING *;

-- name: RemovePhoneNumbersOf :exec
DELETE FROM switchboard.phone_numbers WHERE organization_id = @organization_id;

-- name: UpdatePhoneNumber :one
UPDATE switchboard.phone_numbers SET
    label = CASE WHEN @set_label::boolean THEN sqlc.narg(label) ELSE label END,
    forward_to = CASE WHEN @set_forward_to::boolean THEN sqlc.narg(forward_to) ELSE forward_to END
WHERE id = @id AND organization_id = @organization_id RETURNING *;

-- name: GetTelephonySettings :one
SELECT * FROM switchboard.telephony_settings WHERE organization_id = @organization_id;

-- name: EnsureTelephonySettings :exec
-- So that there is a row to lock: of two first changes at once, one would else undo the other.
INSERT INTO switchboard.telephony_settings (organization_id) VALUES (@organization_id) ON CONFLICT DO NOTHING;

-- name: LockTelephonySettings :one
SELECT * FROM switchboard.telephony_settings WHERE organization_id = @organization_id FOR UPDATE;

-- name: ListTelephonySettings :many
SELECT * FROM switchboard.telephony_settings WHERE organization_id = ANY(@organization_ids::uuid[]) ORDER BY organization_id;

-- name: UpdateTelephonySettings :one
INSERT INTO switchboard.telephony_settings AS s (organization_id, record, announce, announcement, transcribe, allowed_countries, max_concurrent_calls, max_daily_calls)
VALUES (@organization_id, @record, @announce, sqlc.narg(announcement), @transcribe, sqlc.narg(allowed_countries)::text[], @max_concurrent_calls, @max_daily_calls)
ON CONFLICT (organization_id) DO UPDATE SET
    record = EXCLUDED.record, announce = EXCLUDED.announce, announcement = EXCLUDED.announcement, transcribe = EXCLUDED.transcribe,
    allowed_countries = EXCLUDED.allowed_countries, max_concurrent_calls = EXCLUDED.max_concurrent_calls, max_daily_calls = EXCLUDED.max_daily_calls, updated_at = now()
RETURNING *;

-- name: InsertCall :one
INSERT INTO switchboard.calls (id, organization_id, direction, status, from_number, to_number, created_by, idempotency_key, record, announcement, transcribe, forward_to)
VALUES (@id, @organization_id, @direction, 'PENDING', @from_number, @to_number, sqlc.narg(created_by), sqlc.narg(idempotency_key), @record, sqlc.narg(announcement), @transcribe, sqlc.narg(forward_to))
RETURNING *;

-- name: GetCallByKey :one
SELECT * FROM switchboard.calls WHERE organization_id = @organization_id AND created_by = @created_by AND idempotency_key = @idempotency_key;

-- name: GetCall :one
SELECT * FROM switchboard.calls WHERE id = @id AND organization_id = ANY(@organization_ids::uuid[]);

-- name: GetCallForWork :one
SELECT * FROM switchboard.calls WHERE id = @id;

-- name: LockCall :one
SELECT * FROM switchboard.calls WHERE id = @id FOR UPDATE;

-- name: ListCallsByID :many
SELECT * FROM switchboard.calls WHERE id = ANY(@ids::uuid[]) AND organization_id = ANY(@organization_ids::uuid[]) ORDER BY id;

-- name: ListCallsNewest :many
SELECT c.* FROM switchboard.calls c
WHERE c.organization_id = @organization_id
  AND (cardinality(@statuses::text[]) = 0 OR c.status = ANY(@statuses::text[]))
  AND (cardinality(@dispositions::text[]) = 0 OR c.disposition = ANY(@dispositions::text[]))
  AND (sqlc.narg(direction)::text IS NULL OR c.direction = sqlc.narg(direction))
  AND (sqlc.narg(created_after)::timestamptz IS NULL OR c.created_at >= sqlc.narg(created_after))
  AND (sqlc.narg(created_before)::timestamptz IS NULL OR c.created_at < sqlc.narg(created_before))
  AND (sqlc.narg(begins)::text IS NULL OR c.from_number LIKE sqlc.narg(begins) OR c.to_number LIKE sqlc.narg(begins)
    OR reverse(c.from_number) LIKE sqlc.narg(ends)::text OR reverse(c.to_number) LIKE sqlc.narg(ends))
  AND (sqlc.narg(has_transcript)::boolean IS NULL OR sqlc.narg(has_transcript) = EXISTS (
    SELECT FROM switchboard.recordings r JOIN switchboard.transcriptions t ON t.recording_id = r.id
    WHERE r.call_id = c.id AND r.deleted_at IS NULL AND t.status = 'COMPLETED'))
  AND (c.created_at, c.id) < (@after_at::timestamptz, @after_id::uuid)
ORDER BY c.created_at DESC, c.id DESC LIMIT @page_size;

-- name: ListCallsOldest :many
SELECT c.* FROM switchboard.calls c
WHERE c.organization_id = @organization_id
  AND (cardinality(@statuses::text[]) = 0 OR c.status = ANY(@statuses::text[]))
  AND (cardinality(@dispositions::text[]) = 0 OR c.disposition = ANY(@dispositions::text[]))
  AND (sqlc.narg(direction)::text IS NULL OR c.direction = sqlc.narg(direction))
  AND (sqlc.narg(created_after)::timestamptz IS NULL OR c.created_at >= sqlc.narg(created_after))
  AND (sqlc.narg(created_before)::timestamptz IS NULL OR c.created_at < sqlc.narg(created_before))
  AND (sqlc.narg(begins)::text IS NULL OR c.from_number LIKE sqlc.narg(begins) OR c.to_number LIKE sqlc.narg(begins)
    OR reverse(c.from_number) LIKE sqlc.narg(ends)::text OR reverse(c.to_number) LIKE sqlc.narg(ends))
  AND (sqlc.narg(has_transcript)::boolean IS NULL OR sqlc.narg(has_transcript) = EXISTS (
    SELECT FROM switchboard.recordings r JOIN switchboard.transcriptions t ON t.recording_id = r.id
    WHERE r.call_id = c.id AND r.deleted_at IS NULL AND t.status = 'COMPLETED'))
  AND (c.created_at, c.id) > (@after_at::timestamptz, @after_id::uuid)
ORDER BY c.created_at ASC, c.id ASC LIMIT @page_size;

-- name: ListCallsLongest :many
-- A call without an end counts as shorter than all.
SELECT c.* FROM switchboard.calls c
WHERE c.organization_id = @organization_id
  AND (cardinality(@statuses::text[]) = 0 OR c.status = ANY(@statuses::text[]))
  AND (cardinality(@dispositions::text[]) = 0 OR c.disposition = ANY(@dispositions::text[]))
  AND (sqlc.narg(direction)::text IS NULL OR c.direction = sqlc.narg(direction))
  AND (sqlc.narg(created_after)::timestamptz IS NULL OR c.created_at >= sqlc.narg(created_after))
  AND (sqlc.narg(created_before)::timestamptz IS NULL OR c.created_at < sqlc.narg(created_before))
  AND (sqlc.narg(begins)::text IS NULL OR c.from_number LIKE sqlc.narg(begins) OR c.to_number LIKE sqlc.narg(begins)
    OR reverse(c.from_number) LIKE sqlc.narg(ends)::text OR reverse(c.to_number) LIKE sqlc.narg(ends))
  AND (sqlc.narg(has_transcript)::boolean IS NULL OR sqlc.narg(has_transcript) = EXISTS (
    SELECT FROM switchboard.recordings r JOIN switchboard.transcriptions t ON t.recording_id = r.id
    WHERE r.call_id = c.id AND r.deleted_at IS NULL AND t.status = 'COMPLETED'))
  AND (coalesce(c.duration_ms, -1), c.id) < (@after_duration::integer, @after_id::uuid)
ORDER BY coalesce(c.duration_ms, -1) DESC, c.id DESC LIMIT @page_size;

-- name: ListCallsShortest :many
SELECT c.* FROM switchboard.calls c
WHERE c.organization_id = @organization_id
  AND (cardinality(@statuses::text[]) = 0 OR c.status = ANY(@statuses::text[]))
  AND (cardinality(@dispositions::text[]) = 0 OR c.disposition = ANY(@dispositions::text[]))
  AND (sqlc.narg(direction)::text IS NULL OR c.direction = sqlc.narg(direction))
  AND (sqlc.narg(created_after)::timestamptz IS NULL OR c.created_at >= sqlc.narg(created_after))
  AND (sqlc.narg(created_before)::timestamptz IS NULL OR c.created_at < sqlc.narg(created_before))
  AND (sqlc.narg(begins)::text IS NULL OR c.from_number LIKE sqlc.narg(begins) OR c.to_number LIKE sqlc.narg(begins)
    OR reverse(c.from_number) LIKE sqlc.narg(ends)::text OR reverse(c.to_number) LIKE sqlc.narg(ends))
  AND (sqlc.narg(has_transcript)::boolean IS NULL OR sqlc.narg(has_transcript) = EXISTS (
    SELECT FROM switchboard.recordings r JOIN switchboard.transcriptions t ON t.recording_id = r.id
    WHERE r.call_id = c.id AND r.deleted_at IS NULL AND t.status = 'COMPLETED'))
  AND (coalesce(c.duration_ms, -1), c.id) > (@after_duration::integer, @after_id::uuid)
ORDER BY coalesce(c.duration_ms, -1) ASC, c.id ASC LIMIT @page_size;

-- name: CountCalls :one
-- No further than somebody wants to know.
SELECT count(*)::integer FROM (
  SELECT FROM switchboard.calls c
  WHERE c.organization_id = @organization_id
    AND (cardinality(@statuses::text[]) = 0 OR c.status = ANY(@statuses::text[]))
    AND (cardinality(@dispositions::text[]) = 0 OR c.disposition = ANY(@dispositions::text[]))
    AND (sqlc.narg(direction)::text IS NULL OR c.direction = sqlc.narg(direction))
    AND (sqlc.narg(created_after)::timestamptz IS NULL OR c.created_at >= sqlc.narg(created_after))
    AND (sqlc.narg(created_before)::timestamptz IS NULL OR c.created_at < sqlc.narg(created_before))
    AND (sqlc.narg(begins)::text IS NULL OR c.from_number LIKE sqlc.narg(begins) OR c.to_number LIKE sqlc.narg(begins)
      OR reverse(c.from_number) LIKE sqlc.narg(ends)::text OR reverse(c.to_number) LIKE sqlc.narg(ends))
    AND (sqlc.narg(has_transcript)::boolean IS NULL OR sqlc.narg(has_transcript) = EXISTS (
      SELECT FROM switchboard.recordings r JOIN switchboard.transcriptions t ON t.recording_id = r.id
      WHERE r.call_id = c.id AND r.deleted_at IS NULL AND t.status = 'COMPLETED'))
  LIMIT @most::integer
) found;

-- name: CountLiveCalls :one
SELECT count(*)::integer FROM (
    SELECT FROM switchboard.calls
    WHERE organization_id = @organization_id AND status IN ('PENDING', 'INITIATING', 'RINGING', 'IN_PROGRESS') LIMIT @most::integer
) live;

-- name: CountCallsToday :one
-- A day is one of UTC. What came in is no cost that somebody here decided on.
SELECT count(*)::integer FROM (
    SELECT FROM switchboard.calls
    WHERE organization_id = @organization_id AND direction = 'OUTBOUND' AND created_at >= date_trunc('day', now(), 'UTC') LIMIT @most::integer
) today;

-- name: MarkCallDialed :one
-- Once: no row comes back when it may have been dialed, or is not wanted any more.
UPDATE switchboard.calls SET dialed_at = now(), checked_at = now()
WHERE id = @id AND status = 'PENDING' AND dialed_at IS NULL AND hangup_at IS NULL RETURNING *;

-- name: MarkCallNotDialed :exec
-- The provider surely did not take it.
UPDATE switchboard.calls SET dialed_at = NULL WHERE id = @id AND status = 'PENDING';

-- name: CountDoubtfulCalls :one
-- Others that the provider's list could show as this one.
SELECT count(*)::integer FROM switchboard.calls
WHERE status = 'PENDING' AND dialed_at IS NOT NULL AND from_number = @from_number AND to_number = @to_number AND id <> @id;

-- name: MoveCall :one
-- Times that are known stay known.
UPDATE switchboard.calls SET
    status = @status, provider_status = coalesce(sqlc.narg(provider_status), provider_status), checked_at = now(),
    started_at = coalesce(sqlc.narg(started_at), started_at), ended_at = sqlc.narg(ended_at),
    duration_ms = coalesce(sqlc.narg(duration_ms), duration_ms),
    failure_code = sqlc.narg(failure_code), failure_message = sqlc.narg(failure_message)
WHERE id = @id RETURNING *;

-- name: MarkCallHangup :exec
UPDATE switchboard.calls SET hangup_at = coalesce(hangup_at, now()) WHERE id = @id;

-- name: HangUpCallsOf :many
-- All that an organization has under way.
UPDATE switchboard.calls SET hangup_at = coalesce(hangup_at, now())
WHERE organization_id = @organization_id AND status IN ('PENDING', 'INITIATING', 'RINGING', 'IN_PROGRESS') RETURNING id;

-- name: MarkCallCollected :exec
UPDATE switchboard.calls SET collected_at = now() WHERE id = @id;

-- name: SetCallDisposition :one
UPDATE switchboard.calls SET disposition = @disposition, disposition_note = sqlc.narg(note), disposition_by = @author, disposition_at = now()
WHERE id = @id AND organization_id = @organization_id RETURNING *;

-- name: ListStuckCalls :many
-- Live ones that nobody asked about for a while, the longest first. Marks them, so that two sweeps at the
-- same time share the work.
UPDATE switchboard.calls SET checked_at = now()
WHERE id IN (
    SELECT c.id FROM switchboard.calls c
    WHERE c.status IN ('PENDING', 'INITIATING', 'RINGING', 'IN_PROGRESS') AND c.checked_at < now() - @unchecked_for::interval
    ORDER BY c.checked_at LIMIT @most FOR UPDATE SKIP LOCKED)
RETURNING *;

-- name: ListUncollectedCalls :many
-- Recorded ones that ended a while ago and whose recordings nobody asked for since. In no order: many that fail
-- again and again must not keep the others.
SELECT id FROM switchboard.calls
WHERE ended_at IS NOT NULL AND record AND collected_at IS NULL AND ended_at < now() - @ended_for::interval ORDER BY random() LIMIT @most;

-- name: GetCallLeg :one
SELECT * FROM switchboard.call_legs WHERE provider_id = @provider_id;

-- name: GetFirstCallLeg :one
SELECT * FROM switchboard.call_legs WHERE call_id = @call_id AND parent_provider_id IS NULL;

-- name: ListFirstLegs :many
SELECT provider_id FROM switchboard.call_legs WHERE call_id = ANY(@call_ids::uuid[]) AND parent_provider_id IS NULL ORDER BY provider_id;

-- name: ListLegsOfCall :many
SELECT * FROM switchboard.call_legs WHERE call_id = @call_id ORDER BY parent_provider_id NULLS FIRST, provider_id;

-- name: ListLegsOfCalls :many
SELECT * FROM switchboard.call_legs WHERE call_id = ANY(@call_ids::uuid[]) AND organization_id = ANY(@organization_ids::uuid[])
ORDER BY call_id, parent_provider_id NULLS FIRST, started_at NULLS LAST, provider_id;

-- name: PutCallLeg :one
-- No row comes back when the leg is another call's. Which of two states is later, the caller says.
INSERT INTO switchboard.call_legs (provider_id, organization_id, call_id, parent_provider_id, status, provider_status, from_number, to_number, started_at, ended_at, duration_ms)
VALUES (@provider_id, @organization_id, @call_id, sqlc.narg(parent_provider_id), @status, @provider_status, @from_number, @to_number, sqlc.narg(started_at), sqlc.narg(ended_at), sqlc.narg(duration_ms))
ON CONFLICT (provider_id) DO UPDATE SET
    status = EXCLUDED.status, provider_status = EXCLUDED.provider_status, started_at = coalesce(EXCLUDED.started_at, call_legs.started_at),
    ended_at = coalesce(EXCLUDED.ended_at, call_legs.ended_at), duration_ms = coalesce(EXCLUDED.duration_ms, call_legs.duration_ms)
WHERE call_legs.call_id = EXCLUDED.call_id
RETURNING *;

-- name: InsertCallNote :one
INSERT INTO switchboard.call_notes (id, organization_id, call_id, author_id, text) VALUES (@id, @organization_id, @call_id, @author_id, @text) RETURNING *;

-- name: ListNotesOfCalls :many
-- The newest of each call.
SELECT n.* FROM unnest(@call_ids::uuid[]) AS wanted(id)
CROSS JOIN LATERAL (
    SELECT * FROM switchboard.call_notes x
    WHERE x.call_id = wanted.id AND x.organization_id = ANY(@organization_ids::uuid[]) ORDER BY x.id DESC LIMIT @most
) n
ORDER BY n.call_id, n.id DESC;
