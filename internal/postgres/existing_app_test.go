package postgres_test

// appTables are tables of an existing app, many with the names of ours; existingApp makes them.
var appTables = []string{
	"users", "accounts", "sessions", "organizations", "org_members", "calls", "recordings", "ai_runs",
	"transcript_versions", "call_notes", "webhook_events", "uploads", "transcriptions", "memberships", "goose_db_version", "river_job",
}

// existingApp has what a migration could trip over: the same names of tables, indexes and constraints,
// another tool's migrations under goose's name, triggers, views, and types of other kinds than ours.
const existingApp = `
CREATE TABLE users (id text PRIMARY KEY, name text, email text NOT NULL, email_verified timestamptz, image text, normalized_email text,
	CONSTRAINT users_email_key UNIQUE (email));
CREATE TABLE accounts (id text PRIMARY KEY, user_id text NOT NULL, type text NOT NULL, provider text NOT NULL, provider_account_id text NOT NULL,
	refresh_token text, access_token text, expires_at integer, UNIQUE (provider, provider_account_id));
CREATE TABLE sessions (id text PRIMARY KEY, session_token text NOT NULL UNIQUE, user_id text NOT NULL, expires timestamptz NOT NULL);
CREATE TABLE organizations (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, plan text, created_at timestamptz DEFAULT now(),
	plan_status text DEFAULT 'active' CHECK (plan_status IN ('active', 'past_due', 'canceled', 'trialing', 'incomplete')),
	stripe_customer_id text UNIQUE, slug text, CONSTRAINT organizations_slug_key UNIQUE (slug));
CREATE TABLE org_members (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), organization_id uuid NOT NULL REFERENCES organizations,
	user_id uuid NOT NULL, role text DEFAULT 'member', created_at timestamptz DEFAULT now(), UNIQUE (organization_id, user_id));
CREATE TABLE calls (id uuid PRIMARY KEY CHECK (id::text = lower(id::text)), organization_id uuid REFERENCES organizations, status text,
	started_at timestamptz, ended_at timestamptz, call_sid text UNIQUE, is_deleted boolean DEFAULT false);
CREATE TABLE recordings (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), organization_id uuid NOT NULL REFERENCES organizations,
	call_sid text NOT NULL, recording_sid text UNIQUE, recording_url text NOT NULL, duration_seconds integer CHECK (duration_seconds >= 0),
	transcript_json jsonb, status text DEFAULT 'pending', source text NOT NULL DEFAULT 'signalwire', call_id uuid REFERENCES calls);
CREATE INDEX recordings_by_organization ON recordings (organization_id);
CREATE TABLE ai_runs (id uuid PRIMARY KEY, call_id uuid REFERENCES calls, model text, status text, started_at timestamptz,
	completed_at timestamptz, output jsonb, is_authoritative boolean NOT NULL DEFAULT false, job_id text);
CREATE TABLE transcript_versions (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), recording_id uuid NOT NULL REFERENCES recordings,
	version integer NOT NULL DEFAULT 1, transcript_json jsonb NOT NULL, transcript_hash text NOT NULL, UNIQUE (recording_id, version));
CREATE TABLE call_notes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), call_id uuid NOT NULL, tags text[] NOT NULL DEFAULT '{}', note text);
CREATE TABLE webhook_events (id bigserial PRIMARY KEY, source text, payload jsonb, CONSTRAINT webhook_events_dedupe_key UNIQUE (payload));
CREATE TABLE uploads (id serial PRIMARY KEY, filename text);
CREATE TABLE transcriptions (id serial PRIMARY KEY, status integer NOT NULL);
CREATE TABLE memberships (organization_id integer, user_id integer, CONSTRAINT memberships_organization_user_key UNIQUE (organization_id, user_id));
CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp DEFAULT now());
CREATE TABLE river_job (id bigserial PRIMARY KEY, kind text);
CREATE VIEW recent_calls AS SELECT id, status FROM calls WHERE NOT is_deleted;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a transcript never changes'; END $$;
CREATE TRIGGER transcript_versions_refuse BEFORE UPDATE ON transcript_versions FOR EACH ROW EXECUTE FUNCTION refuse();

INSERT INTO users (id, name, email) VALUES ('u1', 'Ada', 'Ada@Example.com'), ('u2', NULL, 'grace@example.com');
INSERT INTO accounts (id, user_id, type, provider, provider_account_id) VALUES ('a1', 'u1', 'oauth', 'google', '1');
INSERT INTO sessions VALUES ('s1', 'token', 'u1', '2030-01-01');
INSERT INTO organizations (id, name, slug) VALUES ('11111111-1111-4111-8111-111111111111', 'Acme', 'acme');
INSERT INTO org_members (organization_id, user_id) VALUES ('11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222');
INSERT INTO calls (id, organization_id, status, call_sid) VALUES ('33333333-3333-4333-8333-333333333333', '11111111-1111-4111-8111-111111111111', 'completed', 'CA1');
INSERT INTO recordings (id, organization_id, call_sid, recording_url) VALUES ('44444444-4444-4444-8444-444444444444', '11111111-1111-4111-8111-111111111111', 'CA1', 'https://example.com/1.mp3');
INSERT INTO ai_runs (id, model, status, output) VALUES ('55555555-5555-4555-8555-555555555555', 'best', 'completed', '{"text": "hello"}');
INSERT INTO transcript_versions (recording_id, transcript_json, transcript_hash) VALUES ('44444444-4444-4444-8444-444444444444', '{}', 'h');
INSERT INTO call_notes (call_id, tags) VALUES ('33333333-3333-4333-8333-333333333333', '{pricing_discussed}');
INSERT INTO webhook_events (source, payload) VALUES ('stripe', '{"id": "evt_1"}');
INSERT INTO uploads (filename) VALUES ('a.wav');
INSERT INTO transcriptions (status) VALUES (3);
INSERT INTO memberships VALUES (1, 1);
INSERT INTO goose_db_version (version_id, is_applied) VALUES (20260127000000, true);
INSERT INTO river_job (kind) VALUES ('mail');
`
