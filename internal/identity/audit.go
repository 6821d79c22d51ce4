package identity

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// detail is what an audit wants to know beyond the event; never a secret.
type detail = map[string]string

// audit records what somebody did in one organization.
func audit(ctx context.Context, tx *postgres.Tx, organization, by uuid.UUID, what activity.Type, about ids.ID, d detail) error {
	return activity.Record(ctx, tx, activity.Event{
		OrganizationID: organization, Type: what, Subject: about, Actor: activity.Person(by), Audience: activity.Audit, Detail: d,
	})
}

// auditUser records what somebody did about themselves in each organization that they belong to: its admins
// answer for who gets in. The order of the organizations is always the same, so that two of these never wait
// for each other. It wakes the user's sockets.
func auditUser(ctx context.Context, tx *postgres.Tx, user uuid.UUID, what activity.Type, d detail) error {
	tx.WakeAfterCommit(user)
	return recordAtAll(ctx, tx, user, activity.Event{
		Type: what, Subject: ids.Of(ids.User, user), Actor: activity.Person(user), Audience: activity.Audit, Detail: d,
	})
}

// recordAtAll records an event in each organization of a user.
func recordAtAll(ctx context.Context, tx *postgres.Tx, user uuid.UUID, e activity.Event) error {
	all, err := tx.ListOrganizationsOf(ctx, user)
	if err != nil {
		return fmt.Errorf("reading whose audit log it belongs to: %w", err)
	}
	for _, e.OrganizationID = range all {
		if err := activity.Record(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// fields names what is changed, as the API does.
func (c Change) fields() string {
	var names []string
	for _, field := range []struct {
		name  string
		given bool
	}{
		{"name", c.Name != nil}, {"transcribeUploads", c.TranscribeUploads != nil}, {"languageCode", c.Language != nil},
		{"analysis", c.Analysis != nil}, {"recordingRetentionDays", c.RecordingDays != nil},
	} {
		if field.given {
			names = append(names, field.name)
		}
	}
	return strings.Join(names, " ")
}
