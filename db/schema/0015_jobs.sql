-- +goose Up
-- Processes that run jobs. Each says every few seconds that it lives; what one that fell silent was at is taken over.
CREATE TABLE switchboard.job_processes (
    -- As it stands in River's rows of the jobs that the process runs. A new one with each start: in a container every
    -- process has the same host name and number.
    id      text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 127),
    -- By this clock and no other: those of the processes may differ.
    seen_at timestamptz NOT NULL
);

-- What this says is known by the processes now. It stays until no older program writes it any more.
COMMENT ON COLUMN switchboard.recordings.copying_at IS 'not used';

-- +goose Down
COMMENT ON COLUMN switchboard.recordings.copying_at IS NULL;
DROP TABLE switchboard.job_processes;
