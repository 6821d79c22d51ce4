-- +goose Up
-- What providers sent us, byte for byte, kept before it is answered.
CREATE TABLE switchboard.webhook_events (
    id              uuid PRIMARY KEY,
    source          text NOT NULL CHECK (source IN ('ASSEMBLYAI', 'SIGNALWIRE', 'STRIPE')),
    -- A hash of what makes two deliveries the same event; the source's room decides.
    dedupe_key      bytea NOT NULL CHECK (length(dedupe_key) = 32),
    type            text NOT NULL,
    external_id     text,
    -- Unknown until the event is matched: a provider does not know our tenants.
    organization_id uuid REFERENCES switchboard.organizations ON DELETE CASCADE,
    query           text NOT NULL DEFAULT '',
    headers         jsonb NOT NULL,
    body            bytea NOT NULL,
    status          text NOT NULL DEFAULT 'RECEIVED' CHECK (status IN ('RECEIVED', 'RETRYING', 'PROCESSED', 'FAILED', 'DISCARDED')),
    attempts        integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    error           text,
    received_at     timestamptz NOT NULL DEFAULT now(),
    processed_at    timestamptz,
    CONSTRAINT webhook_events_dedupe_key UNIQUE (source, dedupe_key),
    CHECK ((status IN ('PROCESSED', 'DISCARDED')) = (processed_at IS NOT NULL))
);
CREATE INDEX webhook_events_unprocessed ON switchboard.webhook_events (received_at) WHERE processed_at IS NULL;
CREATE INDEX webhook_events_by_organization ON switchboard.webhook_events (organization_id, id DESC) WHERE organization_id IS NOT NULL;

-- +goose Down
DROP TABLE switchboard.webhook_events;
