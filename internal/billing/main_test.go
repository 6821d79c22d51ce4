package billing

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/switchboard-voice/switchboard/internal/access"
	fake "github.com/switchboard-voice/switchboard/internal/devstack/stripe"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/live"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

func TestMain(m *testing.M) { testdb.Main(m) }

const (
	// patience is far more than anything here takes on a busy machine.
	patience           = 60 * time.Second
	vendorKey          = "sk_test_vendor"
	secret             = "whsec_0123456789abcdef"
	proMonth, proYear  = "price_pro_month", "price_pro_year"
	businessMonth, yen = "price_business_month", "price_enterprise_yen"
)

// world is a Stripe and the webhooks that it sent.
type world struct {
	*fake.Server
	url string

	mu    sync.Mutex
	came  []Knock
	heads []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Server: fake.New(fake.Config{Key: vendorKey, WebhookPause: 10 * time.Millisecond, Prices: []fake.Price{
		{ID: proMonth, Product: "Pro", Amount: 4900, Currency: "usd", Interval: "month"},
		{ID: proYear, Product: "Pro", Amount: 49000, Currency: "usd", Interval: "year"},
		{ID: businessMonth, Product: "Business", Amount: 19900, Currency: "usd", Interval: "month"},
		{ID: yen, Product: "Enterprise", Amount: 90000, Currency: "jpy", Interval: "month"},
	}})}
	api := httptest.NewServer(w.Server)
	ear := httptest.NewServer(http.HandlerFunc(w.hear))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = w.Close(ctx)
		api.Close()
		ear.Close()
	})
	w.url = api.URL
	w.Notify(fake.Endpoint{URL: ear.URL, Secrets: []string{secret}})
	return w
}

func (w *world) hear(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.came, w.heads = append(w.came, Knock{Body: body, ReceivedAt: time.Now()}), append(w.heads, r.Header.Get(SignatureHeader))
}

// knocks are all webhooks that came so far; it waits until all that were made are there.
func (w *world) knocks(t *testing.T) []Knock {
	t.Helper()
	eventually(t, "all webhooks are there", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.came) >= len(w.Events())
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.came)
}

// house is the room over a database of its own.
type house struct {
	*Service
	t       *testing.T
	worker  *Worker
	limits  *Limits
	queue   *jobs.Queue
	home    ids.ID
	viewer  access.Viewer
	vendor  *stripe.Client
	clock   time.Duration // how far ahead the room's is
	mu      sync.Mutex
	alerts  []string
	repairs int
}

// open builds a house; two in the same world and with the same home have the same organization.
func open(t *testing.T, w *world, home ids.ID, change ...func(*Rules)) *house {
	t.Helper()
	address := testdb.New(t)
	store, err := postgres.Open(t.Context(), postgres.Config{URL: address, Wake: live.New().Publish})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	pool, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	h := &house{t: t, home: home}
	if h.queue, err = jobs.New(jobs.Config{Pool: pool}); err != nil {
		t.Fatal(err)
	}
	rules := Rules{Grace: time.Hour, Now: h.now, Limits: map[Tier]map[Metric]int64{Free: {Transcriptions: 3}, Pro: {Transcriptions: 10}}, Prices: []Sold{
		{Pro, Month, proMonth}, {Pro, Year, proYear}, {Business, Month, businessMonth}, {Enterprise, Month, yen},
	}}
	for _, c := range change {
		c(&rules)
	}
	h.vendor = stripe.New(stripe.Config{BaseURL: w.url, Key: vendorKey})
	d := Deps{
		Store: store, Jobs: h.queue, Stripe: h.vendor, Rules: rules, Origins: []string{"https://app.example.com", "https://preview.example.com"},
		Alert: h.alerted, Repair: h.repaired,
	}
	h.Service, h.worker, h.limits = New(d), NewWorker(WorkerDeps{Deps: d, Secrets: []string{secret}, Every: time.Hour}), NewLimits(rules)
	h.settleIn(access.Owner)
	return h
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.clock)
}

