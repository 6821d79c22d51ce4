-- +goose Up
-- Who pays at Stripe. A customer that was deleted there stays here: what Stripe still says of it finds its organization.
CREATE TABLE switchboard.billing_customers (
    id              text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 255),
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    created_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz
);
CREATE UNIQUE INDEX billing_customers_one ON switchboard.billing_customers (organization_id) WHERE deleted_at IS NULL;
CREATE INDEX billing_customers_by_organization ON switchboard.billing_customers (organization_id);

-- Where an organization stands. It changes in the transaction that stores what Stripe says of the subscription.
CREATE TABLE switchboard.billing_accounts (
    organization_id uuid PRIMARY KEY REFERENCES switchboard.organizations ON DELETE CASCADE,
    -- What its members were told last. What they may do follows from the next three and the clock.
    plan            text NOT NULL DEFAULT 'FREE' CHECK (plan IN ('FREE', 'PRO', 'BUSINESS', 'ENTERPRISE')),
    tier            text CHECK (tier IN ('FREE', 'PRO', 'BUSINESS', 'ENTERPRISE')),
    status          text CHECK (status IN ('ACTIVE', 'TRIALING', 'PAST_DUE', 'UNPAID', 'CANCELED', 'INCOMPLETE', 'INCOMPLETE_EXPIRED', 'PAUSED')),
    -- While a payment is past due the plan stays until then.
    grace_until     timestamptz,
    -- Whose turn it is to read and write this organization's things at Stripe: one at a time.
    turn            uuid,
    turn_until      timestamptz,
    -- When the read began whose answer is stored: whatever came before it is in it.
    read_at         timestamptz
);
CREATE INDEX billing_accounts_in_grace ON switchboard.billing_accounts (grace_until) WHERE grace_until IS NOT NULL;

CREATE TABLE switchboard.billing_subscriptions (
    id                   uuid PRIMARY KEY,
    organization_id      uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    stripe_id            text NOT NULL,
    item_id              text NOT NULL,
    price_id             text NOT NULL,
    -- NULL: the price is none of those that are configured, and somebody was told.
    tier                 text CHECK (tier IN ('PRO', 'BUSINESS', 'ENTERPRISE')),
    status               text NOT NULL CHECK (status IN ('ACTIVE', 'TRIALING', 'PAST_DUE', 'UNPAID', 'CANCELED', 'INCOMPLETE', 'INCOMPLETE_EXPIRED', 'PAUSED')),
    -- A second one beside another: no plan follows from it, and it is being canceled.
    surplus              boolean NOT NULL DEFAULT false,
    interval             text NOT NULL,
    amount               bigint NOT NULL, -- in the currency's smallest unit
    currency             text NOT NULL,
    current_period_start timestamptz NOT NULL,
    current_period_end   timestamptz NOT NULL,
    cancel_at_period_end boolean NOT NULL,
    canceled_at          timestamptz,
    trial_ends_at        timestamptz,
    created_at           timestamptz NOT NULL, -- at Stripe
    CONSTRAINT billing_subscriptions_stripe_id_key UNIQUE (stripe_id)
);
CREATE UNIQUE INDEX billing_subscriptions_one_live ON switchboard.billing_subscriptions (organization_id)
    WHERE status NOT IN ('CANCELED', 'INCOMPLETE_EXPIRED') AND NOT surplus;
CREATE INDEX billing_subscriptions_by_organization ON switchboard.billing_subscriptions (organization_id, created_at DESC);

-- The vendor's statuses, types and currencies are its own to extend, so few are checked from here on.
CREATE TABLE switchboard.billing_invoices (
    id                     uuid PRIMARY KEY,
    organization_id        uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    stripe_id              text NOT NULL,
    subscription_stripe_id text,
    number                 text,
    status                 text NOT NULL CHECK (status IN ('DRAFT', 'OPEN', 'PAID', 'VOID', 'UNCOLLECTIBLE')),
    amount_due             bigint NOT NULL,
    amount_paid            bigint NOT NULL,
    currency               text NOT NULL,
    issued_at              timestamptz NOT NULL,
    due_at                 timestamptz,
    paid_at                timestamptz,
    hosted_url             text,
    pdf_url                text,
    CONSTRAINT billing_invoices_stripe_id_key UNIQUE (stripe_id)
);
CREATE INDEX billing_invoices_by_organization ON switchboard.billing_invoices (organization_id, issued_at DESC, id DESC);

