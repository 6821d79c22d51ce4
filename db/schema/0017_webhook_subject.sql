-- +goose Up
-- What an event was about, once the room that handles it has found that: a call, a recording, a transcription or an
-- organization. There is no foreign key: events outlive things, and the rooms of things stand above the inbox.
ALTER TABLE switchboard.webhook_events
    ADD COLUMN subject_kind text CHECK (length(subject_kind) BETWEEN 1 AND 8),
    ADD COLUMN subject_id uuid,
    ADD CONSTRAINT webhook_events_subject_check CHECK ((subject_kind IS NULL) = (subject_id IS NULL)) NOT VALID;

-- +goose Down
ALTER TABLE switchboard.webhook_events DROP CONSTRAINT webhook_events_subject_check, DROP COLUMN subject_kind, DROP COLUMN subject_id;
