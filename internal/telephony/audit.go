package telephony

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// audited is what the audit log compares before and after a change. None of it is a secret.
type audited map[string]any

func (s Settings) audited() audited {
	return audited{
		"record": s.Record, "announce": s.Announce, "announcement": s.Announcement, "transcribe": s.Transcribe,
		"allowedCountries": s.AllowedCountries, "maxConcurrentCalls": s.MaxConcurrentCalls, "maxDailyCalls": s.MaxDailyCalls,
	}
}

// changeOf is what is not as it was of a number, and which one that is; empty where nothing changed.
func changeOf(before, now *db.PhoneNumber) map[string]string {
	changed := audited{"label": now.Label, "forwardTo": now.ForwardTo}.since(audited{"label": before.Label, "forwardTo": before.ForwardTo})
	if len(changed) > 0 {
		changed["number"] = now.Number
	}
	return changed
}

// since gives what is not as it was before, each as in `false → true`: JSON tells null from an empty text.
func (now audited) since(before audited) map[string]string {
	changed := map[string]string{}
	for name, value := range now {
		was, _ := json.Marshal(before[name]) // plain values always can be encoded
		is, _ := json.Marshal(value)
		if string(was) != string(is) {
			changed[name] = string(was) + " → " + string(is)
		}
	}
	return changed
}

// updated tells members that somebody wrote the rules or a number, and admins what of it changed.
func updated(ctx context.Context, tx *postgres.Tx, scope access.Scope, detail map[string]string) error {
	by := activity.Person(scope.UserID)
	list := []activity.Event{organizationUpdated(scope.OrganizationID, by, map[string]string{"changed": "telephony"})}
	if len(detail) > 0 {
		noted := organizationUpdated(scope.OrganizationID, by, detail)
		noted.Audience = activity.Audit
		list = append(list, noted)
	}
	return activity.RecordAll(ctx, tx, list)
}

// assigned notes what the operator of the service did with a number.
func assigned(ctx context.Context, tx *postgres.Tx, organization uuid.UUID, detail map[string]string) error {
	noted := organizationUpdated(organization, activity.Actor{Kind: activity.System, Label: "Operator"}, detail)
	noted.Audience = activity.Audit
	return activity.Record(ctx, tx, noted)
}

func organizationUpdated(organization uuid.UUID, by activity.Actor, detail map[string]string) activity.Event {
	return activity.Event{
		OrganizationID: organization, Type: activity.OrganizationUpdated, Subject: ids.Of(ids.Organization, organization), Actor: by, Detail: detail,
	}
}
