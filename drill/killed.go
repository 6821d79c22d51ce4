package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// kills is how many servers die; each death finds the walks at another step.
	kills = 30
	// killSeed makes the pauses between two deaths the same in each drill; what the machine does meanwhile is
	// not, so that a failure need not come again.
	killSeed = 20_260_924
	// maxLife is how long a server lives at the most before the next is killed: a walk takes half of it.
	maxLife = 600 * time.Millisecond
	// walkers upload all the time, one file after another.
	walkers = 4
	// heals is the promise after a kill: a process is dead after 15 s of silence, the dead are looked for every 5 s,
	// and the rest is for what is left to do.
	heals = 30 * time.Second
	// webhookEvery is the pace of the webhooks beside it.
	webhookEvery = 10 * time.Millisecond
)

// killed kills one of two servers again and again, at any step of the walks that go on meanwhile.
func killed(ctx context.Context, l *stage) error {
	calls, err := l.Seed(ctx, lab.Organizations)
	if err != nil {
		return err
	}
	b, err := l.Balance()
	if err != nil {
		return err
	}
	if err := l.Server.Stop(); err != nil {
		return err
	}
	var servers [2]*lab.Process
	for i := range servers {
		if servers[i], err = l.Launch(ctx, "BACKEND_URL="+b.URL, soon, lostSoon); err != nil {
			return err
		}
	}
	b.Serve(servers[0], servers[1])
	l.Provider.SetFaults(assemblyai.Faults{Delay: 100 * time.Millisecond}) // some die while the provider works
	stop := make(chan struct{})
	var all sync.WaitGroup
	for i := range walkers {
		all.Go(func() { keepWalking(ctx, as(calls[i], b.URL), calls[i], stop) })
	}
	var acknowledged []string
	all.Go(func() { acknowledged = l.keepKnocking(ctx, b.URL, stop) })
	chance := rand.New(rand.NewPCG(killSeed, 0))
	for n := 0; n < kills && err == nil; n++ {
		err = l.killOne(ctx, b, &servers, chance)
	}
	close(stop)
	all.Wait()
	if err != nil {
		return err
	}
	l.saw("%d times a server was killed, each %s at the most after the last one was back", kills, maxLife)
	return l.onceEach(ctx, acknowledged)
}

// killOne waits, kills, and starts another in its place.
func (l *stage) killOne(ctx context.Context, b *lab.Balancer, servers *[2]*lab.Process, chance *rand.Rand) (err error) {
	if err := lab.Pause(ctx, time.Duration(chance.Int64N(int64(maxLife)))); err != nil {
		return err
	}
	i := chance.IntN(len(servers))
	servers[i].Kill()
	if servers[i], err = l.Launch(ctx, "BACKEND_URL="+b.URL, soon, lostSoon); err != nil {
		return err
	}
	b.Serve(servers[0], servers[1])
	return nil
}

// keepWalking uploads until stop. What fails is what a person would try again; what was begun is in the
// database, and is looked at there.
func keepWalking(ctx context.Context, who *client.Client, c lab.Call, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
			_, _ = who.Submit(ctx, client.Job{Organization: c.Slug, File: sample})
		}
		if lab.Pause(ctx, webhookEvery) != nil {
			return
		}
	}
}

// keepKnocking sends webhooks until stop and gives the names of those that were acknowledged.
func (l *stage) keepKnocking(ctx context.Context, url string, stop <-chan struct{}) (acknowledged []string) {
	for n := 0; lab.Pause(ctx, webhookEvery) == nil; n++ {
		select {
		case <-stop:
			return acknowledged
		default:
		}
		name := fmt.Sprintf("knock-%d", n)
		if status, err := l.deliver(url, name); err == nil && status == http.StatusOK {
			acknowledged = append(acknowledged, name)
		}
	}
	return acknowledged
}

// onceEach waits until every transcription that was begun is done, and compares what happened to what should.
func (l *stage) onceEach(ctx context.Context, acknowledged []string) error {
	const ours = "FROM switchboard.transcriptions t JOIN switchboard.recordings r ON r.id = t.recording_id WHERE r.filename = 'jfk.wav'"
	began, left := time.Now(), 1
	for left > 0 && time.Since(began) < 2*heals {
		if err := l.Pool.QueryRow(ctx, "SELECT count(*) "+ours+" AND t.status <> 'COMPLETED'").Scan(&left); err != nil {
			return fmt.Errorf("counting what is left: %w", err)
		}
		if err := lab.Pause(ctx, lab.PollEvery); err != nil {
			return err
		}
	}
	took := time.Since(began)
	var done, odd, events, kept int
	for query, into := range map[string]*int{
		"SELECT count(*) " + ours: &done,
		"SELECT count(*) " + ours + " AND (t.attempt <> 1 OR t.version <> 1)":         &odd,
		"SELECT count(*) FROM switchboard.activity_events WHERE status = 'COMPLETED'": &events,
	} {
		if err := l.Pool.QueryRow(ctx, query).Scan(into); err != nil {
			return fmt.Errorf("counting: %w", err)
		}
	}
	err := l.Pool.QueryRow(ctx, `SELECT count(*) FROM unnest($1::text[]) name WHERE EXISTS (
		SELECT FROM switchboard.webhook_events e WHERE e.external_id = name OR convert_from(e.body, 'UTF8') LIKE '%/' || name || '"}')`, acknowledged).Scan(&kept)
	if err != nil {
		return fmt.Errorf("looking for the webhooks: %w", err)
	}
	l.promise(left == 0 && took < heals, "%d transcriptions, all done %s after the last kill (less than %s), %d left", done, took.Round(100*time.Millisecond), heals, left)
	l.promise(odd == 0 && events == done, "each was completed once: %d events, %d with more than one attempt or version", events, odd)
	taken := l.Provider.Stats().Submitted
	l.promise(taken == done, "the provider took %d submissions", taken)
	l.promise(kept == len(acknowledged), "%d webhooks beside it were acknowledged, %d of them are kept", len(acknowledged), kept)
	return nil
}
