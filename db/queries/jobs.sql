-- name: SayProcessLives :one
-- Also where it was taken for dead meanwhile.
INSERT INTO switchboard.job_processes (id, seen_at) VALUES (@id, clock_timestamp())
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at
RETURNING seen_at;

-- name: RemoveProcess :exec
DELETE FROM switchboard.job_processes WHERE id = @id;
