-- +goose Up
-- Accounts: how people get in, what they have open, whom they invite.
ALTER TABLE switchboard.users
    ADD COLUMN email_verified_at        timestamptz,
    -- In PHC form, or as the app before us wrote it until the next sign-in. NULL: no way in by password.
    ADD COLUMN password_hash            text CHECK (length(password_hash) <= 500),
    ADD COLUMN selected_organization_id uuid REFERENCES switchboard.organizations ON DELETE SET NULL;
-- Who looks at an organization that goes.
CREATE INDEX users_by_selected_organization ON switchboard.users (selected_organization_id) WHERE selected_organization_id IS NOT NULL;

-- Somebody who wants an account and has not proven their address. There is no user until they have, so that
-- nobody can take an address that is another's, and so that an address in use is answered like a free one.
CREATE TABLE switchboard.signups (
    id            uuid PRIMARY KEY,
    email         text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 320),
    name          text CHECK (length(name) <= 200),
    password_hash text NOT NULL CHECK (length(password_hash) <= 500),
    organization  text CHECK (length(organization) BETWEEN 1 AND 200),
    -- Joins this organization instead of making one.
    invite_id     uuid,
    expires_at    timestamptz NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX signups_by_email ON switchboard.signups (email, created_at);
CREATE INDEX signups_by_expiry ON switchboard.signups (expires_at);

-- Links in mails and tickets of sockets. Whoever reads this table cannot use them: only hashes are kept.
CREATE TABLE switchboard.account_tokens (
    hash       bytea PRIMARY KEY CHECK (length(hash) = 32),
    purpose    text NOT NULL CHECK (purpose IN ('VERIFY', 'MAGIC_LINK', 'RESET', 'EMAIL_CHANGE', 'TICKET')),
    user_id    uuid REFERENCES switchboard.users ON DELETE CASCADE,
    signup_id  uuid REFERENCES switchboard.signups ON DELETE CASCADE,
    session_id uuid,
    -- Of a ticket: what the session that asked for it was.
    issued_at  timestamptz,
    ends_at    timestamptz,
    -- The address that it was sent to: it opens nothing once the user has another.
    email      text CHECK (length(email) <= 320),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((user_id IS NULL) <> (signup_id IS NULL))
);
CREATE INDEX account_tokens_by_user ON switchboard.account_tokens (user_id);
CREATE INDEX account_tokens_by_signup ON switchboard.account_tokens (signup_id);
CREATE INDEX account_tokens_by_expiry ON switchboard.account_tokens (expires_at);

CREATE TABLE switchboard.external_accounts (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES switchboard.users ON DELETE CASCADE,
    provider   text NOT NULL CHECK (length(provider) BETWEEN 1 AND 50),
    issuer     text NOT NULL CHECK (length(issuer) <= 500),
    subject    text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT external_accounts_subject_key UNIQUE (provider, issuer, subject)
);
CREATE INDEX external_accounts_by_user ON switchboard.external_accounts (user_id);

-- What is open. A row that is gone ends its token at once.
CREATE TABLE switchboard.sessions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES switchboard.users ON DELETE CASCADE,
    method       text NOT NULL CHECK (length(method) BETWEEN 1 AND 50),
    -- Of a session whose cookie is no JWT.
    token_hash   bytea CHECK (length(token_hash) = 32),
    address      text NOT NULL CHECK (length(address) <= 64),
    user_agent   text NOT NULL CHECK (length(user_agent) <= 500),
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    CONSTRAINT sessions_token_key UNIQUE (token_hash)
);
CREATE INDEX sessions_by_user ON switchboard.sessions (user_id, created_at);
CREATE INDEX sessions_by_expiry ON switchboard.sessions (expires_at);

-- Where somebody signed in before: failures of strangers do not slow them there.
CREATE TABLE switchboard.known_addresses (
    user_id uuid NOT NULL REFERENCES switchboard.users ON DELETE CASCADE,
    address text NOT NULL CHECK (length(address) <= 64),
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, address)
);

