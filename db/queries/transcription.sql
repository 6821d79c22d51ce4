-- name: InsertTranscription :one
INSERT INTO switchboard.transcriptions (id, organization_id, recording_id, status, requested_by, idempotency_key, requested_language, analysis)
VALUES (@id, @organization_id, @recording_id, 'QUEUED', sqlc.narg(requested_by), sqlc.narg(idempotency_key), sqlc.narg(requested_language), @analysis)
RETURNING *;

-- name: GetTranscriptionByKey :one
SELECT * FROM switchboard.transcriptions
WHERE organization_id = @organization_id AND requested_by = @requested_by AND idempotency_key = @idempotency_key;

-- name: GetTranscription :one
SELECT t.* FROM switchboard.transcriptions t JOIN switchboard.recordings r ON r.id = t.recording_id
WHERE t.id = @id AND t.organization_id = ANY(@organization_ids::uuid[]) AND r.deleted_at IS NULL;

-- name: LockTranscription :one
SELECT * FROM switchboard.transcriptions WHERE id = @id FOR UPDATE;

-- name: GetTranscriptionForWork :one
-- What a job needs to submit: the transcription and the audio it is of.
SELECT sqlc.embed(t), r.object_key, r.content_type, r.size_bytes, r.duration_ms, r.channels, r.deleted_at,
    r.status AS recording_status, r.failure_message AS recording_failure, r.failure_retryable AS recording_retryable
FROM switchboard.transcriptions t JOIN switchboard.recordings r ON r.id = t.recording_id
WHERE t.id = @id;

-- name: ListTranscriptions :many
SELECT t.* FROM switchboard.transcriptions t JOIN switchboard.recordings r ON r.id = t.recording_id
WHERE t.organization_id = @organization_id AND r.deleted_at IS NULL AND t.id < @before
  AND (cardinality(@statuses::text[]) = 0 OR t.status = ANY(@statuses::text[]))
ORDER BY t.id DESC LIMIT @page_size;

-- name: ListTranscriptionsByID :many
SELECT t.* FROM switchboard.transcriptions t JOIN switchboard.recordings r ON r.id = t.recording_id
WHERE t.id = ANY(@ids::uuid[]) AND t.organization_id = ANY(@organization_ids::uuid[]) AND r.deleted_at IS NULL ORDER BY t.id;

-- name: ListTranscriptionsOfRecordings :many
-- The newest few of each recording: one statement for a whole page of recordings.
SELECT t.* FROM unnest(@recording_ids::uuid[]) AS wanted(id)
CROSS JOIN LATERAL (
    SELECT * FROM switchboard.transcriptions x
    WHERE x.recording_id = wanted.id AND x.organization_id = ANY(@organization_ids::uuid[])
    ORDER BY x.id DESC LIMIT @most
) t
ORDER BY t.recording_id, t.id DESC;

-- name: ListTranscriptionsOfRecording :many
SELECT * FROM switchboard.transcriptions WHERE recording_id = @recording_id ORDER BY id;

-- name: CountLiveTranscriptions :one
-- No further than somebody wants to know.
SELECT count(*)::integer FROM (
    SELECT FROM switchboard.transcriptions
    WHERE organization_id = @organization_id AND status IN ('QUEUED', 'PROCESSING') LIMIT @most::integer
) live;

-- name: StartTranscription :one
UPDATE switchboard.transcriptions SET status = 'PROCESSING', started_at = now(), checked_at = now()
WHERE id = @id RETURNING *;

-- name: CompleteTranscription :one
UPDATE switchboard.transcriptions SET
    status = 'COMPLETED', finished_at = now(), version = version + 1,
    failure_code = NULL, failure_message = NULL, failure_retryable = NULL,
    text = @text, language_code = sqlc.narg(language_code), confidence = sqlc.narg(confidence), speech_model = sqlc.narg(speech_model)
WHERE id = @id RETURNING *;

-- name: FailTranscription :one
UPDATE switchboard.transcriptions SET
    status = 'FAILED', finished_at = now(), failure_code = @code, failure_message = @message, failure_retryable = @retryable
WHERE id = @id RETURNING *;

-- name: CancelTranscription :one
UPDATE switchboard.transcriptions SET status = 'CANCELED', finished_at = now() WHERE id = @id RETURNING *;

-- name: RequeueTranscription :one
UPDATE switchboard.transcriptions SET
    status = 'QUEUED', attempt = attempt + 1, queued_at = now(), checked_at = now(), started_at = NULL, finished_at = NULL,
    failure_code = NULL, failure_message = NULL, failure_retryable = NULL
WHERE id = @id RETURNING *;

-- name: MarkTranscriptionChecked :exec
UPDATE switchboard.transcriptions SET checked_at = now() WHERE id = @id;

-- name: ListStuckTranscriptions :many
-- Live ones that nobody asked about for a while, the longest first. Marks them, so that two sweeps at
-- the same time share the work.
UPDATE switchboard.transcriptions SET checked_at = now()
WHERE id IN (
    SELECT t.id FROM switchboard.transcriptions t
    WHERE t.status IN ('QUEUED', 'PROCESSING') AND t.checked_at < now() - @unchecked_for::interval
    ORDER BY t.checked_at LIMIT @most FOR UPDATE SKIP LOCKED)
