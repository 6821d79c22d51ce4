-- +goose Up
-- The last number that an organization's activity has. Its row lock makes the order of the numbers the
-- order of the commits, which a sequence does not.
CREATE TABLE switchboard.activity_heads (
    organization_id uuid PRIMARY KEY REFERENCES switchboard.organizations ON DELETE CASCADE,
    last_number     bigint NOT NULL CHECK (last_number > 0)
);

CREATE TABLE switchboard.activity_events (
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    number          bigint NOT NULL CHECK (number > 0),
    id              uuid NOT NULL,
    type            text NOT NULL CHECK (type IN ('TRANSCRIPTION_STATUS_CHANGED', 'RECORDING_AVAILABLE', 'RECORDING_DELETED', 'ORGANIZATION_UPDATED', 'MEMBER_CHANGED')),
    -- What it is about; the thing itself may be gone, so there is no foreign key.
    subject_kind    text NOT NULL CHECK (subject_kind IN ('org', 'rec', 'trn', 'mem')),
    subject_id      uuid NOT NULL,
    status          text,
    previous_status text,
    actor_kind      text NOT NULL CHECK (actor_kind IN ('HUMAN', 'SYSTEM', 'MODEL', 'VENDOR')),
    actor_id        uuid,
    actor_label     text NOT NULL,
    -- The clock at the moment of writing, not at the start of the transaction: times then follow the numbers.
    occurred_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organization_id, number),
    CONSTRAINT activity_events_id_key UNIQUE (id)
);
CREATE INDEX activity_events_by_subject ON switchboard.activity_events (subject_id, number);

-- +goose Down
DROP TABLE switchboard.activity_events, switchboard.activity_heads;
