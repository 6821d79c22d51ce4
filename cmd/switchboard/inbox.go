package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/db/schema"
	"github.com/switchboard-voice/switchboard/internal/config"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

type inboxCommand struct {
	List    inboxList    `cmd:"" help:"List webhooks, newest first."`
	Show    inboxShow    `cmd:"" help:"Show one webhook with its headers and body."`
	Replay  inboxReplay  `cmd:"" help:"Process webhooks again, with all their tries."`
	Discard inboxDiscard `cmd:"" help:"Finish a webhook without processing it."`
}

// inboxFilter says which webhooks a command is about.
type inboxFilter struct {
	Source string `help:"Who sent it, e.g. assemblyai."`
	Status string `help:"RECEIVED, RETRYING, PROCESSED, FAILED or DISCARDED."`
	Since  string `help:"Not older than this: a duration, e.g. 2h, or a time, e.g. 2026-01-31T12:00:00Z."`
	Limit  int    `default:"50" help:"At most this many, up to 1000."`
}

func (f inboxFilter) read(now time.Time) (inbox.Filter, error) {
	status := inbox.Status(strings.ToUpper(f.Status))
	if status != "" && !slices.Contains(inbox.Statuses(), status) {
		return inbox.Filter{}, fmt.Errorf("--status must be one of %v", inbox.Statuses())
	}
	filter := inbox.Filter{Source: inbox.SourceName(strings.ToUpper(f.Source)), Status: status, Limit: f.Limit}
	if f.Since == "" {
		return filter, nil
	}
	if ago, err := time.ParseDuration(f.Since); err == nil {
		filter.Since = now.Add(-ago)
		return filter, nil
	}
	at, err := time.Parse(time.RFC3339, f.Since)
	if err != nil {
		return inbox.Filter{}, errors.New("--since must be a duration, e.g. 2h, or a time, e.g. 2026-01-31T12:00:00Z")
	}
	filter.Since = at
	return filter, nil
}

type inboxList struct {
	inboxFilter `embed:""`
	JSON        bool `help:"Print JSON, one webhook a line."`
}

func (l inboxList) Run(ctx context.Context) error {
	filter, err := l.read(time.Now())
	if err != nil {
		return err
	}
	return withInbox(ctx, func(in *inbox.Inbox) error {
		found, err := in.List(ctx, filter)
		if err != nil {
			return sentence(err)
		}
		if l.JSON {
			return printKeptLines(os.Stdout, found)
		}
		return printKeptTable(os.Stdout, found, time.Now())
	})
}

type inboxShow struct {
	ID   string `arg:"" help:"The webhook's id."`
	JSON bool   `help:"Print JSON; the body is a text when it is printable, else base64."`
}

func (s inboxShow) Run(ctx context.Context) error {
	id, err := webhookID(s.ID)
	if err != nil {
		return err
	}
	return withInbox(ctx, func(in *inbox.Inbox) error {
		found, err := in.Get(ctx, id)
		if err != nil {
			return sentence(err)
		}
		if s.JSON {
			return printWholeJSON(os.Stdout, found)
		}
		return printWhole(os.Stdout, found)
	})
}

type inboxReplay struct {
	IDs    []string `arg:"" optional:"" name:"id" help:"The webhooks' ids."`
	Failed bool     `help:"Replay the failed ones, newest first, instead of naming ids; --source, --since and --limit narrow them."`
	Force  bool     `help:"Also those that are processed or discarded."`
	Source string   `help:"With --failed: who sent it."`
	Since  string   `help:"With --failed: not older than this, as in list."`
	Limit  int      `default:"1000" help:"With --failed: at most this many."`
}

func (r inboxReplay) Run(ctx context.Context) error {
	if r.Failed == (len(r.IDs) > 0) {
		return errors.New("name the webhooks, or say --failed")
	}
	return withInbox(ctx, func(in *inbox.Inbox) error {
		chosen, err := r.choose(ctx, in)
		if err != nil {
			return err
		}
		for _, id := range chosen {
			if err := in.Replay(ctx, id, r.Force); err != nil {
				return fmt.Errorf("replaying %s: %w", id, sentence(err))
			}
			fmt.Println(id, "is enqueued again")
		}
		return nil
	})
}

func (r inboxReplay) choose(ctx context.Context, in *inbox.Inbox) (chosen []ids.ID, err error) {
	for _, word := range r.IDs {
		id, err := webhookID(word)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, id)
	}
	if !r.Failed {
		return chosen, nil
	}
	filter, err := inboxFilter{Source: r.Source, Status: string(inbox.Failed), Since: r.Since, Limit: r.Limit}.read(time.Now())
	if err != nil {
		return nil, err
	}
	found, err := in.List(ctx, filter)
	for _, k := range found {
		chosen = append(chosen, k.ID)
	}
	return chosen, sentence(err)
}

type inboxDiscard struct {
	ID   string `arg:"" help:"The webhook's id."`
	Note string `required:"" help:"Why; it is kept with the webhook."`
}

func (d inboxDiscard) Run(ctx context.Context) error {
	id, err := webhookID(d.ID)
	if err != nil {
		return err
	}
	return withInbox(ctx, func(in *inbox.Inbox) error {
		if err := in.Discard(ctx, id, d.Note); err != nil {
			return sentence(err)
		}
		fmt.Println(id, "is discarded")
		return nil
	})
}

// webhookID also takes the bare UUID that stands in logs and in the table.
func webhookID(word string) (ids.ID, error) {
	if bare, err := uuid.Parse(word); err == nil {
		return ids.Of(ids.Webhook, bare), nil
	}
	id, err := ids.Parse(word)
	if err != nil || !id.Is(ids.Webhook) {
		return ids.ID{}, fmt.Errorf("%q is not the id of a webhook: those begin with whk_, and switchboard inbox list shows them", word)
	}
	return id, nil
}

// withInbox opens the inbox alone. Its jobs are run by the service, not here.
func withInbox(ctx context.Context, do func(*inbox.Inbox) error) error {
	c, err := toolEnvironment()
	if err != nil {
		return err
	}
	store, err := postgres.Open(ctx, postgres.Config{URL: c.PooledURL(), MaxConns: 1})
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.Migrated(ctx, schema.Files); err != nil {
		return err
	}
	queue, err := jobs.New(jobs.Config{Pool: store.Pool()})
	if err != nil {
		return err
	}
	return do(inbox.New(inbox.Deps{Store: store, Jobs: queue, FinishedFor: c.InboxRetention}))
}

// toolEnvironment is the environment or, without a database in it, what make run left.
func toolEnvironment() (config.Config, error) {
	c, err := environment()
	if err != nil || c.PooledURL() != "" {
		return c, err
	}
	return leftByDev(c)
}