-- How often something was tried under a key, which is the hash of what it counts. All replicas count here.
CREATE TABLE switchboard.attempts (
    key           bytea PRIMARY KEY CHECK (length(key) = 32),
    free          integer NOT NULL,
    tries         integer NOT NULL,
    refused       boolean NOT NULL,
    blocked_until timestamptz NOT NULL,
    tried_at      timestamptz NOT NULL
);
CREATE INDEX attempts_by_time ON switchboard.attempts (tried_at);

CREATE TABLE switchboard.invites (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    email           text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 320),
    role            text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'OPERATOR', 'ANALYST', 'VIEWER')),
    status          text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'ACCEPTED', 'CANCELED')),
    -- NULL until the mail is made.
    token_hash      bytea CHECK (length(token_hash) = 32),
    invited_by      uuid REFERENCES switchboard.users ON DELETE SET NULL,
    accepted_by     uuid REFERENCES switchboard.users ON DELETE SET NULL,
    expires_at      timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    CONSTRAINT invites_token_key UNIQUE (token_hash)
);
CREATE UNIQUE INDEX invites_pending_key ON switchboard.invites (organization_id, email) WHERE status = 'PENDING';
CREATE INDEX invites_by_expiry ON switchboard.invites (expires_at);
CREATE INDEX invites_by_organization ON switchboard.invites (organization_id, id);

CREATE TABLE switchboard.api_tokens (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    user_id         uuid NOT NULL REFERENCES switchboard.users ON DELETE CASCADE,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    role            text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'OPERATOR', 'ANALYST', 'VIEWER')),
    token_hash      bytea NOT NULL CHECK (length(token_hash) = 32),
    -- The first characters, to tell tokens apart by; far too few to guess the rest.
    prefix          text NOT NULL CHECK (length(prefix) <= 12),
    expires_at      timestamptz NOT NULL,
    last_used_at    timestamptz,
    created_at      timestamptz NOT NULL,
    CONSTRAINT api_tokens_token_key UNIQUE (token_hash)
);
CREATE INDEX api_tokens_by_user ON switchboard.api_tokens (user_id, organization_id);
CREATE INDEX api_tokens_by_organization ON switchboard.api_tokens (organization_id, id);

CREATE TABLE switchboard.sso_connections (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    issuer          text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    client_id       text NOT NULL CHECK (length(client_id) BETWEEN 1 AND 500),
    -- Encrypted; bound to the organization.
    client_secret   bytea NOT NULL CHECK (length(client_secret) <= 4096),
    require_sso     boolean NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sso_connections_organization_key UNIQUE (organization_id)
);

CREATE TABLE switchboard.sso_domains (
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    domain          text NOT NULL CHECK (domain = lower(domain) AND length(domain) BETWEEN 3 AND 253),
    -- What the TXT record has to say. It is public: it proves who may write the zone.
    challenge       text NOT NULL CHECK (length(challenge) <= 100),
    verified_at     timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, domain)
);
-- A domain belongs to one organization: the first that proves it.
CREATE UNIQUE INDEX sso_domains_verified_key ON switchboard.sso_domains (domain) WHERE verified_at IS NOT NULL;

-- The audit log only grows. Retention may take what is older than the least that it can be set to, and an
-- organization's deletion takes all of it; nothing else takes or changes a line.
-- +goose StatementBegin
CREATE FUNCTION switchboard.keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND (OLD.occurred_at < now() - interval '7 days'
        OR NOT EXISTS (SELECT 1 FROM switchboard.organizations o WHERE o.id = OLD.organization_id)) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log cannot be changed' USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd
CREATE TRIGGER activity_events_keep_audit BEFORE UPDATE OR DELETE ON switchboard.activity_events
    FOR EACH ROW WHEN (OLD.audience = 'AUDIT') EXECUTE FUNCTION switchboard.keep_audit();

-- +goose Down
DROP TRIGGER activity_events_keep_audit ON switchboard.activity_events;
DROP FUNCTION switchboard.keep_audit;
DROP TABLE switchboard.sso_domains, switchboard.sso_connections, switchboard.api_tokens, switchboard.invites, switchboard.attempts,
    switchboard.known_addresses, switchboard.sessions, switchboard.external_accounts, switchboard.account_tokens, switchboard.signups;
ALTER TABLE switchboard.users DROP COLUMN email_verified_at, DROP COLUMN password_hash, DROP COLUMN selected_organization_id;
