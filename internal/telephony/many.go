package telephony

import (
	"context"
	"fmt"
	"slices"

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
		if err := viewer.Enter(r.OrganizationID); err != nil {
			return nil, err
		}
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

// Numbers are those of many organizations, oldest first; organizations that the viewer does not belong to have
// none.
func (s *Service) Numbers(ctx context.Context, viewer access.Viewer, organizations []uuid.UUID) (map[uuid.UUID][]PhoneNumber, error) {
	rows, err := s.store.ListPhoneNumbersOf(ctx, seen(viewer, organizations))
	if err != nil {
		return nil, fmt.Errorf("reading numbers: %w", err)
	}
	found := make(map[uuid.UUID][]PhoneNumber, len(organizations))
	for _, r := range rows {
		found[r.OrganizationID] = append(found[r.OrganizationID], numberFromRow(r))
	}
	return found, nil
}

// Settings are those of many organizations; one that the viewer does not belong to is not in the answer.
func (s *Service) Settings(ctx context.Context, viewer access.Viewer, organizations []uuid.UUID) (map[uuid.UUID]*Settings, error) {
	mine := seen(viewer, organizations)
	rows, err := s.store.ListTelephonySettings(ctx, mine)
	if err != nil {
		return nil, fmt.Errorf("reading telephony settings: %w", err)
	}
	found := make(map[uuid.UUID]*Settings, len(mine))
	for _, id := range mine {
		usual := defaults()
		found[id] = &usual
	}
	for _, r := range rows {
		own, _ := settings(r, nil)
		found[r.OrganizationID] = &own
	}
	return found, nil
}

// seen are the organizations that the viewer belongs to.
func seen(viewer access.Viewer, organizations []uuid.UUID) []uuid.UUID {
	mine := viewer.Organizations()
	return slices.DeleteFunc(slices.Clone(organizations), func(id uuid.UUID) bool { return !slices.Contains(mine, id) })
}
