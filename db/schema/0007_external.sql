-- +goose Up
-- Recordings that are copied from an address which somebody gave. So far every row is STORED, which is why the
-- CHECK need not read them while the table is locked.
ALTER TABLE switchboard.recordings
    -- Where the copy comes from. It goes once the copy is here: the query of such an address is often a key.
    ADD COLUMN source_url text CHECK (length(source_url) BETWEEN 1 AND 2048),
    -- Tells the same request from another one, also when the address itself is gone.
    ADD COLUMN source_url_sha256 bytea CHECK (length(source_url_sha256) = 32),
    -- Counts how often the copy was begun, so that a job of an earlier time changes nothing.
    ADD COLUMN copy_attempt integer NOT NULL DEFAULT 0 CHECK (copy_attempt >= 0),
    -- When a run of it was last heard of; NULL while none is at work.
    ADD COLUMN copying_at timestamptz,
    ADD COLUMN failure_message text CHECK (length(failure_message) BETWEEN 1 AND 1000),
    ADD COLUMN failure_retryable boolean,
    ADD CONSTRAINT recordings_failure_check CHECK ((status = 'FAILED') = (failure_message IS NOT NULL AND failure_retryable IS NOT NULL)) NOT VALID;
CREATE INDEX recordings_pending ON switchboard.recordings (organization_id) WHERE status = 'PENDING';

-- +goose Down
DROP INDEX switchboard.recordings_pending;
DELETE FROM switchboard.recordings WHERE status <> 'STORED';
ALTER TABLE switchboard.recordings
    DROP CONSTRAINT recordings_failure_check,
    DROP COLUMN source_url, DROP COLUMN source_url_sha256, DROP COLUMN copy_attempt, DROP COLUMN copying_at, DROP COLUMN failure_message, DROP COLUMN failure_retryable;
