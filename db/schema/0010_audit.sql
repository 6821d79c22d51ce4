-- +goose Up
-- Who may read an event, and what an audit wants to know beyond it. A wider CHECK is added NOT VALID: what was
-- right under the narrower one is right under it, so that no row is read while the table is locked.
ALTER TABLE switchboard.activity_events
    DROP CONSTRAINT activity_events_type_check,
    DROP CONSTRAINT activity_events_subject_kind_check,
    ADD COLUMN audience text NOT NULL DEFAULT 'MEMBERS' CHECK (audience IN ('MEMBERS', 'AUDIT')),
    -- A few words and numbers, never a secret: the role before and after, the address of the sign-in.
    ADD COLUMN detail jsonb,
    ADD CONSTRAINT activity_events_type_check CHECK (type IN (
        'TRANSCRIPTION_STATUS_CHANGED', 'RECORDING_AVAILABLE', 'RECORDING_DELETED', 'ORGANIZATION_UPDATED', 'MEMBER_CHANGED', 'WEBHOOK_FAILED'
        -- calls
        , 'RECORDING_PLAYED'
        , 'RECORDING_HOLD_CHANGED'
        , 'WEBHOOK_RESOLVED'
        , 'CALL_STATUS_CHANGED'
        , 'CALL_DISPOSITION_SET'
        , 'CALL_NOTE_ADDED'
        -- sign-in
        , 'MEMBER_INVITED'
        , 'INVITE_CANCELED'
        , 'MEMBER_JOINED'
        , 'MEMBER_ROLE_CHANGED'
        , 'MEMBER_REMOVED'
        , 'MEMBER_LEFT'
        , 'ORGANIZATION_CREATED'
        , 'ORGANIZATION_SELECTED'
        , 'SIGNED_IN'
        , 'SIGNED_OUT'
        , 'SESSION_REVOKED'
        , 'SESSIONS_REVOKED'
        , 'PASSWORD_CHANGED'
        , 'PASSWORD_RESET'
        , 'EMAIL_CHANGE_REQUESTED'
        , 'EMAIL_CHANGED'
        , 'PROFILE_UPDATED'
        , 'API_TOKEN_CREATED'
        , 'API_TOKEN_REVOKED'
        , 'SSO_CHANGED'
        , 'SSO_REMOVED'
        , 'SSO_DOMAIN_ADDED'
        , 'SSO_DOMAIN_VERIFIED'
        , 'SSO_DOMAIN_REMOVED'

        -- billing
        , 'BILLING_STATUS_CHANGED'
        , 'BILLING_REQUESTED'
        , 'BILLING_ALERT'
        , 'BILLING_REPAIRED'
    )) NOT VALID,
    ADD CONSTRAINT activity_events_subject_kind_check CHECK (subject_kind IN (
        'org', 'rec', 'trn', 'mem', 'whk'
        -- calls
        , 'call'
        -- sign-in
        , 'usr'
        , 'inv'
        , 'ses'
        , 'tok'

        -- billing
        , 'bsu'
        , 'ivc'
        , 'pmt'
    )) NOT VALID;
CREATE INDEX activity_events_audit ON switchboard.activity_events (organization_id, number) WHERE audience = 'AUDIT';

-- +goose Down
DROP INDEX switchboard.activity_events_audit;
ALTER TABLE switchboard.activity_events DROP COLUMN audience, DROP COLUMN detail,
    DROP CONSTRAINT activity_events_type_check,
    DROP CONSTRAINT activity_events_subject_kind_check,
    ADD CONSTRAINT activity_events_type_check CHECK (type IN ('TRANSCRIPTION_STATUS_CHANGED', 'RECORDING_AVAILABLE', 'RECORDING_DELETED', 'ORGANIZATION_UPDATED', 'MEMBER_CHANGED', 'WEBHOOK_FAILED')) NOT VALID,
    ADD CONSTRAINT activity_events_subject_kind_check CHECK (subject_kind IN ('org', 'rec', 'trn', 'mem', 'whk')) NOT VALID;
