package billing

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func (h *house) use(u Usage) error {
	return h.store.InTx(h.t.Context(), func(tx *postgres.Tx) error { return h.limits.Use(h.t.Context(), tx, u) })
}

func (h *house) one(metric Metric) Usage {
	return Usage{OrganizationID: h.home.UUID, Metric: metric, Thing: uuid.New(), Amount: 1}
}

func TestALimitIsReachedExactlyHoweverManyComeAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t, newWorld(t), ids.New(ids.Organization), func(r *Rules) { r.Limits[Free][Transcriptions] = 17 })
	var taken, refused atomic.Int32
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			var full *Exceeded
			switch err := h.use(h.one(Transcriptions)); {
			case err == nil:
				taken.Add(1)
			case errors.As(err, &full) && full.Limit == 17 && full.Used == 17 && fault.Is(err, fault.CodePlanLimit):
				refused.Add(1)
			default:
				t.Errorf("%v", err)
			}
		})
	}
	group.Wait()
	if taken.Load() != 17 || refused.Load() != 33 {
		t.Errorf("%d were taken and %d refused", taken.Load(), refused.Load())
	}
	if n := h.number("SELECT used FROM switchboard.billing_usage WHERE metric = 'TRANSCRIPTIONS'"); n != 17 {
		t.Errorf("%d are counted", n)
	}
	if n := h.number("SELECT count(*) FROM switchboard.billing_usage_things"); n != 17 {
		t.Errorf("%d things are counted", n)
	}
}

func TestAThingIsCountedOnceHoweverOftenItIsTold(t *testing.T) {
	t.Parallel()
	h := open(t, newWorld(t), ids.New(ids.Organization))
	same := h.one(Transcriptions)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if err := h.use(same); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for range 2 {
		if err := h.use(h.one(Transcriptions)); err != nil {
			t.Error(err)
		}
	}
	if err := h.use(same); err != nil {
		t.Errorf("what was counted is refused at the limit: %v", err)
	}
	if err := h.use(h.one(Transcriptions)); !fault.Is(err, fault.CodePlanLimit) {
		t.Errorf("above the limit: %v", err)
	}
	failed := errors.New("the rest of the transaction failed")
	err := h.store.InTx(t.Context(), func(tx *postgres.Tx) error {
		if err := h.limits.Count(t.Context(), tx, h.one(Calls)); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) || h.number("SELECT count(*) FROM switchboard.billing_usage WHERE metric = 'CALLS'") != 0 {
		t.Errorf("what was rolled back is counted: %v", err)
	}
}

func TestALimitSaysWhichPlanWouldLiftIt(t *testing.T) {
	t.Parallel()
	h := open(t, newWorld(t), ids.New(ids.Organization))
	var full *Exceeded
	large := h.one(Transcriptions)
	large.Amount = 4
	if err := h.use(large); !errors.As(err, &full) || full.UpgradeTo == nil || full.UpgradeTo.Tier != Pro || full.Used != 0 {
		t.Fatalf("%+v", full)
	}
	large.Amount = 11
	if err := h.use(large); !errors.As(err, &full) || full.UpgradeTo.Tier != Business {
		t.Errorf("%+v", full)
	}
	if h.number("SELECT count(*) FROM switchboard.billing_usage") != 0 {
		t.Error("what was refused is counted")
	}
}

func TestMonthsAreThoseOfUTC(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 2, 0, 0, 0, time.FixedZone("east", 3*3600)) // in UTC it is still February
	h := open(t, newWorld(t), ids.New(ids.Organization), func(r *Rules) { r.Now = func() time.Time { return now } })
	for range 3 {
		if err := h.use(h.one(Transcriptions)); err != nil {
			t.Fatal(err)
		}
	}
	account, err := h.Get(t.Context(), h.viewer, h.home)
	if err != nil {
		t.Fatal(err)
	}
	meters, err := h.Usage(t.Context(), h.viewer, *account)
	if err != nil || meters[2].Used != 3 || meters[2].PeriodStart.Month() != time.February || !meters[2].PeriodEnd.Equal(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", meters, err)
	}
	if n := h.number("SELECT count(*) FROM switchboard.billing_usage WHERE month = '2026-02-01'"); n != 1 {
		t.Errorf("%d rows of February", n)
	}
	now = now.Add(time.Hour)
	if err := h.use(h.one(Transcriptions)); err != nil {
		t.Errorf("in the next month: %v", err)
	}
}

func TestWhatIsKnownOnlyAfterwardsIsRefusedOnlyBefore(t *testing.T) {
	t.Parallel()
	h := open(t, newWorld(t), ids.New(ids.Organization), func(r *Rules) { r.Limits[Free][Minutes] = 10 })
	room := func() error {
		return h.store.InTx(t.Context(), func(tx *postgres.Tx) error { return h.limits.Room(t.Context(), tx, h.home.UUID, Minutes) })
	}
	if err := room(); err != nil {
		t.Error(err)
	}
	long := h.one(Minutes)
	long.Amount = 25
	if err := h.store.InTx(t.Context(), func(tx *postgres.Tx) error { return h.limits.Count(t.Context(), tx, long) }); err != nil {
		t.Error(err)
	}
	var full *Exceeded
	if err := room(); !errors.As(err, &full) || full.Used != 25 || full.Limit != 10 {
		t.Errorf("%+v", full)
	}
}

func TestMoneyIsWrittenAsItsCurrencyIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor          int64
		currency, want string
	}{
		{4900, "usd", "49.00"}, {5, "eur", "0.05"}, {-1250, "usd", "-12.50"}, {0, "gbp", "0.00"}, {90000, "jpy", "90000"}, {-3, "krw", "-3"},
		{1234, "kwd", "1.234"}, {7, "bhd", "0.007"}, {500, "ugx", "5.00"}, {9007199254740993, "usd", "90071992547409.93"},
	} {
		if got := NewMoney(c.minor, c.currency); got.Amount() != c.want || got.Currency() == c.currency {
			t.Errorf("%d %s: %s %s, want %s", c.minor, c.currency, got.Amount(), got.Currency(), c.want)
		}
	}
}

func TestSpeechIsCountedByItsCharactersAndRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	h := open(t, newWorld(t), ids.New(ids.Organization), func(r *Rules) { r.Limits[Free][SpeechCharacters], r.Limits[Pro][SpeechCharacters] = 1000, 5000 })
	speech := func(characters int64) error {
		u := h.one(SpeechCharacters)
		u.Amount = characters
		return h.use(u)
	}
	var full *Exceeded
	if err := speech(900); err != nil {
		t.Error(err)
	}
	if err := speech(101); !errors.As(err, &full) || full.Used != 900 || full.Limit != 1000 || full.UpgradeTo == nil || full.UpgradeTo.Tier != Pro {
		t.Errorf("one character too many: %v", err)
	}
	if err := speech(100); err != nil {
		t.Errorf("what a refused one would have used is gone: %v", err)
	}
}