RETURNING *;

-- name: PrepareSubmission :one
-- The attempt's submission, made when it is not there yet. in_doubt: it may have arrived; lost: it would
-- have shown up by now.
INSERT INTO switchboard.transcription_submissions (id, organization_id, transcription_id, attempt, audio_url)
VALUES (@id, @organization_id, @transcription_id, @attempt, '')
ON CONFLICT (transcription_id, attempt) DO UPDATE SET attempt = EXCLUDED.attempt
RETURNING *, (unsure_until IS NOT NULL)::boolean AS in_doubt, (unsure_until < now() IS TRUE)::boolean AS lost;

-- name: MarkSubmissionUnsure :execrows
-- None when the provider's id is known already.
UPDATE switchboard.transcription_submissions SET unsure_until = now() + @unsure_for::interval, audio_url = @audio_url
WHERE id = @id AND provider_id IS NULL;

-- name: MarkSubmissionRefused :exec
UPDATE switchboard.transcription_submissions SET unsure_until = NULL WHERE id = @id AND provider_id IS NULL;

-- name: AdoptSubmission :one
-- Gives a submission the provider's id, once.
UPDATE switchboard.transcription_submissions SET provider_id = @provider_id
WHERE id = @id AND (provider_id IS NULL OR provider_id = @provider_id)
RETURNING *;

-- name: GetSubmissionByProviderID :one
SELECT * FROM switchboard.transcription_submissions WHERE provider_id = @provider_id;

-- name: AnyStartedBefore :one
-- Whether one of these was the provider's before that time. Of an earlier attempt it is not known when it began.
SELECT EXISTS (
    SELECT FROM switchboard.transcription_submissions s JOIN switchboard.transcriptions t ON t.id = s.transcription_id AND t.attempt = s.attempt
    WHERE s.provider_id = ANY(@provider_ids::text[]) AND t.started_at < @before::timestamptz
);

-- name: GetSubmission :one
SELECT * FROM switchboard.transcription_submissions WHERE id = @id;

-- name: GetSubmissionOfAttempt :one
SELECT * FROM switchboard.transcription_submissions WHERE transcription_id = @transcription_id AND attempt = @attempt;

-- name: ListSubmissionsOfRecording :many
SELECT s.* FROM switchboard.transcription_submissions s JOIN switchboard.transcriptions t ON t.id = s.transcription_id
WHERE t.recording_id = @recording_id ORDER BY s.id;

-- name: PutTranscriptionResult :exec
INSERT INTO switchboard.transcription_results (transcription_id, organization_id, speakers, sentiment, chapters, topics, content_safety, entities, answer)
VALUES (@transcription_id, @organization_id, @speakers, @sentiment, @chapters, @topics, @content_safety, @entities, @answer)
ON CONFLICT (transcription_id) DO UPDATE SET
    speakers = EXCLUDED.speakers, sentiment = EXCLUDED.sentiment, chapters = EXCLUDED.chapters, topics = EXCLUDED.topics,
    content_safety = EXCLUDED.content_safety, entities = EXCLUDED.entities, answer = EXCLUDED.answer;

-- name: DeleteUtterances :exec
DELETE FROM switchboard.utterances WHERE transcription_id = @transcription_id;

-- name: InsertUtterances :copyfrom
INSERT INTO switchboard.utterances (transcription_id, index, organization_id, speaker_key, start_ms, end_ms, text, confidence, sentiment, words)
VALUES (@transcription_id, @index, @organization_id, @speaker_key, @start_ms, @end_ms, @text, @confidence, @sentiment, @words);

-- name: ListTranscriptionResults :many
SELECT transcription_id, speakers, sentiment, chapters, topics, content_safety, entities FROM switchboard.transcription_results
WHERE transcription_id = ANY(@ids::uuid[]) AND organization_id = ANY(@organization_ids::uuid[]) ORDER BY transcription_id;

-- name: ListUtterances :many
-- One page of each transcription: one statement, whatever their number.
SELECT u.transcription_id, u.index, u.speaker_key, u.start_ms, u.end_ms, u.text, u.confidence, u.sentiment, (CASE WHEN @with_words::boolean THEN u.words ELSE '[]' END)::jsonb AS words
FROM unnest(@transcription_ids::uuid[]) AS wanted(id)
CROSS JOIN LATERAL (
    SELECT * FROM switchboard.utterances x
    WHERE x.transcription_id = wanted.id AND x.organization_id = ANY(@organization_ids::uuid[]) AND x.index > @after
      AND x.end_ms >= @from_ms AND x.start_ms < @to_ms
    ORDER BY x.index LIMIT @page_size
) u
ORDER BY u.transcription_id, u.index;

-- name: CountUtterances :many
SELECT transcription_id, count(*)::integer AS total FROM switchboard.utterances
WHERE transcription_id = ANY(@ids::uuid[]) AND organization_id = ANY(@organization_ids::uuid[])
  AND end_ms >= @from_ms AND start_ms < @to_ms
GROUP BY transcription_id ORDER BY transcription_id;
