package transcription

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/recording"
)

// Worker is the door for jobs and the inbox.
type Worker struct {
	store    *postgres.Store
	jobs     *jobs.Queue
	shelf    *recording.Shelf
	copies   *recording.Copies
	provider *assemblyai.Client
	options  Options
}

// Options say how audio is handed to the provider.
type Options struct {
	WebhookURL    string         // where the provider calls us; empty: it cannot, so we poll
	WebhookSecret string         // what it sends along
	Upload        bool           // the provider cannot fetch from our bucket: send it the bytes
	Extra         map[string]any // submitted as they are, e.g. speech_models
	// PollEvery is the pause between two questions where no webhook comes.
	PollEvery time.Duration
	// CheckAfter is how long nothing may be heard of a live transcription before the sweep asks.
	CheckAfter time.Duration
	// LostAfter is how long a submission whose answer was lost is looked for before it is sent again.
	LostAfter time.Duration
}

// SecretHeader carries the webhook secret.
const SecretHeader = "X-Webhook-Secret"

const (
	// audioLife is how long the provider may fetch the audio: it queues jobs, sometimes for hours.
	audioLife = 24 * time.Hour
	// uploadTimeout is for handing 2 GB to the provider ourselves.
	uploadTimeout = 15 * time.Minute
	// sweepEvery times the sweep; with CheckAfter it bounds how late a lost webhook makes us.
	sweepEvery = 15 * time.Second
	// oldest is when a transcription that the provider never finished is given up.
	oldest = 24 * time.Hour
)

// WorkerDeps is what the worker needs.
type WorkerDeps struct {
	Store    *postgres.Store
	Jobs     *jobs.Queue
	Shelf    *recording.Shelf
	Copies   *recording.Copies
	Provider *assemblyai.Client
	Options  Options
}

// NewWorker makes the worker and registers its jobs.
func NewWorker(d WorkerDeps) *Worker {
	w := &Worker{store: d.Store, jobs: d.Jobs, shelf: d.Shelf, copies: d.Copies, provider: d.Provider, options: d.Options}
	submit := jobs.Kind{Queue: jobs.Work, Once: true}
	if d.Options.Upload {
		submit.Timeout = uploadTimeout
	}
	jobs.Handle(d.Jobs, submit, w.submit)
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Work, Once: true}, w.check)
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Work, Attempts: jobs.ForAWeek}, w.forget)
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Upkeep, Once: true, Attempts: 1}, w.sweep)
	d.Jobs.Every(sweepEvery, sweepArgs{})
	return w
}

type submitArgs struct {
	TranscriptionID uuid.UUID `json:"transcription_id"`
	Attempt         int32     `json:"attempt"`
}

func (submitArgs) Kind() string { return "transcription.submit" }

type checkArgs struct {
	TranscriptionID uuid.UUID `json:"transcription_id"`
	Attempt         int32     `json:"attempt"`
}

func (checkArgs) Kind() string { return "transcription.check" }

type forgetArgs struct {
	ProviderID string `json:"provider_id"`
}

func (forgetArgs) Kind() string { return "transcription.forget" }

type sweepArgs struct{}

func (sweepArgs) Kind() string { return "transcription.sweep" }

// params say to the provider what is wanted. Two channels are two speakers; otherwise speakers are told
// apart where the organization wants that.
func (w *Worker) params(work *db.GetTranscriptionForWorkRow, submission uuid.UUID, audioURL string) assemblyai.SubmitParams {
	wants := func(a identity.Analysis) bool { return slices.Contains(work.Transcription.Analysis, string(a)) }
	p := assemblyai.SubmitParams{
		AudioURL:          audioURL,
		Multichannel:      work.Channels != nil && *work.Channels == 2,
		SentimentAnalysis: wants(identity.Sentiment), EntityDetection: wants(identity.Entities), AutoChapters: wants(identity.Chapters),
		IABCategories: wants(identity.Topics), ContentSafety: wants(identity.ContentSafety),
		Extra: w.options.Extra,
	}
	p.SpeakerLabels = wants(identity.Speakers) && !p.Multichannel
	if language := work.Transcription.RequestedLanguage; language != nil {
		p.LanguageCode = *language
	} else {
		p.LanguageDetection = true
	}
	if w.options.WebhookURL != "" {
		p.WebhookURL = w.options.WebhookURL + "?" + url.Values{"submission": {submission.String()}}.Encode()
		p.WebhookAuthHeaderName, p.WebhookAuthHeaderValue = SecretHeader, w.options.WebhookSecret
	}
	return p
}

// cancel ends a live transcription in the transaction and has the provider's copy removed.
func cancel(ctx context.Context, tx *postgres.Tx, queue *jobs.Queue, row *db.Transcription, by activity.Actor) (*db.Transcription, error) {
	return move(ctx, tx, row, Canceled, by, func() (*db.Transcription, error) {
		sub, err := tx.GetSubmissionOfAttempt(ctx, row.ID, row.Attempt)
		if err != nil && !postgres.Missing(err) {
			return nil, fmt.Errorf("reading the submission: %w", err)
		}
		if err == nil && sub.ProviderID != nil {
			if err := queue.Enqueue(ctx, tx, forgetArgs{ProviderID: *sub.ProviderID}); err != nil {
				return nil, err
			}
		}
		return tx.CancelTranscription(ctx, row.ID)
	})
}

func encode(v any) json.RawMessage {
	b, _ := json.Marshal(v) // values of ours: structs of strings and numbers
	return b
}
