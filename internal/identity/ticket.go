package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// ticketPrefix tells a ticket from a session's token, so that connection_init knows whom to ask.
const ticketPrefix = "swt_"

// Ticket gives a word that opens one socket within 30 seconds, for pages whose cookie cannot reach it. Errors:
// Unauthenticated, Forbidden for an API token, which opens sockets itself.
func (s *Service) Ticket(ctx context.Context, viewer access.Viewer) (string, error) {
	if err := viewer.Person(); err != nil {
		return "", err
	}
	of := db.InsertAccountTokenParams{UserID: &viewer.UserID, IssuedAt: &viewer.IssuedAt, EndsAt: &viewer.ExpiresAt}
	if viewer.SessionID != uuid.Nil {
		of.SessionID = &viewer.SessionID
	}
	var ticket string
	err := s.store.InTx(ctx, func(tx *postgres.Tx) (err error) {
		ticket, err = grant(ctx, tx, openingASocket, s.now(), of)
		return err
	})
	return ticketPrefix + ticket, err
}

// RedeemTicket gives the claims of the session that asked for the ticket; Session judges them as any others.
// Error: Unauthenticated for one that is unknown, used or over.
func (s *Service) RedeemTicket(ctx context.Context, ticket string) (authjs.Claims, error) {
	var claims authjs.Claims
	err := s.store.InTx(ctx, func(tx *postgres.Tx) error {
		used, err := use(ctx, tx, openingASocket, s.now(), ticket[min(len(ticketPrefix), len(ticket)):])
		if err != nil {
			return err
		}
		claims = authjs.Claims{Subject: used.UserID.String(), IssuedAt: moment(used.IssuedAt), ExpiresAt: moment(used.EndsAt)}
		if used.SessionID != nil {
			claims.Session = used.SessionID.String()
		}
		return nil
	})
	if fault.Is(err, fault.CodeExpired) {
		return authjs.Claims{}, fault.Unauthenticated().Because(err)
	}
	if err != nil {
		return authjs.Claims{}, fmt.Errorf("redeeming a ticket: %w", err)
	}
	return claims, nil
}

func moment(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}
