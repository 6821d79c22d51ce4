package telephony

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/live"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
	"github.com/switchboard-voice/switchboard/internal/recording"
)

func TestMain(m *testing.M) { testdb.Main(m) }

const ours, theirs = "+12025550100", "+12025550142"

// house is the room with all that it stands on; no job runs by itself.
type house struct {
	*Service
	worker *Worker
	vendor *vendor
	viewer access.Viewer
	home   ids.ID // the viewer's organization
}

// vendor is a provider whose calls and recordings a test sets as it likes.
type vendor struct {
	mu         sync.Mutex
	calls      map[string]map[string]any
	recordings map[string]map[string]any
	placed     int
	busy       bool   // takes no call
	asked      func() // while a busy one is asked for a call
}

func (v *vendor) set(sid string, call map[string]any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	call["sid"] = sid
	v.calls[sid] = call
}

func (v *vendor) record(sid, call, status string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.recordings[sid] = map[string]any{"sid": sid, "call_sid": call, "status": status, "duration": "11"}
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	path := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/api/laml/2010-04-01/Accounts/p/"), ".json")
	kind, sid, _ := strings.Cut(path, "/")
	found := map[string]map[string]map[string]any{"Calls": v.calls, "Recordings": v.recordings}[kind][sid]
	switch {
	case r.Method == http.MethodPost && path == "Calls" && v.busy:
		v.asked()
		w.WriteHeader(http.StatusTooManyRequests)
	case r.Method == http.MethodPost && path == "Calls":
		v.placed++
		w.WriteHeader(http.StatusBadGateway)
	case path == "Calls":
		list := []any{}
		for _, call := range v.calls {
			list = append(list, call)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"calls": list})
	case path == "Recordings":
		list := []any{}
		for _, rec := range v.recordings {
			if rec["call_sid"] == r.URL.Query().Get("CallSid") {
				list = append(list, rec)
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"recordings": list})
	case found == nil:
		w.WriteHeader(http.StatusNotFound)
	default:
		_ = json.NewEncoder(w).Encode(found)
	}
}

// open makes a house where everybody may use as much as they like, or as much as limits say.
func open(t *testing.T, limits ...map[billing.Metric]int64) *house {
	t.Helper()
	address, hub := testdb.New(t), live.New()
	store, err := postgres.Open(t.Context(), postgres.Config{URL: address, Wake: hub.Publish})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	pool, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	queue, err := jobs.New(jobs.Config{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	jobs.Handle(queue, jobs.Kind{Queue: jobs.Work}, func(context.Context, jobs.Job[recording.SettledArgs]) error { return nil })
	h := &house{vendor: &vendor{calls: map[string]map[string]any{}, recordings: map[string]map[string]any{}}, home: ids.New(ids.Organization)}
	server := httptest.NewServer(h.vendor)
	t.Cleanup(server.Close)
	anybody := func(context.Context, access.Viewer, uuid.UUID) error { return nil }
	rules := billing.Rules{Fixed: billing.Free, Limits: map[billing.Tier]map[billing.Metric]int64{}, Now: time.Now}
	for _, most := range limits {
		rules.Limits[billing.Free] = most
		rules.Prices = []billing.Sold{{Tier: billing.Pro, Interval: billing.Month, StripeID: "price_1"}}
	}
	plan := billing.NewLimits(rules)
	h.Service = New(Deps{Store: store, Jobs: queue, Activity: activity.New(store, hub, anybody), Limits: plan, Enabled: true, Now: time.Now})
	h.worker = NewWorker(WorkerDeps{
		Store: store, Jobs: queue, Copies: recording.NewCopies(recording.CopiesDeps{Store: store, Jobs: queue}), Limits: plan, Ended: func(string, string) {},
		Provider: signalwire.New(signalwire.Config{BaseURL: server.URL, ProjectID: "p", Token: "token"}),
		Options:  Options{PublicURL: "https://api.example.com", WebhookPath: "/hook", AnswerPath: "/answer", CheckAfter: time.Minute, LostAfter: time.Minute},
	})
	h.settle(t)
	return h
}

// settle makes the organization, its one member and its number.
func (h *house) settle(t *testing.T) {
	t.Helper()
	user := uuid.New()
	h.execute(t, "INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'One', 'one')", h.home.UUID)
	h.execute(t, "INSERT INTO switchboard.users (id, email) VALUES ($1, 'ada@example.com')", user)
	h.execute(t, "INSERT INTO switchboard.phone_numbers (id, organization_id, number) VALUES ($1, $2, $3)", uuid.New(), h.home.UUID, ours)
	member := access.Membership{ID: uuid.New(), OrganizationID: h.home.UUID, Role: access.Owner}
	h.viewer = access.Viewer{UserID: user, IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour), Memberships: []access.Membership{member}}
}

func (h *house) execute(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := h.store.Pool().Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func (h *house) scan(t *testing.T, into any, sql string, args ...any) {
	t.Helper()
	if err := h.store.Pool().QueryRow(t.Context(), sql, args...).Scan(into); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// begin starts a call as a person does.
func (h *house) begin(t *testing.T) *Call {
	t.Helper()
	call, err := h.Start(t.Context(), h.viewer, StartInput{OrganizationID: h.home, To: theirs, IdempotencyKey: uuid.NewString()})
	if err != nil {
		t.Fatal(err)
	}
	return call
}

// hears gives the worker a callback; what it wants to hear again later is no failure.
func (h *house) hears(t *testing.T, query, body string) error {
	t.Helper()
	_, err := h.worker.Ingest(t.Context(), inbox.Event{ID: uuid.New(), Source: inbox.SignalWire, Query: query, Body: []byte(body), ReceivedAt: time.Now()})
	if jobs.Waits(err) {
		return nil
	}
	return err
}

// rows is everything that is known of calls, with the provider's ids instead of ours.
func (h *house) rows(t *testing.T) (text string) {
	t.Helper()
	h.scan(t, &text, `SELECT concat_ws(E'\n',
		(SELECT string_agg(concat_ws(' ', status, provider_status, started_at, ended_at, duration_ms, failure_code), ',' ORDER BY id) FROM switchboard.calls),
		(SELECT string_agg(concat_ws(' ', provider_id, parent_provider_id, status, provider_status, started_at, ended_at, duration_ms), ',' ORDER BY provider_id) FROM switchboard.call_legs),
		(SELECT string_agg(concat_ws(' ', provider_id, provider_status, status, duration_ms), ',' ORDER BY provider_id) FROM switchboard.recordings),
		(SELECT count(*) FROM switchboard.activity_events WHERE status IN ('COMPLETED', 'BUSY', 'NO_ANSWER', 'FAILED', 'CANCELED')))`)
	return text
}

func callback(sid, status string, sequence int) string {
	return fmt.Sprintf("CallSid=%s&CallStatus=%s&SequenceNumber=%d", sid, status, sequence)
}
