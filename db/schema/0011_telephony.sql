-- +goose Up
-- A number gives an inbound call its organization and an outbound call its From: it belongs to one only.
CREATE TABLE switchboard.phone_numbers (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    number          text NOT NULL CHECK (number ~ '^\+[1-9][0-9]{6,14}$'),
    label           text CHECK (length(label) BETWEEN 1 AND 100),
    -- Who is connected with whoever is on the line; NULL: nobody, it is an answering machine.
    forward_to      text CHECK (forward_to ~ '^\+[1-9][0-9]{6,14}$'),
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT phone_numbers_number_key UNIQUE (number)
);
CREATE INDEX phone_numbers_by_organization ON switchboard.phone_numbers (organization_id, id);

-- No row: as the defaults say.
CREATE TABLE switchboard.telephony_settings (
    organization_id      uuid PRIMARY KEY REFERENCES switchboard.organizations ON DELETE CASCADE,
    record               boolean NOT NULL DEFAULT false,
    announce             boolean NOT NULL DEFAULT true,
    announcement         text CHECK (length(announcement) BETWEEN 1 AND 1000),
    transcribe           boolean NOT NULL DEFAULT true,
    -- NULL: the country of the number that is called from.
    allowed_countries    text[] CHECK (cardinality(allowed_countries) BETWEEN 1 AND 250),
    max_concurrent_calls integer NOT NULL DEFAULT 10 CHECK (max_concurrent_calls BETWEEN 0 AND 1000),
    max_daily_calls      integer NOT NULL DEFAULT 500 CHECK (max_daily_calls BETWEEN 0 AND 100000),
    updated_at           timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE switchboard.calls (
    id               uuid PRIMARY KEY,
    organization_id  uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    direction        text NOT NULL CHECK (direction IN ('INBOUND', 'OUTBOUND')),
    status           text NOT NULL CHECK (status IN ('PENDING', 'INITIATING', 'RINGING', 'IN_PROGRESS', 'COMPLETED', 'FAILED', 'NO_ANSWER', 'BUSY', 'CANCELED')),
    provider_status  text,
    from_number      text NOT NULL,
    to_number        text NOT NULL,
    created_by       uuid REFERENCES switchboard.users ON DELETE SET NULL,
    idempotency_key  text CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    -- As the settings were when it began: a call is not recorded half because somebody changed them.
    record           boolean NOT NULL,
    announcement     text,
    transcribe       boolean NOT NULL,
    forward_to       text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    -- The provider's times, not those at which we heard of them.
    started_at       timestamptz,
    ended_at         timestamptz,
    duration_ms      integer CHECK (duration_ms >= 0),
    -- Set before the provider is asked to dial, once: whoever finds it set looks the call up instead.
    dialed_at        timestamptz,
    hangup_at        timestamptz,
    -- When the provider was last asked; the sweep asks again after a while.
    checked_at       timestamptz NOT NULL DEFAULT now(),
    -- When its recordings were asked for at last, in case a word of them was lost; NULL: still to be done.
    collected_at     timestamptz,
    failure_code     text,
    failure_message  text,
    disposition      text CHECK (disposition IN ('SALE', 'NO_ANSWER', 'VOICEMAIL', 'NOT_INTERESTED', 'FOLLOW_UP', 'WRONG_NUMBER', 'OTHER')),
    disposition_note text CHECK (length(disposition_note) BETWEEN 1 AND 500),
    disposition_by   uuid REFERENCES switchboard.users ON DELETE SET NULL,
    disposition_at   timestamptz,
    CONSTRAINT calls_organization_id_id_key UNIQUE (organization_id, id),
    CONSTRAINT calls_idempotency_key UNIQUE (organization_id, created_by, idempotency_key),
    CHECK ((status IN ('COMPLETED', 'FAILED', 'NO_ANSWER', 'BUSY', 'CANCELED')) = (ended_at IS NOT NULL)),
    CHECK ((failure_code IS NULL) = (failure_message IS NULL)),
    CHECK ((disposition IS NULL) = (disposition_at IS NULL))
);
CREATE INDEX calls_by_time ON switchboard.calls (organization_id, created_at DESC, id DESC);
CREATE INDEX calls_by_duration ON switchboard.calls (organization_id, (coalesce(duration_ms, -1)) DESC, id DESC);
-- A search is the beginning of a number or its last digits, so that both directions need an index.
CREATE INDEX calls_from_begins ON switchboard.calls (organization_id, from_number text_pattern_ops);
CREATE INDEX calls_to_begins ON switchboard.calls (organization_id, to_number text_pattern_ops);
CREATE INDEX calls_from_ends ON switchboard.calls (organization_id, reverse(from_number) text_pattern_ops);
CREATE INDEX calls_to_ends ON switchboard.calls (organization_id, reverse(to_number) text_pattern_ops);
CREATE INDEX calls_live_by_check ON switchboard.calls (checked_at) WHERE status IN ('PENDING', 'INITIATING', 'RINGING', 'IN_PROGRESS');
CREATE INDEX calls_live_by_organization ON switchboard.calls (organization_id) WHERE status IN ('PENDING', 'INITIATING', 'RINGING', 'IN_PROGRESS');
CREATE INDEX calls_uncollected ON switchboard.calls (ended_at) WHERE ended_at IS NOT NULL AND record AND collected_at IS NULL;

-- Each of the provider's calls that one of ours is made of: the first, and those that it was connected with.
CREATE TABLE switchboard.call_legs (
    provider_id        text PRIMARY KEY CHECK (length(provider_id) BETWEEN 1 AND 64),
    organization_id    uuid NOT NULL,
    call_id            uuid NOT NULL,
    parent_provider_id text,
    status             text NOT NULL CHECK (status IN ('INITIATING', 'RINGING', 'IN_PROGRESS', 'COMPLETED', 'FAILED', 'NO_ANSWER', 'BUSY', 'CANCELED')),
    provider_status    text NOT NULL,
    from_number        text NOT NULL,
    to_number          text NOT NULL,
    started_at         timestamptz,
    ended_at           timestamptz,
    duration_ms        integer CHECK (duration_ms >= 0),
    FOREIGN KEY (organization_id, call_id) REFERENCES switchboard.calls (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX call_legs_by_call ON switchboard.call_legs (call_id, provider_id);
-- One first leg: a second one would be a second ringing phone.
CREATE UNIQUE INDEX call_legs_one_first ON switchboard.call_legs (call_id) WHERE parent_provider_id IS NULL;

CREATE TABLE switchboard.call_notes (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    call_id         uuid NOT NULL,
    author_id       uuid REFERENCES switchboard.users ON DELETE SET NULL,
    text            text NOT NULL CHECK (length(text) BETWEEN 1 AND 4000),
    created_at      timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (organization_id, call_id) REFERENCES switchboard.calls (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX call_notes_by_call ON switchboard.call_notes (call_id, id);

-- +goose Down
DROP TABLE switchboard.call_notes, switchboard.call_legs, switchboard.calls, switchboard.telephony_settings, switchboard.phone_numbers;
