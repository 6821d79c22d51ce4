package test

import (
	"context"
	"crypto/rand"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/devstack/signalwire"
)

// ourNumber is what the organization of a test calls from, theirNumber a telephone somewhere.
const ourNumber, theirNumber = "+12025550100", "+12025550142"

// telephone is an app with a telephone service of its own.
type telephone struct {
	*app
	phone  *signalwire.Server
	key    string // that signs the service's callbacks; it is the older of two
	newKey string // that will, once the project has turned to it
	token  string // that opens its API
	vendor string // where that is
}

// startPhone runs one process with a telephone service that loses no time.
func startPhone(t *testing.T, settings ...string) *telephone {
	t.Helper()
	token, key, newKey := "phone-"+rand.Text(), "PSK"+rand.Text(), "PSK"+rand.Text()
	phone := signalwire.New(signalwire.Config{
		ProjectID: "project-1", Token: token, SigningKey: key, Pace: signalwire.Pace{Retry: 50 * time.Millisecond},
	})
	server := httptest.NewServer(phone)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = phone.Close(ctx)
		server.CloseClientConnections()
		server.Close()
	})
	a := start(t, append([]string{
		"SIGNALWIRE_PROJECT_ID=project-1", "SIGNALWIRE_TOKEN=" + token, "SIGNALWIRE_SPACE_URL=" + server.URL, "SIGNALWIRE_SIGNING_KEY=" + newKey + "," + key,
	}, settings...)...)
	return &telephone{app: a, phone: phone, key: key, newKey: newKey, token: token, vendor: server.URL}
}

// owns gives an organization a number.
func (a *app) owns(slug, number string) {
	a.t.Helper()
	a.exec(`INSERT INTO switchboard.phone_numbers (id, organization_id, number) SELECT $1, id, $2 FROM switchboard.organizations WHERE slug = $3`, uuid.Must(uuid.NewV7()), number, slug)
}

// caller is a member of an organization that has a number.
func (p *telephone) caller(slug, role string) *person {
	p.t.Helper()
	member := p.person(slug, role)
	p.owns(slug, ourNumber)
	return member
}
