package steps

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/signalwire"
	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
	"github.com/switchboard-voice/switchboard/internal/devstack/stripe"
	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// webhookPause is how long a provider waits before it sends again: its few tries outlast a restart, also of the
	// program with the race detector in it on a busy machine.
	webhookPause = time.Second
	// starts is how often a start is tried whose port somebody else took meanwhile.
	starts = 5
	// ringing and talking are long enough for the steps of a call to come one after the other.
	ringing, talking = 100 * time.Millisecond, time.Second
	// ourNumber is what is called from, theirNumber who is called.
	ourNumber, theirNumber = "+12025550100", "+12025550142"
	// monthly is the price of the plan that is bought; proLimit is what it allows in a month.
	monthly, proLimit = "price_pm", 3
)

// rig is one database, three providers and the program between them, with a gate on each way.
type rig struct {
	*lab.Lab
	moments      *Moments
	balancer     *lab.Balancer
	phone        *signalwire.Server
	till         *stripe.Server
	person       *client.Client
	organization string // the id that clients know
	user         uuid.UUID
	settings     []string
	token        string
	stripeSecret string
}

// open builds it and starts the program, which then waits for work. Close is needed also after an error.
func open(ctx context.Context, c Config) (*rig, error) {
	r := &rig{moments: newMoments(), stripeSecret: "whsec_" + rand.Text(), settings: c.Settings, user: uuid.Must(uuid.NewV7())}
	r.Lab = &lab.Lab{Auth: rand.Text() + rand.Text(), Key: rand.Text(), Webhook: rand.Text(), Program: c.Program}
	for _, step := range []func(context.Context, Config) error{r.openDir, r.openDatabase, r.openBalancer, r.openProviders, r.openGate} {
		if err := step(ctx, c); err != nil {
			return r, err
		}
	}
	if err := r.seed(ctx); err != nil {
		return r, err
	}
	return r, errors.Join(r.live(ctx), r.settles(ctx))
}

func (r *rig) openDir(_ context.Context, _ Config) (err error) {
	if r.Dir, err = os.MkdirTemp("", "switchboard-steps-"); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	r.AtEnd(func() error { return os.RemoveAll(r.Dir) })
	return nil
}

func (r *rig) openDatabase(ctx context.Context, c Config) error {
	address, drop, err := c.Database(ctx)
	if err != nil {
		return err
	}
	r.AtEnd(drop)
	return r.Use(ctx, address)
}

// openBalancer lets the providers reach whoever lives. What they fetch, a second server would answer: only words
// to us meet nobody, and come again.
func (r *rig) openBalancer(context.Context, Config) (err error) {
	if r.balancer, err = r.Balance(); err != nil {
		return err
	}
	r.balancer.Repeat = func(q *http.Request) bool { return strings.HasPrefix(q.URL.Path, "/api/voice/") }
	return nil
}

