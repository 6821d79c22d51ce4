-- +goose Up
-- Live transcriptions are counted each time that an organization begins one.
CREATE INDEX transcriptions_live_by_organization ON switchboard.transcriptions (organization_id) WHERE status IN ('QUEUED', 'PROCESSING');

-- +goose Down
DROP INDEX switchboard.transcriptions_live_by_organization;
