package billing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// PortalInput says where a person comes back to.
type PortalInput struct {
	OrganizationID ids.ID
	ReturnPath     string
	ReturnOrigin   *string
}

// portalKeyLife is how long clicks are the same click: Stripe's page lives longer.
const portalKeyLife = time.Minute

// Portal opens Stripe's page for cards, invoices and addresses. It changes nothing by itself, so its key
// need not be kept. Errors: NotFound, Forbidden below Admin, Invalid, InvalidState before the first checkout.
func (s *Service) Portal(ctx context.Context, viewer access.Viewer, in PortalInput) (*string, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Admin)
	if err != nil {
		return nil, err
	}
	back, err := s.back(in.ReturnPath, in.ReturnOrigin)
	if err != nil {
		return nil, err
	}
	if s.stripe == nil {
		return nil, notSold()
	}
	row, err := s.store.GetCurrentBillingCustomer(ctx, scope.OrganizationID)
	if postgres.Missing(err) {
		return nil, fault.InvalidState("Nothing was bought yet: begin with a checkout.")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the customer's id: %w", err)
	}
	same := sha256.Sum256([]byte(fmt.Sprint(scope.OrganizationID, scope.UserID, back, s.rules.Now().Unix()/int64(portalKeyLife.Seconds()))))
	page, err := s.stripe.Portal(ctx, "switchboard-portal-"+hex.EncodeToString(same[:16]), row.ID, back.String())
	if err != nil {
		return nil, refused(err)
	}
	return &page, nil
}

func notSold() error {
	return fault.InvalidState("Nothing is sold here: the operator of this service has not set up Stripe.")
}