func (r *rig) openProviders(context.Context, Config) error {
	r.Provider = assemblyai.New(assemblyai.Config{
		Dir: filepath.Join(r.Dir, "provider"), Key: r.Key, Recognizer: assemblyai.Scripted{Result: heard()}, WebhookPause: webhookPause,
		AllowAudio: func(u *url.URL) bool { return u.Hostname() == "127.0.0.1" },
	})
	token, signing, key := rand.Text(), "PSK"+rand.Text(), "sk_test_"+rand.Text()
	r.phone = signalwire.New(signalwire.Config{ProjectID: "project-1", Token: token, SigningKey: signing, Pace: signalwire.Pace{
		Dial: ringing, Ring: ringing, Talk: talking, Record: ringing, Retry: webhookPause,
	}})
	r.till = stripe.New(stripe.Config{Key: key, WebhookPause: webhookPause, Prices: []stripe.Price{
		{ID: monthly, Product: "Pro", Amount: 4900, Currency: "usd", Interval: "month"},
	}})
	r.till.Notify(stripe.Endpoint{URL: r.balancer.URL + "/api/webhooks/stripe", Secrets: []string{r.stripeSecret}})
	var urls [3]string
	for i, p := range []provider{{"AssemblyAI", r.Provider}, {"SignalWire", r.phone}, {"Stripe", r.till}} {
		var err error
		if urls[i], err = r.serve(p); err != nil {
			return err
		}
	}
	r.ProviderURL = urls[0]
	r.settings = append([]string{
		"BACKEND_URL=" + r.balancer.URL,
		"SIGNALWIRE_PROJECT_ID=project-1", "SIGNALWIRE_TOKEN=" + token, "SIGNALWIRE_SPACE_URL=" + urls[1], "SIGNALWIRE_SIGNING_KEY=" + signing,
		"STRIPE_SECRET_KEY=" + key, "STRIPE_WEBHOOK_SECRET=" + r.stripeSecret, "STRIPE_BASE_URL=" + urls[2], "STRIPE_PRICE_PRO_MONTHLY=" + monthly,
		fmt.Sprintf("BILLING_LIMITS_PRO=TRANSCRIPTIONS=%d", proLimit),
		// What was lost is looked for soon: nobody waits minutes here.
		"TRANSCRIPTION_CHECK_AFTER=2s", "TRANSCRIPTION_LOST_AFTER=4s", "CALL_CHECK_AFTER=2s", "CALL_LOST_AFTER=5s",
	}, r.settings...)
	return nil
}

// provider is one of the local ones.
type provider struct {
	name   string
	server interface {
		http.Handler
		Close(context.Context) error
	}
}

// serve starts a provider behind its gate and gives its address.
func (r *rig) serve(p provider) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("opening a provider's port: %w", err)
	}
	web := &http.Server{Handler: r.moments.before(p.name, p.server), ReadHeaderTimeout: lab.Patience}
	go func() { _ = web.Serve(listener) }() // ends with Close
	r.AtEnd(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // what it has still to tell, nobody hears
		defer cancel()
		_ = p.server.Close(ctx)
		return web.Close()
	})
	return "http://" + listener.Addr().String(), nil
}

func (r *rig) openGate(context.Context, Config) error {
	gate, through, err := openGate(r.moments, r.Database)
	if err != nil {
		return err
	}
	r.AtEnd(gate.Close)
	r.Database = through
	return nil
}

// live starts the program, for the first time or again. A port that was free a moment ago may be another rig's by
// now, which would then answer in place of ours.
func (r *rig) live(ctx context.Context) error {
	r.moments.revive()
	var failed error
	for range starts {
		p, err := r.Launch(ctx, r.settings...)
		if err == nil {
			err = r.answers(ctx, p)
		}
		if err == nil {
			r.Server = p
			r.balancer.Serve(p)
			return nil
		}
		failed = errors.Join(failed, err)
		if p != nil {
			p.Kill()
		}
	}
	return failed
}

// answers says whether it is our program that answers: another one does not know our person.
func (r *rig) answers(ctx context.Context, p *lab.Process) error {
	_, err := client.New(client.Config{Server: p.URL, Token: r.token}).Standing(ctx, r.organization)
	return err
}

// settles waits until the jobs that every start begins are done: they are no step of a walk.
func (r *rig) settles(ctx context.Context) error {
	return lab.Eventually(ctx, "the jobs of the start to be done", func() (done bool, err error) {
		err = r.Pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE state = 'completed') > 0 AND count(*) FILTER (WHERE state <> 'completed') = 0
			FROM river.river_job WHERE state NOT IN ('scheduled', 'cancelled', 'discarded')`).Scan(&done)
		return done, err
	})
}

// heard is a call of two turns.
func heard() speech.Result {
	word := func(text string, from time.Duration) speech.Word {
		return speech.Word{Text: text, Start: from, End: from + time.Second, Confidence: 0.9}
	}
	return speech.Result{Channels: 2, Duration: 3 * time.Second, Turns: []speech.Turn{
		{Channel: 0, Words: []speech.Word{word("Hello.", 0)}}, {Channel: 1, Words: []speech.Word{word("Goodbye.", time.Second)}},
	}}
}
