-- +goose Up
CREATE SCHEMA IF NOT EXISTS switchboard;

CREATE TABLE switchboard.users (
    id                   uuid PRIMARY KEY,
    email                text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 320),
    name                 text CHECK (length(name) <= 200),
    avatar_url           text CHECK (length(avatar_url) <= 2000),
    -- Tokens issued before this moment open nothing any more.
    sessions_valid_after timestamptz NOT NULL DEFAULT 'epoch',
    disabled_at          timestamptz,
    created_at           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_email_key UNIQUE (email)
);

CREATE TABLE switchboard.organizations (
    id                 uuid PRIMARY KEY,
    name               text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    slug               text NOT NULL CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    transcribe_uploads boolean NOT NULL DEFAULT true,
    -- NULL: the provider detects the language.
    language_code      text CHECK (language_code ~ '^[a-z]{2,3}(_[a-z]{2})?$'),
    -- NULL: what the operator of this service configured.
    analysis           text[] CHECK (analysis <@ ARRAY['SPEAKERS', 'SENTIMENT', 'ENTITIES', 'CHAPTERS', 'TOPICS', 'CONTENT_SAFETY']),
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organizations_slug_key UNIQUE (slug)
);

CREATE TABLE switchboard.memberships (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    user_id         uuid NOT NULL REFERENCES switchboard.users ON DELETE CASCADE,
    role            text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'OPERATOR', 'ANALYST', 'VIEWER')),
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT memberships_organization_user_key UNIQUE (organization_id, user_id)
);
CREATE INDEX memberships_by_user ON switchboard.memberships (user_id);
CREATE INDEX memberships_by_organization ON switchboard.memberships (organization_id, id);

-- +goose Down
DROP TABLE switchboard.memberships, switchboard.organizations, switchboard.users;
