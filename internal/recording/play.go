package recording

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Link is an address that works for a while, for whoever holds it.
type Link struct {
	URL       string
	ExpiresAt time.Time
}

// linkLife is how long a playback link lives: longer than most calls, shorter than a working day. A
// player asks for a new one when it runs out.
const linkLife = time.Hour

// Playback gives playback links for one response and writes down whom they were given to, all of them at
// once: Settle before the response leaves.
type Playback struct {
	service *Service
	viewer  access.Viewer

	mu     sync.Mutex
	links  map[uuid.UUID]*Link
	played []activity.Event
}

// Playback begins one for a response.
func (s *Service) Playback(viewer access.Viewer) *Playback {
	return &Playback{service: s, viewer: viewer}
}

// Link makes a playback link; nil when there is no audio or no link to be had. The recording is one that
// the viewer was given.
func (p *Playback) Link(ctx context.Context, r Recording) *Link {
	if r.Status != Stored {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if link, given := p.links[r.ID.UUID]; given {
		return link
	}
	signed, err := p.service.bucket.PresignGet(ctx, blob.GetLink{Key: r.objectKey, Expires: linkLife, ContentType: *r.ContentType}) // a copy is stored before anybody knows its type
	if err != nil {
		return nil
	}
	link := &Link{URL: signed.URL, ExpiresAt: signed.ExpiresAt}
	if p.links == nil {
		p.links = map[uuid.UUID]*Link{}
	}
	p.links[r.ID.UUID] = link
	p.played = append(p.played, activity.Event{
		OrganizationID: r.OrganizationID.UUID, Type: activity.RecordingPlayed, Subject: r.ID, Actor: activity.Person(p.viewer.UserID),
		Audience: activity.Audit, Detail: map[string]string{"expiresAt": link.ExpiresAt.UTC().Format(time.RFC3339)},
	})
	return link
}

// Settle writes the links down in the audit log. When that fails, none of them may leave.
func (p *Playback) Settle(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.played) == 0 {
		return nil
	}
	return p.service.store.InTx(ctx, func(tx *postgres.Tx) error {
		return activity.RecordAll(ctx, tx, p.played)
	})
}