CREATE TABLE switchboard.billing_payment_methods (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    stripe_id       text NOT NULL,
    kind            text NOT NULL,
    brand           text,
    last4           text,
    exp_month       integer,
    exp_year        integer,
    is_default      boolean NOT NULL,
    created_at      timestamptz NOT NULL,
    CONSTRAINT billing_payment_methods_stripe_id_key UNIQUE (stripe_id)
);
CREATE INDEX billing_payment_methods_by_organization ON switchboard.billing_payment_methods (organization_id, created_at DESC);

-- What the configured prices cost, as Stripe said last.
CREATE TABLE switchboard.billing_prices (
    price_id text PRIMARY KEY,
    amount   bigint NOT NULL,
    currency text NOT NULL,
    interval text NOT NULL,
    read_at  timestamptz NOT NULL DEFAULT now()
);

-- A write to Stripe, noted before it is sent: its id is the idempotency key, so that whoever repeats it, after a
-- lost answer or a crash, does nothing twice. Stripe keeps an error under its key for a day: the next attempt has
-- another one.
CREATE TABLE switchboard.billing_operations (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    kind            text NOT NULL CHECK (kind IN ('CUSTOMER', 'CHECKOUT', 'PLAN_CHANGE', 'CANCEL', 'CANCEL_NOW', 'RESUME', 'SET_DEFAULT', 'DETACH')),
    target          text NOT NULL,
    idempotency_key text CHECK (length(idempotency_key) BETWEEN 1 AND 255), -- the client's
    attempt         integer NOT NULL DEFAULT 1 CHECK (attempt > 0),
    return_url      text,
    session_id      text,
    session_url     text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    checked_at      timestamptz, -- of a checkout: when Stripe was asked last how far it is
    done_at         timestamptz,
    CONSTRAINT billing_operations_idempotency_key UNIQUE (organization_id, kind, idempotency_key)
);
CREATE UNIQUE INDEX billing_operations_one_open ON switchboard.billing_operations (organization_id, kind, target)
    WHERE done_at IS NULL AND idempotency_key IS NULL;
CREATE INDEX billing_operations_open_checkouts ON switchboard.billing_operations (created_at) WHERE kind = 'CHECKOUT' AND done_at IS NULL;
CREATE INDEX billing_operations_by_age ON switchboard.billing_operations (created_at);

-- What somebody must know of, once each.
CREATE TABLE switchboard.billing_incidents (
    kind            text NOT NULL,
    thing           text NOT NULL, -- the vendor's id
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, thing)
);
CREATE INDEX billing_incidents_by_organization ON switchboard.billing_incidents (organization_id);

-- What an organization used in a month of UTC.
CREATE TABLE switchboard.billing_usage (
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    month           date NOT NULL CHECK (extract(day FROM month) = 1),
    metric          text NOT NULL CHECK (metric IN ('CALLS', 'MINUTES', 'TRANSCRIPTIONS', 'SPEECH_CHARACTERS')),
    used            bigint NOT NULL CHECK (used >= 0),
    PRIMARY KEY (organization_id, month, metric)
);
-- Each thing that was counted: nothing is counted twice.
CREATE TABLE switchboard.billing_usage_things (
    metric          text NOT NULL CHECK (metric IN ('CALLS', 'MINUTES', 'TRANSCRIPTIONS', 'SPEECH_CHARACTERS')),
    thing           uuid NOT NULL,
    organization_id uuid NOT NULL REFERENCES switchboard.organizations ON DELETE CASCADE,
    month           date NOT NULL,
    amount          bigint NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (metric, thing)
);
CREATE INDEX billing_usage_things_by_organization ON switchboard.billing_usage_things (organization_id);
CREATE INDEX billing_usage_things_by_month ON switchboard.billing_usage_things (month);

-- The comparisons with Stripe: how far one is, and what it repaired.
CREATE TABLE switchboard.billing_reconciliations (
    id          uuid PRIMARY KEY,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    checked     integer NOT NULL DEFAULT 0,
    repaired    integer NOT NULL DEFAULT 0
);
CREATE INDEX billing_reconciliations_by_time ON switchboard.billing_reconciliations (started_at DESC);

-- +goose Down
DROP TABLE switchboard.billing_reconciliations, switchboard.billing_usage_things, switchboard.billing_usage, switchboard.billing_incidents,
    switchboard.billing_operations, switchboard.billing_prices, switchboard.billing_payment_methods, switchboard.billing_invoices,
    switchboard.billing_subscriptions, switchboard.billing_accounts, switchboard.billing_customers;
