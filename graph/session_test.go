package graph

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/graph/websocket"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestADatabaseThatIsAwayClosesNoSocketForGood(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil) // a port where nobody listens any more
	address := gone.Listener.Addr().String()
	gone.Close()
	store, err := postgres.Open(t.Context(), postgres.Config{URL: "postgres://nobody@" + address + "/none?sslmode=disable"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	s := &sessions{people: identity.New(identity.Deps{Store: store, Now: time.Now}), now: time.Now}
	mine := &carried{Claims: authjs.Claims{Subject: uuid.NewString(), IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}}
	if err := s.still(mine, access.Viewer{})(t.Context()); !errors.Is(err, websocket.ErrTryLater) {
		t.Errorf("an open socket: %v", err)
	}
	for name, word := range map[string]map[string]any{"a ticket": {"ticket": "swt_x"}, "an API token": {"authorization": "Bearer swb_x"}} {
		if _, err := s.socket(t.Context(), httptest.NewRequest("GET", "/graphql", nil), word); !errors.Is(err, websocket.ErrTryLater) {
			t.Errorf("a new socket by %s: %v", name, err)
		}
	}
}
