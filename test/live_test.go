package test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
)

const watchActivity = `subscription($id: ID!, $after: String) { organizationActivity(organizationId: $id, after: $after) {
	id cursor type summary subject { id __typename } actor { kind label user { id } } } }`

type activity struct{ ID, Cursor, Type, Summary string }

// streamHead is where the stream of the person's organization stands.
func (p *person) streamHead() string {
	p.t.Helper()
	var out struct {
		Organization struct{ ActivityCursor string }
	}
	p.must(`query($s: String!) { organization(slug: $s) { activityCursor } }`, vars{"s": p.slug}, &out)
	return out.Organization.ActivityCursor
}

// activities reads n events of the organization's stream.
func (p *person) activities(after *string, n int) (list []activity) {
	p.t.Helper()
	enough := errors.New("enough")
	err := p.Subscribe(within(p.t), watchActivity, vars{"id": p.organization.String(), "after": after}, func(raw json.RawMessage) error {
		var data struct{ OrganizationActivity activity }
		if err := json.Unmarshal(raw, &data); err != nil {
			return err
		}
		list = append(list, data.OrganizationActivity)
		if len(list) == n {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		p.t.Fatalf("after %d of %d events: %v", len(list), n, err)
	}
	return list
}

func kinds(list []activity) string {
	words := make([]string, len(list))
	for i, e := range list {
		words[i] = e.Type
	}
	return strings.Join(words, " ")
}

func TestActivityPagesBackAndGoesLiveWithoutAGap(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	first := p.transcribe()
	p.becomes(first, "COMPLETED")
	type page struct {
		Organization struct {
			Activity struct {
				Nodes    []activity
				PageInfo struct{ EndCursor string }
			}
		}
	}
	var one, two page
	const list = `query($s: String!, $after: String) { organization(slug: $s) { activity(first: 2, after: $after) {
		nodes { id cursor type summary } pageInfo { hasNextPage endCursor } } } }`
	p.must(list, vars{"s": p.slug}, &one)
	newest := one.Organization.Activity.Nodes
	p.must(list, vars{"s": p.slug, "after": one.Organization.Activity.PageInfo.EndCursor}, &two)
	older := two.Organization.Activity.Nodes
	if got := kinds(append(newest, older...)); got != "TRANSCRIPTION_STATUS_CHANGED TRANSCRIPTION_STATUS_CHANGED TRANSCRIPTION_STATUS_CHANGED RECORDING_AVAILABLE" {
		t.Fatalf("newest first: %s", got)
	}

	oldest := older[len(older)-1].Cursor
	replayed := p.activities(&oldest, 3)
	if replayed[0].ID != older[0].ID || replayed[2].ID != newest[0].ID {
		t.Errorf("the stream after the oldest cursor differs from the list: %+v", replayed)
	}
	begun := make(chan []activity)
	go func() { begun <- p.activities(&newest[0].Cursor, 4) }()
	p.transcribe()
	if got := kinds(<-begun); got != "RECORDING_AVAILABLE TRANSCRIPTION_STATUS_CHANGED TRANSCRIPTION_STATUS_CHANGED TRANSCRIPTION_STATUS_CHANGED" {
		t.Errorf("live: %s", got)
	}
}

func TestStreamGoesOnAtAnotherProcessAndAfterARestart(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	id := p.transcribe()
	events := p.follow(id, first(t, p, id))
	if got := statuses(events); got != "PROCESSING COMPLETED" {
		t.Fatalf("at the first process: %s", got)
	}
	other := a.run()
	if got := statuses(p.at(other).follow(id, &events[0].Cursor)); got != "COMPLETED" {
		t.Errorf("at another process: %s", got)
	}
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	if got := statuses(p.at(other).follow(id, &events[0].Cursor)); got != "COMPLETED" {
		t.Errorf("after the first process has gone: %s", got)
	}
	if got := p.at(other).follow(id, &events[1].Cursor); len(got) != 0 {
		t.Errorf("after the last event: %v", got)
	}
}

func TestChangeAtOneProcessIsOnTheScreenOfAnother(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	other := p.at(a.run())
	a.provider.SetFaults(assemblyai.Faults{Delay: 500 * time.Millisecond})
	began := time.Now()
	if got := statuses(other.follow(p.transcribe(), nil)); !strings.HasSuffix(got, "COMPLETED") {
		t.Errorf("on the other's screen: %s", got)
	}
	if took := time.Since(began); took > 12*time.Second { // the sweep, which would hide a lost wake-up, comes after 15 s
		t.Errorf("it took %s", took)
	}
}

func TestRemovedMembersStreamEnds(t *testing.T) {
	t.Parallel()
	a := start(t)
	p, removed := a.person("ours", "OPERATOR"), a.person("ours", "VIEWER")
	seen := make(chan struct{}, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- removed.Subscribe(within(t), watchActivity, vars{"id": p.organization.String()}, func(json.RawMessage) error {
			seen <- struct{}{}
			return nil
		})
	}()
	eventually(t, "the stream to be live", func() bool {
		p.mutate(uploadComplete, vars{"in": vars{"uploadId": p.sent(wav(1, 20*time.Millisecond)), "transcribe": false}})
		return len(seen) > 0
	})
	a.exec(`DELETE FROM switchboard.memberships WHERE user_id = $1`, removed.user)
	p.mutate(uploadComplete, vars{"in": vars{"uploadId": p.sent(wav(1, 20*time.Millisecond)), "transcribe": false}})

	var refused *client.Error
	if err := <-ended; !errors.As(err, &refused) || refused.Code != "NOT_FOUND" {
		t.Errorf("the stream ended with %v", err)
	}
}

func TestCursorsThatWeNeverGaveAreRefused(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	id := p.transcribe()
	p.becomes(id, "COMPLETED")
	for cursor, code := range map[string]string{
		"nonsense": "INVALID", "eyJuIjotMX0": "INVALID", "e30": "INVALID", "\u0000": "INVALID", strings.Repeat("A", 1000): "INVALID", "eyJuIjo5OTk5OTl9": "CURSOR_EXPIRED",
	} {
		err := p.Subscribe(within(t), watchStatus, vars{"id": id, "after": cursor}, func(json.RawMessage) error { return nil })
		var refused *client.Error
		if !errors.As(err, &refused) || refused.Code != code {
			t.Errorf("cursor %.20q: %v, want %s", cursor, err, code)
		}
		if code == "INVALID" {
			if got := p.fails(`query($s: String!, $c: String) { organization(slug: $s) { recordings(after: $c) { nodes { id } } } }`, vars{"s": p.slug, "c": cursor}); got != "INVALID" {
				t.Errorf("list with cursor %.20q: %s", cursor, got)
			}
		}
	}
}
