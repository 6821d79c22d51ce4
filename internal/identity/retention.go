package identity

import (
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
)

// maxDays is ten years: who must keep something for longer keeps it for good, or under legal hold.
const maxDays = 3650

func (c Change) retention(p *db.UpdateOrganizationParams) error {
	if c.RecordingDays == nil {
		return nil
	}
	p.SetRecordingRetention = true
	days := c.RecordingDays.Value
	if days == nil {
		return nil
	}
	if *days < 1 || *days > maxDays {
		return fault.Invalid("recordingRetentionDays", "Keep recordings for 1 to %d days, or null to keep them for good.", maxDays)
	}
	kept := int32(*days)
	p.RecordingRetentionDays = &kept
	return nil
}
