package telephony

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Settings are an organization's rules for its calls.
type Settings struct {
	Record             bool
	Announce           bool     // before a recording begins
	Announcement       *string  // nil: DefaultAnnouncement
	Transcribe         bool     // what was recorded
	AllowedCountries   []string // two letters each; nil: the country of the number that is called from
	MaxConcurrentCalls int
	MaxDailyCalls      int // outbound, of a day of UTC
}

// DefaultAnnouncement is said where an organization wrote none.
const DefaultAnnouncement = "This call is recorded."

const (
	// maxAnnouncement is a minute of speech: nobody listens longer.
	maxAnnouncement = 1000
	// mostConcurrent and mostDaily are what the tables take: beyond them a mistake is likelier than a wish.
	mostConcurrent, mostDaily = 1000, 100_000
)

// defaults are those of the table: nothing is recorded unless somebody says so.
func defaults() Settings {
	return Settings{Announce: true, Transcribe: true, MaxConcurrentCalls: 10, MaxDailyCalls: 500}
}

func settings(row *db.TelephonySetting, err error) (Settings, error) {
	if postgres.Missing(err) {
		return defaults(), nil
	}
	if err != nil {
		return Settings{}, fmt.Errorf("reading the telephony settings: %w", err)
	}
	return Settings{
		Record: row.Record, Announce: row.Announce, Announcement: row.Announcement, Transcribe: row.Transcribe, AllowedCountries: row.AllowedCountries,
		MaxConcurrentCalls: int(row.MaxConcurrentCalls), MaxDailyCalls: int(row.MaxDailyCalls),
	}, nil
}

// announcement is what is said before the recording begins; nil when nothing is.
func (s Settings) announcement(record bool) *string {
	if !record || !s.Announce {
		return nil
	}
	if s.Announcement != nil {
		return s.Announcement
	}
	text := DefaultAnnouncement
	return &text
}

// Optional is a value that may be cleared: a nil Value clears it.
type Optional[T any] struct{ Value *T }

// SettingsChange is what an update may change; what is nil stays.
type SettingsChange struct {
	OrganizationID     ids.ID
	Record             *bool
	Announce           *bool
	Announcement       *Optional[string]
	Transcribe         *bool
	AllowedCountries   *Optional[[]string]
	MaxConcurrentCalls *int
	MaxDailyCalls      *int
}

// UpdateSettings changes the rules for calls that begin from now on. Errors: NotFound, Forbidden below Admin,
// Invalid.
func (s *Service) UpdateSettings(ctx context.Context, viewer access.Viewer, c SettingsChange) (*Settings, error) {
	scope, err := viewer.Scope(c.OrganizationID, access.Admin)
	if err != nil {
		return nil, err
	}
	var changed Settings
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		if err := tx.EnsureTelephonySettings(ctx, scope.OrganizationID); err != nil {
			return fmt.Errorf("making the telephony settings: %w", err)
		}
		before, err := settings(tx.LockTelephonySettings(ctx, scope.OrganizationID))
		if err != nil {
			return err
		}
		now, err := c.apply(before)
		if err != nil {
			return err
		}
		changed, err = settings(tx.UpdateTelephonySettings(ctx, db.UpdateTelephonySettingsParams{
			OrganizationID: scope.OrganizationID, Record: now.Record, Announce: now.Announce, Announcement: now.Announcement, Transcribe: now.Transcribe,
			AllowedCountries: now.AllowedCountries, MaxConcurrentCalls: int32(now.MaxConcurrentCalls), MaxDailyCalls: int32(now.MaxDailyCalls),
		}))
		if err != nil {
			return err
		}
		return updated(ctx, tx, scope, changed.audited().since(before.audited()))
	})
	if err != nil {
		return nil, err
	}
	return &changed, nil
}

// apply gives the settings as they are after the change. Error: Invalid.
func (c SettingsChange) apply(to Settings) (Settings, error) {
	set(&to.Record, c.Record)
	set(&to.Announce, c.Announce)
	set(&to.Transcribe, c.Transcribe)
	set(&to.MaxConcurrentCalls, c.MaxConcurrentCalls)
	set(&to.MaxDailyCalls, c.MaxDailyCalls)
	if to.MaxConcurrentCalls < 0 || to.MaxConcurrentCalls > mostConcurrent {
		return to, fault.Invalid("maxConcurrentCalls", "Give a number from 0 to %d.", mostConcurrent)
	}
	if to.MaxDailyCalls < 0 || to.MaxDailyCalls > mostDaily {
		return to, fault.Invalid("maxDailyCalls", "Give a number from 0 to %d.", mostDaily)
	}
	if c.Announcement != nil {
		if to.Announcement = c.Announcement.Value; to.Announcement != nil && !readable(*to.Announcement, maxAnnouncement) {
			return to, fault.Invalid("announcement", "Give a text of 1 to %d characters, or null for the usual sentence.", maxAnnouncement)
		}
	}
	if c.AllowedCountries == nil {
		return to, nil
	}
	if to.AllowedCountries = nil; c.AllowedCountries.Value != nil {
		for _, country := range *c.AllowedCountries.Value {
			if !phonenumbers.GetSupportedRegions()[country] {
				return to, fault.Invalid("allowedCountries", "Give countries as in \"US\" and \"DE\".")
			}
			to.AllowedCountries = append(to.AllowedCountries, country)
		}
		slices.Sort(to.AllowedCountries)
		if to.AllowedCountries = slices.Compact(to.AllowedCountries); len(to.AllowedCountries) == 0 {
			return to, fault.Invalid("allowedCountries", "Give at least one country, or null for that of the number that is called from.")
		}
	}
	return to, nil
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// readable says whether a text is of a length that the tables take, and of characters that they can hold.
func readable(text string, most int) bool {
	n := utf8.RuneCountInString(text)
	return strings.TrimSpace(text) != "" && n <= most && utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}
