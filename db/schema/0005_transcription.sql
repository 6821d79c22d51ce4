-- +goose Up
CREATE TABLE switchboard.transcriptions (
    id                uuid PRIMARY KEY,
    organization_id   uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    recording_id      uuid NOT NULL,
    status            text NOT NULL CHECK (status IN ('QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELED')),
    -- Counts from 1; a retry begins the next one.
    attempt           integer NOT NULL DEFAULT 1 CHECK (attempt > 0),
    -- 0 until there is a transcript; utterance numbers are stable within one version.
    version           integer NOT NULL DEFAULT 0 CHECK (version >= 0),
    requested_by      uuid REFERENCES switchboard.users ON DELETE SET NULL,
    idempotency_key   text CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    requested_language text,
    analysis          text[] NOT NULL,
    queued_at         timestamptz NOT NULL DEFAULT now(),
    started_at        timestamptz,
    finished_at       timestamptz,
    -- When the provider was last asked; the sweep asks again after a while.
    checked_at        timestamptz NOT NULL DEFAULT now(),
    failure_code      text,
    failure_message   text,
    failure_retryable boolean,
    language_code     text,
    confidence        double precision,
    text              text,
    speech_model      text,
    CONSTRAINT transcriptions_organization_id_id_key UNIQUE (organization_id, id),
    CONSTRAINT transcriptions_idempotency_key UNIQUE (organization_id, requested_by, idempotency_key),
    FOREIGN KEY (organization_id, recording_id) REFERENCES switchboard.recordings (organization_id, id) ON DELETE CASCADE,
    CHECK ((status IN ('COMPLETED', 'FAILED', 'CANCELED')) = (finished_at IS NOT NULL)),
    CHECK ((status = 'FAILED') = (failure_code IS NOT NULL AND failure_message IS NOT NULL AND failure_retryable IS NOT NULL)),
    CHECK (status <> 'COMPLETED' OR (version > 0 AND text IS NOT NULL))
);
-- At most one live transcription a recording, whatever runs at the same time.
CREATE UNIQUE INDEX transcriptions_one_live ON switchboard.transcriptions (recording_id) WHERE status IN ('QUEUED', 'PROCESSING');
CREATE INDEX transcriptions_by_organization ON switchboard.transcriptions (organization_id, id DESC);
CREATE INDEX transcriptions_by_recording ON switchboard.transcriptions (recording_id, id DESC);
CREATE INDEX transcriptions_live_by_check ON switchboard.transcriptions (checked_at) WHERE status IN ('QUEUED', 'PROCESSING');

-- One row for each time that we mean to hand the audio to the provider, written before we do, so that a
-- crash in between can be cleared up by asking the provider instead of paying twice.
CREATE TABLE switchboard.transcription_submissions (
    id               uuid PRIMARY KEY,
    organization_id  uuid NOT NULL,
    transcription_id uuid NOT NULL,
    attempt          integer NOT NULL CHECK (attempt > 0),
    audio_url        text NOT NULL,
    -- Set before sending: until this moment it may have arrived, so the provider is asked instead of
    -- sending again. NULL before that, and again after the provider surely refused.
    unsure_until     timestamptz,
    provider_id      text,
    CONSTRAINT transcription_submissions_attempt_key UNIQUE (transcription_id, attempt),
    CONSTRAINT transcription_submissions_provider_id_key UNIQUE (provider_id),
    FOREIGN KEY (organization_id, transcription_id) REFERENCES switchboard.transcriptions (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE switchboard.transcription_results (
    transcription_id uuid PRIMARY KEY,
    organization_id  uuid NOT NULL,
    speakers         jsonb NOT NULL,
    sentiment        jsonb,
    chapters         jsonb NOT NULL,
    topics           jsonb NOT NULL,
    content_safety   jsonb NOT NULL,
    entities         jsonb NOT NULL,
    -- The provider's whole answer, byte for byte: what we do not show today is not lost.
    answer           bytea NOT NULL,
    FOREIGN KEY (organization_id, transcription_id) REFERENCES switchboard.transcriptions (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE switchboard.utterances (
    transcription_id uuid NOT NULL,
    index            integer NOT NULL CHECK (index >= 0),
    organization_id  uuid NOT NULL,
    speaker_key      text NOT NULL,
    start_ms         integer NOT NULL CHECK (start_ms >= 0),
    end_ms           integer NOT NULL CHECK (end_ms >= start_ms),
    text             text NOT NULL,
    confidence       double precision,
    sentiment        text CHECK (sentiment IN ('POSITIVE', 'NEUTRAL', 'NEGATIVE')),
    words            jsonb NOT NULL,
    PRIMARY KEY (transcription_id, index),
    FOREIGN KEY (organization_id, transcription_id) REFERENCES switchboard.transcriptions (organization_id, id) ON DELETE CASCADE
);

-- +goose Down
DROP TABLE switchboard.utterances, switchboard.transcription_results, switchboard.transcription_submissions, switchboard.transcriptions;
