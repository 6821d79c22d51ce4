package billing

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/page"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Account is where an organization stands.
type Account struct {
	OrganizationID ids.ID
	Plan           Plan
	Subscription   *Subscription
	GraceEndsAt    *time.Time
}

// Meter is what was used of something this month.
type Meter struct {
	Metric                 Metric
	Used                   int64
	Limit                  *int64
	PeriodStart, PeriodEnd time.Time
}

// Get reads where an organization stands; nil below Admin, where a page shows nothing of it. Error: NotFound.
func (s *Service) Get(ctx context.Context, viewer access.Viewer, organization ids.ID) (*Account, error) {
	scope, err := viewer.Scope(organization, access.Admin)
	if fault.Is(err, fault.CodeForbidden) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	row, err := s.store.GetBillingAccount(ctx, scope.OrganizationID)
	if err != nil && !postgres.Missing(err) {
		return nil, fmt.Errorf("reading the account: %w", err)
	}
	amounts, err := s.amounts(ctx)
	if err != nil {
		return nil, err
	}
	account := &Account{OrganizationID: organization, Plan: s.rules.plan(s.rules.of(row), amounts)}
	if row != nil && row.GraceUntil != nil && s.rules.Now().Before(*row.GraceUntil) {
		account.GraceEndsAt = row.GraceUntil
	}
	account.Subscription, err = s.subscription(ctx, scope)
	return account, err
}

// subscription is the one that runs, else the last one; nil when there was none.
func (s *Service) subscription(ctx context.Context, scope access.Scope) (*Subscription, error) {
	row, err := s.store.GetCurrentBillingSubscription(ctx, scope.OrganizationID)
	if postgres.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the subscription: %w", err)
	}
	return s.subscriptionFrom(ctx, row)
}

// Subscription finds one in the organizations where the viewer is an admin. Error: NotFound.
func (s *Service) Subscription(ctx context.Context, viewer access.Viewer, id ids.ID) (*Subscription, error) {
	row, err := s.store.GetBillingSubscription(ctx, id.UUID, managed(viewer))
	if err != nil {
		return nil, postgres.NotFound(err, "subscription")
	}
	return s.subscriptionFrom(ctx, row)
}

// Invoice finds one in the organizations where the viewer is an admin. Error: NotFound.
func (s *Service) Invoice(ctx context.Context, viewer access.Viewer, id ids.ID) (*Invoice, error) {
	row, err := s.store.GetBillingInvoice(ctx, id.UUID, managed(viewer))
	if err != nil {
		return nil, postgres.NotFound(err, "invoice")
	}
	return invoiceFrom(row), nil
}

// PaymentMethod finds one in the organizations where the viewer is an admin. Error: NotFound.
func (s *Service) PaymentMethod(ctx context.Context, viewer access.Viewer, id ids.ID) (*PaymentMethod, error) {
	row, err := s.store.GetBillingPaymentMethod(ctx, id.UUID, managed(viewer))
	if err != nil {
		return nil, postgres.NotFound(err, "payment method")
	}
	return methodFrom(row), nil
}

func managed(viewer access.Viewer) []uuid.UUID {
	all := []uuid.UUID{}
	for _, m := range viewer.Memberships {
		if m.Role.Reaches(access.Admin) {
			all = append(all, m.OrganizationID)
		}
	}
	return all
}

// Usage is what was used this month, of everything that is counted. Errors: NotFound, Forbidden below Admin.
func (s *Service) Usage(ctx context.Context, viewer access.Viewer, account Account) ([]Meter, error) {
	scope, err := viewer.Scope(account.OrganizationID, access.Admin)
	if err != nil {
		return nil, err
	}
	used, err := usedOf(ctx, s.store.Queries, s.rules, scope.OrganizationID)
	if err != nil {
		return nil, err
	}
	now := s.rules.Now().UTC()
	start := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	list := make([]Meter, len(Metrics()))
	for i, m := range Metrics() {
		list[i] = Meter{Metric: m, Used: used[m], Limit: s.rules.limit(account.Plan.Tier, m), PeriodStart: start, PeriodEnd: start.AddDate(0, 1, 0)}
	}
	return list, nil
}

// PaymentMethods are those of an organization, newest first. Errors: NotFound, Forbidden below Admin.
func (s *Service) PaymentMethods(ctx context.Context, viewer access.Viewer, organization ids.ID) ([]PaymentMethod, error) {
	scope, err := viewer.Scope(organization, access.Admin)
	if err != nil {
		return nil, err
	}
	rows, err := s.store.ListBillingPaymentMethods(ctx, scope.OrganizationID, maxMethods)
	if err != nil {
		return nil, fmt.Errorf("listing payment methods: %w", err)
	}
	list := make([]PaymentMethod, len(rows))
	for i, r := range rows {
		list[i] = *methodFrom(r)
	}
	return list, nil
}

type invoiceCursor struct {
	At time.Time `json:"a"`
	ID uuid.UUID `json:"i"`
}

// Invoices pages through an organization's bills, newest first. Errors: NotFound, Forbidden below Admin,
// Invalid.
func (s *Service) Invoices(ctx context.Context, viewer access.Viewer, organization ids.ID, args page.Args) (page.Connection[Invoice], error) {
	var none page.Connection[Invoice]
	scope, err := viewer.Scope(organization, access.Admin)
	if err != nil {
		return none, err
	}
	size, err := args.Size(page.Max)
	if err != nil {
		return none, err
	}
	before := invoiceCursor{At: time.Unix(math.MaxInt32, 0), ID: uuid.Max}
	if args.After != nil {
		if err := page.Decode(*args.After, &before); err != nil {
			return none, err
		}
	}
	rows, err := s.store.ListBillingInvoices(ctx, db.ListBillingInvoicesParams{
		OrganizationID: scope.OrganizationID, BeforeAt: before.At, BeforeID: before.ID, PageSize: size + 1,
	})
	if err != nil {
		return none, fmt.Errorf("listing invoices: %w", err)
	}
	list := make([]Invoice, len(rows))
	for i, r := range rows {
		list[i] = *invoiceFrom(r)
	}
	return page.Cut(list, size, args.After != nil, func(i Invoice) string { return page.Encode(invoiceCursor{At: i.IssuedAt, ID: i.ID.UUID}) }), nil
}
