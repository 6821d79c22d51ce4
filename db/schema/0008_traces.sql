-- +goose Up
-- The span that recorded the event, in the form of W3C Trace Context: who reads it live goes on in its trace.
-- A new column that is NULL everywhere needs neither a rewrite nor a look at the rows.
ALTER TABLE switchboard.activity_events ADD COLUMN traceparent text;

-- +goose Down
ALTER TABLE switchboard.activity_events DROP COLUMN traceparent;