func (h *house) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock += d
}

func (h *house) alerted(kind string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.alerts = append(h.alerts, kind)
}

func (h *house) repaired() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.repairs++
}

// told counts the alerts of a kind.
func (h *house) told(kind string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, each := range h.alerts {
		if each == kind {
			n++
		}
	}
	return n
}

func (h *house) settleIn(role access.Role) {
	h.t.Helper()
	user := uuid.NewSHA1(h.home.UUID, []byte("owner"))
	h.execute("INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'One', 'one')", h.home.UUID)
	h.execute("INSERT INTO switchboard.users (id, email) VALUES ($1, 'ada@example.com')", user)
	member := access.Membership{ID: uuid.New(), OrganizationID: h.home.UUID, Role: role}
	h.execute("INSERT INTO switchboard.memberships (id, organization_id, user_id, role) VALUES ($1, $2, $3, $4)", member.ID, h.home.UUID, user, member.Role)
	h.viewer = access.Viewer{UserID: user, IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour), Memberships: []access.Membership{member}}
}

func (h *house) execute(sql string, args ...any) {
	h.t.Helper()
	if _, err := h.store.Pool().Exec(h.t.Context(), sql, args...); err != nil {
		h.t.Fatalf("%s: %v", sql, err)
	}
}

func (h *house) number(sql string, args ...any) (n int) {
	h.t.Helper()
	if err := h.store.Pool().QueryRow(h.t.Context(), sql, args...).Scan(&n); err != nil {
		h.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// run lets the jobs run until the test ends.
func (h *house) run() {
	h.t.Helper()
	if err := h.queue.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := h.queue.Stop(ctx); err != nil {
			h.t.Errorf("Stop: %v", err)
		}
	})
}

// takes has a webhook processed as the inbox would: again, while it is to come later.
func (h *house) takes(k Knock) error {
	pause := time.NewTicker(10 * time.Millisecond)
	defer pause.Stop()
	late := time.After(patience)
	for {
		_, err := h.worker.Ingest(h.t.Context(), k)
		if !jobs.Waits(err) {
			return err
		}
		select {
		case <-pause.C:
		case <-late:
			return err
		}
	}
}

func (h *house) takesAll(list []Knock) {
	h.t.Helper()
	for _, k := range list {
		if err := h.takes(k); err != nil {
			h.t.Fatalf("taking %.200s: %v", k.Body, err)
		}
	}
}

func priceID(tier Tier, interval Interval) ids.ID { return Sold{Tier: tier, Interval: interval}.ID() }

// checkout opens a page and gives its session.
func (h *house) checkout(tier Tier, key string) string {
	h.t.Helper()
	page, err := h.Checkout(h.t.Context(), h.viewer, h.wants(tier, key))
	if err != nil {
		h.t.Fatalf("checkout: %v", err)
	}
	return session(*page)
}

func (h *house) wants(tier Tier, key string) CheckoutInput {
	return CheckoutInput{OrganizationID: h.home, PriceID: priceID(tier, Month), ReturnPath: "/settings?tab=billing", IdempotencyKey: key}
}

// session is the last part of a page's address.
func session(page string) string {
	page, _, _ = strings.Cut(page, "#")
	return page[strings.LastIndex(page, "/")+1:]
}

// plan is what the organization may use.
func (h *house) plan() Tier {
	h.t.Helper()
	a, err := h.Get(h.t.Context(), h.viewer, h.home)
	if err != nil || a == nil {
		h.t.Fatalf("reading the billing: %v", err)
	}
	return a.Plan.Tier
}

func (h *house) customer() (id string) {
	h.t.Helper()
	if err := h.store.Pool().QueryRow(h.t.Context(), "SELECT id FROM switchboard.billing_customers WHERE deleted_at IS NULL").Scan(&id); err != nil {
		h.t.Fatal(err)
	}
	return id
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
