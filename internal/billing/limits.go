package billing

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Limits is the one place where something is counted and refused, for rooms above that join it in their
// transaction, before activity.Record, as the lock on the count comes before that on the head.
type Limits struct{ rules Rules }

// NewLimits makes the door for rooms above.
func NewLimits(rules Rules) *Limits { return &Limits{rules: rules} }

// Usage is one thing that uses something up.
type Usage struct {
	OrganizationID uuid.UUID
	Metric         Metric
	Thing          uuid.UUID // counted once, however often it is told
	Amount         int64
}

// Exceeded is a plan's limit that is reached. Underneath it is a fault.
type Exceeded struct {
	Metric    Metric
	Limit     int64
	Used      int64
	UpgradeTo *Plan // nil: no plan would lift it
	fault     *fault.Fault
}

func (e *Exceeded) Error() string { return e.fault.Error() }

// Unwrap shows the fault.
func (e *Exceeded) Unwrap() error { return e.fault }

// Use counts a thing, once, if the plan has room for it this month; the transaction of a refused one has to
// be rolled back. The count's row is locked until the transaction ends: of two that begin at the same time
// the second sees the first. Error: Exceeded.
func (l *Limits) Use(ctx context.Context, tx *postgres.Tx, u Usage) error {
	tier, err := l.tier(ctx, tx, u.OrganizationID)
	if err != nil {
		return err
	}
	most := l.rules.limit(tier, u.Metric)
	counted, err := l.count(ctx, tx, u, most)
	if err != nil || counted {
		return err
	}
	return l.refuse(ctx, tx, tier, u)
}

// Count counts what has happened already and cannot be refused any more.
func (l *Limits) Count(ctx context.Context, tx *postgres.Tx, u Usage) error {
	_, err := l.count(ctx, tx, u, nil)
	return err
}

// Room refuses where nothing is left of something whose amount is known only later. Error: Exceeded.
func (l *Limits) Room(ctx context.Context, tx *postgres.Tx, organization uuid.UUID, metric Metric) error {
	tier, err := l.tier(ctx, tx, organization)
	if err != nil {
		return err
	}
	most := l.rules.limit(tier, metric)
	if most == nil {
		return nil
	}
	used, err := usedOf(ctx, tx.Queries, l.rules, organization)
	if err != nil || used[metric] < *most {
		return err
	}
	return l.refuse(ctx, tx, tier, Usage{OrganizationID: organization, Metric: metric, Amount: 1})
}

func (l *Limits) tier(ctx context.Context, tx *postgres.Tx, organization uuid.UUID) (Tier, error) {
	if l.rules.Fixed != "" {
		return l.rules.Fixed, nil
	}
	account, err := tx.GetBillingAccount(ctx, organization)
	if postgres.Missing(err) {
		return l.rules.of(nil), nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the plan: %w", err)
	}
	return l.rules.of(account), nil
}

// count says whether the thing is in the month's sum now, from this time or from an earlier one.
func (l *Limits) count(ctx context.Context, tx *postgres.Tx, u Usage, most *int64) (bool, error) {
	done, err := tx.UseBilling(ctx, db.UseBillingParams{
		Metric: string(u.Metric), Thing: u.Thing, OrganizationID: u.OrganizationID, At: l.rules.Now(), Amount: u.Amount, Cap: most,
	})
	if err != nil {
		return false, fmt.Errorf("counting usage: %w", err)
	}
	return done.Counted || !done.Fresh, nil
}

func (l *Limits) refuse(ctx context.Context, tx *postgres.Tx, tier Tier, u Usage) error {
	used, err := usedOf(ctx, tx.Queries, l.rules, u.OrganizationID)
	if err != nil {
		return err
	}
	most := *l.rules.limit(tier, u.Metric)
	e := &Exceeded{Metric: u.Metric, Limit: most, Used: used[u.Metric]}
	e.fault = fault.PlanLimit("The plan %s includes %d %s a month, and %d are used.", tier.Name(), most, words(u.Metric), e.Used)
	if larger, found := l.rules.lifts(u.Metric, e.Used+u.Amount); found {
		plan := l.rules.plan(larger, nil)
		e.UpgradeTo = &plan
	}
	return e
}

func words(m Metric) string { return strings.ReplaceAll(strings.ToLower(string(m)), "_", " ") }

// usedOf is what an organization has used this month.
func usedOf(ctx context.Context, q *db.Queries, rules Rules, organization uuid.UUID) (map[Metric]int64, error) {
	rows, err := q.ListBillingUsage(ctx, organization, rules.Now())
	if err != nil {
		return nil, fmt.Errorf("reading usage: %w", err)
	}
	used := make(map[Metric]int64, len(rows))
	for _, r := range rows {
		used[Metric(r.Metric)] = r.Used
	}
	return used, nil
}
