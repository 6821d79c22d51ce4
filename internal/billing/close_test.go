package billing

import (
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
)

func TestADeletedOrganizationPaysNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	if err := h.worker.Close(t.Context(), h.home.UUID, 1); err != nil {
		t.Fatal(err)
	}
	if n := len(w.Subscriptions()); n != 0 {
		t.Errorf("%d subscriptions go on", n)
	}
	if err := h.worker.Close(t.Context(), h.home.UUID, 2); err != nil {
		t.Errorf("again: %v", err)
	}
	h.execute("DELETE FROM switchboard.memberships")
	h.execute("DELETE FROM switchboard.organizations")
	for _, k := range w.knocks(t) {
		k.ReceivedAt = k.ReceivedAt.Add(-2 * earlyFor)
		if _, err := h.worker.Ingest(t.Context(), k); jobs.Waits(err) {
			t.Errorf("%.100s waits for somebody who is gone", k.Body)
		}
	}
	last := w.knocks(t)[len(w.knocks(t))-1]
	last.ReceivedAt = last.ReceivedAt.Add(-2 * earlyFor)
	if _, err := h.worker.Ingest(t.Context(), last); err != nil {
		t.Errorf("the end of its subscription: %v", err)
	}
}

func TestAnOpenPageOfADeletedOrganizationCannotBePaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	if _, err := h.Cancel(t.Context(), h.viewer, h.home, false); err != nil {
		t.Fatal(err)
	}
	page := h.checkout(Business, "second")
	if err := h.worker.Close(t.Context(), h.home.UUID, 1); err != nil {
		t.Fatal(err)
	}
	if err := w.Pay(page); err == nil {
		t.Error("it was paid")
	}
}

func TestAJobOfAnOrganizationThatIsGoneIsDone(t *testing.T) {
	t.Parallel()
	h := open(t, newWorld(t), ids.New(ids.Organization))
	err := h.worker.lookAgain(t.Context(), jobs.Job[lookArgs]{Args: lookArgs{OrganizationID: uuid.New()}})
	if err != nil {
		t.Errorf("it would be run for ever: %v", err)
	}
}
