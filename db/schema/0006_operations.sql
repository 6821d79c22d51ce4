-- +goose Up
-- What operators need of the rooms before: dead letters, notes, retention. A wider CHECK is added NOT VALID:
-- what was right under the narrower one is right under it, so that no row is read while the table is locked.
ALTER TABLE switchboard.activity_events
    DROP CONSTRAINT activity_events_type_check,
    DROP CONSTRAINT activity_events_subject_kind_check,
    ADD CONSTRAINT activity_events_type_check CHECK (type IN ('TRANSCRIPTION_STATUS_CHANGED', 'RECORDING_AVAILABLE', 'RECORDING_DELETED', 'ORGANIZATION_UPDATED', 'MEMBER_CHANGED', 'WEBHOOK_FAILED')) NOT VALID,
    ADD CONSTRAINT activity_events_subject_kind_check CHECK (subject_kind IN ('org', 'rec', 'trn', 'mem', 'whk')) NOT VALID;
CREATE INDEX activity_events_by_time ON switchboard.activity_events (occurred_at);

-- Up to here events were removed because of their age: a cursor before this number cannot be replayed.
ALTER TABLE switchboard.activity_heads ADD COLUMN removed_to bigint NOT NULL DEFAULT 0 CHECK (removed_to >= 0);

ALTER TABLE switchboard.webhook_events
    -- When its job was enqueued last: an old event that is replayed is not late.
    ADD COLUMN queued_at timestamptz NOT NULL DEFAULT now(),
    -- Why an operator discarded it.
    ADD COLUMN note text CHECK (length(note) BETWEEN 1 AND 1000);
UPDATE switchboard.webhook_events SET queued_at = received_at;
DROP INDEX switchboard.webhook_events_unprocessed;
CREATE INDEX webhook_events_open ON switchboard.webhook_events (status, queued_at) WHERE processed_at IS NULL;
CREATE INDEX webhook_events_finished ON switchboard.webhook_events (processed_at) WHERE processed_at IS NOT NULL;

-- When the object of an upload that came to nothing was removed.
ALTER TABLE switchboard.uploads ADD COLUMN cleared_at timestamptz;
UPDATE switchboard.uploads SET cleared_at = expires_at WHERE status = 'EXPIRED'; -- so far the object went first
CREATE INDEX uploads_unclear ON switchboard.uploads (expires_at) WHERE status IN ('ABORTED', 'EXPIRED') AND cleared_at IS NULL;

-- +goose Down
DROP INDEX switchboard.uploads_unclear;
ALTER TABLE switchboard.uploads DROP COLUMN cleared_at;
DROP INDEX switchboard.webhook_events_open, switchboard.webhook_events_finished;
CREATE INDEX webhook_events_unprocessed ON switchboard.webhook_events (received_at) WHERE processed_at IS NULL;
ALTER TABLE switchboard.webhook_events DROP COLUMN queued_at, DROP COLUMN note;
ALTER TABLE switchboard.activity_heads DROP COLUMN removed_to;
DROP INDEX switchboard.activity_events_by_time;
DELETE FROM switchboard.activity_events WHERE type = 'WEBHOOK_FAILED';
ALTER TABLE switchboard.activity_events
    DROP CONSTRAINT activity_events_type_check,
    DROP CONSTRAINT activity_events_subject_kind_check,
    ADD CONSTRAINT activity_events_type_check CHECK (type IN ('TRANSCRIPTION_STATUS_CHANGED', 'RECORDING_AVAILABLE', 'RECORDING_DELETED', 'ORGANIZATION_UPDATED', 'MEMBER_CHANGED')),
    ADD CONSTRAINT activity_events_subject_kind_check CHECK (subject_kind IN ('org', 'rec', 'trn', 'mem'));
