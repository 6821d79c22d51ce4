package telephony

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// ByID finds several at once; one that the viewer may not see is not in the answer.
func (s *Service) ByID(ctx context.Context, viewer access.Viewer, wanted []uuid.UUID) (map[uuid.UUID]*Call, error) {
	rows, err := s.store.ListCallsByID(ctx, wanted, viewer.Organizations())
	if err != nil {
		return nil, fmt.Errorf("reading calls: %w", err)
	}
	found := make(map[uuid.UUID]*Call, len(rows))
	for _, r := range rows {
		c := fromRow(r)
		found[r.ID] = &c
	}
	return found, nil
}

// Legs finds those of many calls with one statement, the first of each first.
func (s *Service) Legs(ctx context.Context, viewer access.Viewer, calls []uuid.UUID) (map[uuid.UUID][]Leg, error) {
	rows, err := s.store.ListLegsOfCalls(ctx, calls, viewer.Organizations())
	if err != nil {
		return nil, fmt.Errorf("reading legs: %w", err)
	}
	found := make(map[uuid.UUID][]Leg, len(calls))
	for _, r := range rows {
		found[r.CallID] = append(found[r.CallID], legFromRow(r))
	}
	return found, nil
}

// Notes finds the newest of many calls with one statement.
func (s *Service) Notes(ctx context.Context, viewer access.Viewer, calls []uuid.UUID) (map[uuid.UUID][]Note, error) {
	rows, err := s.store.ListNotesOfCalls(ctx, db.ListNotesOfCallsParams{CallIds: calls, OrganizationIds: viewer.Organizations(), Most: perCall})
	if err != nil {
		return nil, fmt.Errorf("reading notes: %w", err)
	}
	found := make(map[uuid.UUID][]Note, len(calls))
	for _, r := range rows {
		found[r.CallID] = append(found[r.CallID], Note{
			ID: ids.Of(ids.CallNote, r.ID), CallID: ids.Of(ids.Call, r.CallID), Author: r.AuthorID, Text: r.Text, At: r.CreatedAt,
		})
	}
	return found, nil
}
