-- +goose Up
-- Recordings that a provider made of a call, how long an organization keeps recordings, and what must not go.
-- So far no row has a provider's id, which is why the CHECK need not read them while the table is locked.
ALTER TABLE switchboard.recordings
    -- The call it is of. That room stands above this one, so there is no foreign key: a recording outlives its call.
    ADD COLUMN call_id uuid,
    -- The provider's id of it, and how far it is there. Never the provider's address: who has that can listen.
    ADD COLUMN provider_id text CHECK (length(provider_id) BETWEEN 1 AND 255),
    ADD COLUMN provider_status text CHECK (provider_status IN ('IN_PROGRESS', 'FAILED', 'ABSENT', 'COMPLETED')),
    -- A legal hold: since when, by whom and why. What is held is deleted by nobody.
    ADD COLUMN held_at timestamptz,
    ADD COLUMN held_by uuid REFERENCES switchboard.users ON DELETE SET NULL,
    ADD COLUMN hold_reason text CHECK (length(hold_reason) BETWEEN 1 AND 1000),
    ADD CONSTRAINT recordings_provider_id_key UNIQUE (source, provider_id),
    ADD CONSTRAINT recordings_provider_check CHECK ((provider_id IS NULL) = (provider_status IS NULL)) NOT VALID,
    ADD CONSTRAINT recordings_hold_check CHECK ((held_at IS NULL) = (hold_reason IS NULL) AND (held_at IS NULL OR deleted_at IS NULL)) NOT VALID;
CREATE INDEX recordings_by_call ON switchboard.recordings (call_id, id) WHERE call_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX recordings_by_age ON switchboard.recordings (organization_id, created_at) WHERE deleted_at IS NULL AND held_at IS NULL;

-- What was deleted here: a late word of the provider must not bring it back.
CREATE TABLE switchboard.deleted_recordings (
    source          text NOT NULL,
    provider_id     text NOT NULL,
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    deleted_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, provider_id)
);
CREATE INDEX deleted_recordings_by_time ON switchboard.deleted_recordings (deleted_at);

-- After how many days recordings are deleted; NULL: never.
ALTER TABLE switchboard.organizations ADD COLUMN recording_retention_days integer CHECK (recording_retention_days BETWEEN 1 AND 3650);

-- Who discarded it.
ALTER TABLE switchboard.webhook_events ADD COLUMN resolved_by uuid REFERENCES switchboard.users ON DELETE SET NULL;

-- +goose Down
ALTER TABLE switchboard.webhook_events DROP COLUMN resolved_by;
ALTER TABLE switchboard.organizations DROP COLUMN recording_retention_days;
DROP TABLE switchboard.deleted_recordings;
DROP INDEX switchboard.recordings_by_call, switchboard.recordings_by_age;
DELETE FROM switchboard.recordings WHERE provider_id IS NOT NULL AND status <> 'STORED';
ALTER TABLE switchboard.recordings
    DROP CONSTRAINT recordings_provider_id_key, DROP CONSTRAINT recordings_provider_check, DROP CONSTRAINT recordings_hold_check,
    DROP COLUMN call_id, DROP COLUMN provider_id, DROP COLUMN provider_status, DROP COLUMN held_at, DROP COLUMN held_by, DROP COLUMN hold_reason;
