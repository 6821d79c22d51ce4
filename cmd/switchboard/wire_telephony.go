package main

import (
	"context"
	"net/http"

	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/config"
	"github.com/switchboard-voice/switchboard/internal/httpserver"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
	"github.com/switchboard-voice/switchboard/internal/recording"
	"github.com/switchboard-voice/switchboard/internal/telephony"
	"github.com/switchboard-voice/switchboard/internal/transcription"
)

// caller is the client of the telephone provider; nil where none is configured.
func caller(c config.Config, out *http.Client) *signalwire.Client {
	if !c.Calls() {
		return nil
	}
	return signalwire.New(signalwire.Config{BaseURL: c.SignalWireBaseURL(), ProjectID: c.SignalWireProjectID, Token: c.SignalWireKey(), HTTP: out})
}

// telephony builds the room of calls and has what it recorded transcribed, where the settings say so.
func (a *app) telephony(limits *billing.Limits, copies *recording.Copies, transcriptions *transcription.Automatic) (*telephony.Service, *telephony.Worker) {
	c := a.config
	calls := telephony.New(telephony.Deps{Store: a.store, Jobs: a.queue, Activity: a.activity, Limits: limits, Enabled: c.Calls(), Number: c.SignalWireNumber, Now: a.queue.Now})
	worker := telephony.NewWorker(telephony.WorkerDeps{
		Store: a.store, Jobs: a.queue, Copies: copies, Limits: limits, Provider: a.signalwire, Ended: a.metrics.CallEnded,
		Options: telephony.Options{
			PublicURL: c.PublicURL(), WebhookPath: httpserver.WebhookPath + "signalwire", AnswerPath: httpserver.AnswerPath,
			SigningKeys: c.SignalWireSigningKeys, CheckAfter: c.CallCheckAfter, LostAfter: c.CallLostAfter,
		},
	})
	jobs.Handle(a.queue, jobs.Kind{Queue: jobs.Webhooks}, func(ctx context.Context, job jobs.Job[recording.StoredArgs]) error {
		wanted, err := worker.Transcribes(ctx, job.Args)
		if err != nil || !wanted {
			return err
		}
		return transcriptions.Begin(ctx, job.Args.OrganizationID, job.Args.RecordingID)
	})
	return calls, worker
}

// sources are the doors of the inbox, by the last part of the path.
func (a *app) sources(transcripts *transcription.Worker, calls *telephony.Worker, money payments) map[string]inbox.Source {
	all := map[string]inbox.Source{"assemblyai": transcripts.Source(a.config.AssemblyAIWebhookSecrets), "stripe": money.source}
	if a.signalwire != nil {
		all["signalwire"] = calls.Source()
	}
	return all
}

// answers is what the telephone provider asks; nil where none is configured.
func (a *app) answers(calls *telephony.Worker) http.Handler {
	if a.signalwire == nil {
		return nil
	}
	return calls
}
