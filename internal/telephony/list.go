package telephony

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/internal/postgres"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/page"
)

// OrderField is what calls are ordered by.
type OrderField string

const (
	ByCreation OrderField = "CREATED_AT" // when it was asked for or came in
	ByDuration OrderField = "DURATION"   // one that is not over counts as shorter than all
)

// OrderDirection is which end comes first.
type OrderDirection string

const (
	Ascending  OrderDirection = "ASC"
	Descending OrderDirection = "DESC"
)

// Order is how a list of calls is ordered; the zero value is newest first.
type Order struct {
	Field     OrderField
	Direction OrderDirection
}

// Filter leaves out calls; what is nil or empty leaves out none.
type Filter struct {
	Status        []Status
	Disposition   []Disposition
	Direction     *Direction
	CreatedAfter  *time.Time // or at that time
	CreatedBefore *time.Time
	Search        *string // the beginning of a number or its last digits
	HasTranscript *bool
}

const (
	// MaxCount is where counting stops: nobody pages that far, and counting on would read the whole table.
	MaxCount = 10_000
	// leastDigits is where an index begins to help.
	leastDigits, mostDigits = 2, 15
	// perCall bounds a call's notes in one answer: the newest ones.
	perCall = 100
)

// where is the filter as the statements take it. Error: Invalid.
func (f Filter) where(organization uuid.UUID) (db.ListCallsNewestParams, error) {
	p := db.ListCallsNewestParams{
		OrganizationID: organization, Statuses: postgres.Words(f.Status), Dispositions: postgres.Words(f.Disposition), Direction: (*string)(f.Direction),
		CreatedAfter: f.CreatedAfter, CreatedBefore: f.CreatedBefore, HasTranscript: f.HasTranscript,
	}
	if f.Search == nil {
		return p, nil
	}
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, *f.Search)
	if len(digits) < leastDigits || len(digits) > mostDigits {
		return p, fault.Invalid("search", "Search for %d to %d digits: the beginning of a number, as in \"+1202\", or its last digits.", leastDigits, mostDigits)
	}
	begins, ends := "+"+digits+"%", backwards(digits)+"%"
	p.Begins, p.Ends = &begins, &ends
	return p, nil
}

// cursor says behind which call to go on; one of another order is read as zero and begins at that end.
type cursor struct {
	At       time.Time `json:"t"`
	Duration int32     `json:"d"`
	ID       uuid.UUID `json:"i"`
}

// List pages through an organization's calls. Errors: NotFound, Invalid.
func (s *Service) List(ctx context.Context, viewer access.Viewer, organization ids.ID, args page.Args, filter Filter, order Order) (page.Connection[Call], error) {
	var none page.Connection[Call]
	scope, err := viewer.Scope(organization, access.Viewing)
	if err != nil {
		return none, err
	}
	size, err := args.Size(page.Max)
	if err != nil {
		return none, err
	}
	where, err := filter.where(scope.OrganizationID)
	if err != nil {
		return none, err
	}
	after := order.begin()
	if args.After != nil {
		if err := page.Decode(*args.After, &after); err != nil {
			return none, err
		}
	}
	where.AfterAt, where.AfterID, where.PageSize = after.At, after.ID, size+1
	rows, err := s.read(ctx, where, after.Duration, order)
	if err != nil {
		return none, fmt.Errorf("listing calls: %w", err)
	}
	return page.Rows(rows, size, args.After != nil, fromRow, Call.cursor), nil
}

func (c Call) cursor() string {
	at := cursor{At: c.CreatedAt, Duration: -1, ID: c.ID.UUID}
	if c.DurationMs != nil {
		at.Duration = int32(*c.DurationMs)
	}
	return page.Encode(at)
}

// begin is before the first call.
func (o Order) begin() cursor {
	if o.Direction == Ascending {
		return cursor{Duration: math.MinInt32}
	}
	return cursor{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Duration: math.MaxInt32, ID: uuid.Max}
}

// read picks the statement: each order has an index of its own, which a statement for all of them would not use.
func (s *Service) read(ctx context.Context, w db.ListCallsNewestParams, duration int32, order Order) ([]*db.Call, error) {
	long := db.ListCallsLongestParams{
		OrganizationID: w.OrganizationID, Statuses: w.Statuses, Dispositions: w.Dispositions, Direction: w.Direction, CreatedAfter: w.CreatedAfter, CreatedBefore: w.CreatedBefore,
		Begins: w.Begins, Ends: w.Ends, HasTranscript: w.HasTranscript, AfterDuration: duration, AfterID: w.AfterID, PageSize: w.PageSize,
	}
	switch {
	case order.Field == ByDuration && order.Direction == Ascending:
		return s.store.ListCallsShortest(ctx, db.ListCallsShortestParams(long))
	case order.Field == ByDuration:
		return s.store.ListCallsLongest(ctx, long)
	case order.Direction == Ascending:
		return s.store.ListCallsOldest(ctx, db.ListCallsOldestParams(w))
	}
	return s.store.ListCallsNewest(ctx, w)
}

// Count counts the calls that a filter leaves, up to MaxCount. Errors: NotFound, Invalid.
func (s *Service) Count(ctx context.Context, viewer access.Viewer, organization ids.ID, filter Filter) (int, error) {
	scope, err := viewer.Scope(organization, access.Viewing)
	if err != nil {
		return 0, err
	}
	w, err := filter.where(scope.OrganizationID)
	if err != nil {
		return 0, err
	}
	n, err := s.store.CountCalls(ctx, db.CountCallsParams{
		OrganizationID: w.OrganizationID, Statuses: w.Statuses, Dispositions: w.Dispositions, Direction: w.Direction, CreatedAfter: w.CreatedAfter, CreatedBefore: w.CreatedBefore,
		Begins: w.Begins, Ends: w.Ends, HasTranscript: w.HasTranscript, Most: MaxCount,
	})
	if err != nil {
		return 0, fmt.Errorf("counting calls: %w", err)
	}
	return int(n), nil
}

func backwards(digits string) string {
	b := []byte(digits)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}
