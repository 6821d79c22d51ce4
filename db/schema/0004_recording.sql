-- +goose Up
CREATE TABLE switchboard.recordings (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    source          text NOT NULL CHECK (source IN ('SIGNALWIRE', 'WEBRTC', 'UPLOAD', 'EXTERNAL')),
    status          text NOT NULL CHECK (status IN ('PENDING', 'STORED', 'FAILED')),
    filename        text CHECK (length(filename) <= 255),
    object_key      text NOT NULL,
    content_type    text,
    size_bytes      bigint CHECK (size_bytes > 0),
    duration_ms     integer CHECK (duration_ms >= 0),
    channels        integer CHECK (channels > 0),
    sha256          bytea CHECK (length(sha256) = 32),
    created_by      uuid REFERENCES switchboard.users ON DELETE SET NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    -- Set when somebody deletes it: hidden from everybody at once, while a job takes the audio, the
    -- provider's copies and at last this row away.
    deleted_at      timestamptz,
    CONSTRAINT recordings_object_key UNIQUE (object_key),
    CONSTRAINT recordings_organization_id_id_key UNIQUE (organization_id, id),
    CHECK (status <> 'STORED' OR (content_type IS NOT NULL AND size_bytes IS NOT NULL))
);
CREATE INDEX recordings_by_organization ON switchboard.recordings (organization_id, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE switchboard.uploads (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    created_by      uuid NOT NULL REFERENCES switchboard.users ON DELETE CASCADE,
    status          text NOT NULL CHECK (status IN ('PENDING', 'COMPLETED', 'ABORTED', 'EXPIRED')),
    filename        text NOT NULL CHECK (length(filename) BETWEEN 1 AND 255),
    content_type    text NOT NULL,
    size_bytes      bigint NOT NULL CHECK (size_bytes > 0),
    sha256          bytea CHECK (length(sha256) = 32),
    object_key      text NOT NULL,
    idempotency_key text CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    recording_id    uuid,
    expires_at      timestamptz NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT uploads_object_key UNIQUE (object_key),
    CONSTRAINT uploads_idempotency_key UNIQUE (organization_id, created_by, idempotency_key),
    CONSTRAINT uploads_recording_id_key UNIQUE (recording_id),
    -- An upload cannot end in another organization's recording.
    FOREIGN KEY (organization_id, recording_id) REFERENCES switchboard.recordings (organization_id, id) ON DELETE CASCADE,
    CHECK ((status = 'COMPLETED') = (recording_id IS NOT NULL))
);
CREATE INDEX uploads_pending ON switchboard.uploads (expires_at) WHERE status = 'PENDING';

-- +goose Down
DROP TABLE switchboard.uploads, switchboard.recordings;
