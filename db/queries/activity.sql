-- name: RecordActivity :one
-- Takes the organization's next number and writes the event under it. The lock on the head is held until
-- the transaction ends, so this stands last in it.
WITH head AS (
    INSERT INTO switchboard.activity_heads AS h (organization_id, last_number) VALUES (@organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET last_number = h.last_number + 1
    RETURNING h.last_number
)
INSERT INTO switchboard.activity_events (organization_id, number, id, type, subject_kind, subject_id, status, previous_status, actor_kind, actor_id, actor_label, audience, detail, traceparent)
SELECT @organization_id, head.last_number, @id, @type, @subject_kind, @subject_id, sqlc.narg(status), sqlc.narg(previous_status), @actor_kind, sqlc.narg(actor_id), @actor_label, @audience, sqlc.narg(detail), sqlc.narg(traceparent) FROM head
RETURNING number;

-- name: RecordActivities :execrows
-- RecordActivity for many at once, in their order. The heads are taken in the order of the organizations, so that two
-- of these do not wait for each other.
WITH given AS (
    SELECT (e.value->>'organization_id')::uuid AS organization_id, e.place, e.value AS event
    FROM jsonb_array_elements(@events::jsonb) WITH ORDINALITY AS e(value, place)
), counted AS (
    SELECT organization_id, count(*) AS many FROM given GROUP BY organization_id ORDER BY organization_id
), heads AS (
    INSERT INTO switchboard.activity_heads AS h (organization_id, last_number) SELECT organization_id, many FROM counted
    ON CONFLICT (organization_id) DO UPDATE SET last_number = h.last_number + excluded.last_number
    RETURNING h.organization_id, h.last_number
)
INSERT INTO switchboard.activity_events (organization_id, number, id, type, subject_kind, subject_id, status, previous_status, actor_kind, actor_id, actor_label, audience, detail, traceparent)
SELECT g.organization_id,
    h.last_number - c.many + row_number() OVER (PARTITION BY g.organization_id ORDER BY g.place),
    (g.event->>'id')::uuid, g.event->>'type', g.event->>'subject_kind', (g.event->>'subject_id')::uuid, g.event->>'status', g.event->>'previous_status',
    g.event->>'actor_kind', (g.event->>'actor_id')::uuid, g.event->>'actor_label', g.event->>'audience', nullif(g.event->'detail', 'null'), g.event->>'traceparent'
FROM given g JOIN heads h USING (organization_id) JOIN counted c USING (organization_id);

-- name: ListActivityAfter :many
SELECT * FROM switchboard.activity_events
WHERE organization_id = @organization_id AND number > @after AND audience = 'MEMBERS'
  AND (cardinality(@types::text[]) = 0 OR type = ANY(@types::text[]))
ORDER BY number LIMIT @page_size;

-- name: ListSubjectActivityAfter :many
SELECT * FROM switchboard.activity_events
WHERE organization_id = @organization_id AND subject_id = @subject_id AND number > @after AND audience = 'MEMBERS'
  AND (cardinality(@types::text[]) = 0 OR type = ANY(@types::text[]))
ORDER BY number LIMIT @page_size;

-- name: ListActivityOfSubjects :many
-- The newest few of each: one statement, whatever their number.
SELECT e.* FROM unnest(@subject_ids::uuid[]) AS wanted(id)
CROSS JOIN LATERAL (
    SELECT * FROM switchboard.activity_events x
    WHERE x.subject_id = wanted.id AND x.organization_id = ANY(@organization_ids::uuid[]) AND x.audience = 'MEMBERS'
    ORDER BY x.number DESC LIMIT @most
) e
ORDER BY e.organization_id, e.number;

-- name: ListActivityBefore :many
SELECT * FROM switchboard.activity_events
WHERE organization_id = @organization_id AND number < @before AND audience = @audience
  AND (cardinality(@types::text[]) = 0 OR type = ANY(@types::text[]))
ORDER BY number DESC LIMIT @page_size;

-- name: GetLastSubjectActivity :one
SELECT * FROM switchboard.activity_events
WHERE organization_id = @organization_id AND subject_id = @subject_id AND audience = 'MEMBERS'
  AND (cardinality(@types::text[]) = 0 OR type = ANY(@types::text[]))
ORDER BY number DESC LIMIT 1;

-- name: GetActivityHead :one
-- Up to which number there is something, and up to which it was removed.
SELECT coalesce(max(last_number), 0)::bigint AS last_number, coalesce(max(removed_to), 0)::bigint AS removed_to
FROM switchboard.activity_heads WHERE organization_id = @organization_id;

-- name: ListActivityHeads :many
-- The newest number of each watched topic, organizations and subjects alike: one statement a sweep.
SELECT h.organization_id AS topic, h.last_number AS number FROM switchboard.activity_heads h
WHERE h.organization_id = ANY(@topics::uuid[])
UNION ALL
SELECT e.subject_id, max(e.number)::bigint FROM switchboard.activity_events e
WHERE e.subject_id = ANY(@topics::uuid[]) AND e.subject_id <> e.organization_id GROUP BY e.subject_id
ORDER BY 1;

-- name: GetActivityEvent :one
SELECT * FROM switchboard.activity_events WHERE id = @id AND audience = 'MEMBERS' AND organization_id = ANY(@organization_ids::uuid[]);

-- name: GetAuditEvent :one
SELECT * FROM switchboard.activity_events WHERE id = @id AND audience = 'AUDIT' AND organization_id = ANY(@organization_ids::uuid[]);

-- name: RemoveActivity :one
-- Removes the oldest events and notes in their heads how far that went: cursors before it cannot be replayed.
WITH removed AS (
    DELETE FROM switchboard.activity_events e USING (
        SELECT o.organization_id, o.number FROM switchboard.activity_events o
        WHERE o.occurred_at < now() - @kept_for::interval
        ORDER BY o.occurred_at LIMIT @most) AS old
    WHERE e.organization_id = old.organization_id AND e.number = old.number
    RETURNING e.organization_id, e.number
), noted AS (
    UPDATE switchboard.activity_heads h SET removed_to = greatest(h.removed_to, r.last)
    FROM (SELECT organization_id, max(number) AS last FROM removed GROUP BY organization_id) AS r
    WHERE h.organization_id = r.organization_id
)
SELECT count(*) FROM removed;
