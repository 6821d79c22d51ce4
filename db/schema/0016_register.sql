-- +goose Up
-- Which organizations were made, left and deleted, and by whom. It outlives them and their people, so that it has no
-- foreign key: an organization's own audit log goes with it. Only the operator reads it.
CREATE TABLE switchboard.organization_register (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    slug            text NOT NULL,
    what            text NOT NULL CHECK (what IN ('CREATED', 'LEFT', 'DELETED')),
    actor_id        uuid NOT NULL,
    -- As it was then.
    actor_email     text NOT NULL,
    -- Who belonged to it at that moment.
    members         integer NOT NULL CHECK (members >= 0),
    occurred_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX organization_register_by_time ON switchboard.organization_register (occurred_at, id);

-- As of the audit log: no line changes, and only age takes one.
-- +goose StatementBegin
CREATE FUNCTION switchboard.keep_register() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.occurred_at < now() - interval '7 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the register of organizations cannot be changed' USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd
CREATE TRIGGER organization_register_keep BEFORE UPDATE OR DELETE ON switchboard.organization_register
    FOR EACH ROW EXECUTE FUNCTION switchboard.keep_register();

-- A wider CHECK, NOT VALID as before: no row is read while the table is locked.
ALTER TABLE switchboard.activity_events
    DROP CONSTRAINT activity_events_type_check,
    ADD CONSTRAINT activity_events_type_check CHECK (type IN (
        'TRANSCRIPTION_STATUS_CHANGED', 'RECORDING_AVAILABLE', 'RECORDING_DELETED', 'ORGANIZATION_UPDATED', 'MEMBER_CHANGED',
        'WEBHOOK_FAILED', 'RECORDING_PLAYED', 'RECORDING_HOLD_CHANGED', 'WEBHOOK_RESOLVED', 'CALL_STATUS_CHANGED',
        'CALL_DISPOSITION_SET', 'CALL_NOTE_ADDED', 'MEMBER_INVITED', 'INVITE_CANCELED', 'MEMBER_JOINED', 'MEMBER_ROLE_CHANGED',
        'MEMBER_REMOVED', 'MEMBER_LEFT', 'ORGANIZATION_CREATED', 'ORGANIZATION_SELECTED', 'SIGNED_IN', 'SIGNED_OUT',
        'SESSION_REVOKED', 'SESSIONS_REVOKED', 'PASSWORD_CHANGED', 'PASSWORD_RESET', 'EMAIL_CHANGE_REQUESTED', 'EMAIL_CHANGED',
        'PROFILE_UPDATED', 'API_TOKEN_CREATED', 'API_TOKEN_REVOKED', 'SSO_CHANGED', 'SSO_REMOVED', 'SSO_DOMAIN_ADDED',
        'SSO_DOMAIN_VERIFIED', 'SSO_DOMAIN_REMOVED', 'BILLING_STATUS_CHANGED', 'BILLING_REQUESTED', 'BILLING_ALERT',
        'BILLING_REPAIRED', 'SIGN_IN_FAILED'
    )) NOT VALID;

-- +goose Down
ALTER TABLE switchboard.activity_events
    DROP CONSTRAINT activity_events_type_check,
    ADD CONSTRAINT activity_events_type_check CHECK (type IN (
        'TRANSCRIPTION_STATUS_CHANGED', 'RECORDING_AVAILABLE', 'RECORDING_DELETED', 'ORGANIZATION_UPDATED', 'MEMBER_CHANGED',
        'WEBHOOK_FAILED', 'RECORDING_PLAYED', 'RECORDING_HOLD_CHANGED', 'WEBHOOK_RESOLVED', 'CALL_STATUS_CHANGED',
        'CALL_DISPOSITION_SET', 'CALL_NOTE_ADDED', 'MEMBER_INVITED', 'INVITE_CANCELED', 'MEMBER_JOINED', 'MEMBER_ROLE_CHANGED',
        'MEMBER_REMOVED', 'MEMBER_LEFT', 'ORGANIZATION_CREATED', 'ORGANIZATION_SELECTED', 'SIGNED_IN', 'SIGNED_OUT',
        'SESSION_REVOKED', 'SESSIONS_REVOKED', 'PASSWORD_CHANGED', 'PASSWORD_RESET', 'EMAIL_CHANGE_REQUESTED', 'EMAIL_CHANGED',
        'PROFILE_UPDATED', 'API_TOKEN_CREATED', 'API_TOKEN_REVOKED', 'SSO_CHANGED', 'SSO_REMOVED', 'SSO_DOMAIN_ADDED',
        'SSO_DOMAIN_VERIFIED', 'SSO_DOMAIN_REMOVED', 'BILLING_STATUS_CHANGED', 'BILLING_REQUESTED', 'BILLING_ALERT',
        'BILLING_REPAIRED'
    )) NOT VALID;
DROP TABLE switchboard.organization_register;
DROP FUNCTION switchboard.keep_register;
