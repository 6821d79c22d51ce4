package test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// soon is how fast an open socket has to close: what is promised, counted from the answer to what ended it. Beyond it
// goes only what a plain question takes meanwhile that asks the database too, so that a busy machine breaks no promise.
const soon = time.Second

// socket answers pings, and tells when and how it was closed.
type socket struct {
	server string
	closed chan closing
}

type closing struct {
	err error
	at  time.Time
}

func (p *person) socket() socket {
	p.t.Helper()
	return p.socketAt(p.app.process)
}

func (p *person) socketAt(server *process) socket {
	p.t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	conn, _, err := dialer.DialContext(within(p.t), "ws"+strings.TrimPrefix(server.url, "http")+"/graphql", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = conn.Close() })
	var hello struct{ Type string }
	if err := errors.Join(conn.WriteJSON(vars{"type": "connection_init", "payload": vars{"authorization": "Bearer " + p.token}}), conn.ReadJSON(&hello)); err != nil || hello.Type != "connection_ack" {
		p.t.Fatalf("no socket: %v %v", hello, err)
	}
	s := socket{server.url, make(chan closing, 1)}
	go func() {
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				s.closed <- closing{err, time.Now()}
				return
			}
		}
	}()
	return s
}

// wantClosed waits for the close that forbids to go on.
func wantClosed(t *testing.T, why string, s socket) {
	t.Helper()
	wantClose(t, why, s, 4403)
}

func wantClose(t *testing.T, why string, s socket, code int) {
	t.Helper()
	asked, slowest := time.Now(), time.Duration(0)
	questions := time.NewTicker(20 * time.Millisecond)
	defer questions.Stop()
	for time.Since(asked) < patience {
		select {
		case end := <-s.closed:
			if !websocket.IsCloseError(end.err, code) {
				t.Errorf("%s: closed with %v, want %d", why, end.err, code)
			}
			if late := end.at.Sub(asked); late > soon+slowest {
				t.Errorf("%s: closed after %s, while a plain question took %s", why, late, slowest)
			}
			return
		case <-questions.C:
			slowest = max(slowest, took(func() {
				if answer, err := http.Get(s.server + "/ready"); err == nil {
					answer.Body.Close()
				}
			}))
		}
	}
	t.Errorf("%s: the socket was still open after %s", why, patience)
}

func TestEachSessionIsListedAndEndsByItselfAtOnceWithItsSockets(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	_, here := w.newcomer("ada")
	phone := w.browser("203.0.113.1").signIn("ada@example.com", password)
	tablet := w.browser("203.0.113.2").signIn("ada@example.com", password)
	list := func() (current int, byAddress map[string]string) {
		var out struct {
			Viewer struct {
				Sessions []struct {
					ID, Method, Address string
					Current             bool
				}
			}
		}
		here.must(`{ viewer { sessions { id method address current } } }`, nil, &out)
		byAddress = map[string]string{}
		for _, s := range out.Viewer.Sessions {
			if s.Current {
				current++
			}
			byAddress[s.Address] = s.ID
		}
		return current, byAddress
	}
	current, all := list()
	if current != 1 || len(all) != 3 {
		t.Fatalf("sessions %v, %d of them this one", all, current)
	}
	closed, stays := phone.socket(), tablet.socket()
	revoke := `mutation($id: ID!) { sessionRevoke(id: $id) { sessionId userErrors { code message } } }`
	_, eve := w.newcomer("eve")
	if code := eve.code(revoke, vars{"id": all["203.0.113.1"]}); code != "NOT_FOUND" || !phone.lives() {
		t.Errorf("another user's session: %q", code)
	}
	here.must(revoke, vars{"id": all["203.0.113.1"]}, nil)
	wantClosed(t, "a session was revoked", closed)
	if phone.lives() || !here.lives() || !tablet.lives() {
		t.Error("it lives, or another one does not")
	}
	here.must(`mutation { sessionsRevokeAll { userErrors { code message } } }`, nil, nil)
	wantClosed(t, "all others were revoked", stays)
	if tablet.lives() || !here.lives() {
		t.Error("all: the others live, or this one does not")
	}
	here.logged("SIGNED_IN", "SESSION_REVOKED", "SESSIONS_REVOKED")
}

func TestARevokedSessionClosesItsSocketsAtEachProcess(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	_, here := w.newcomer("ada")
	replica := w.run()
	for _, server := range []*process{w.process, replica} {
		closed := w.browser("203.0.113.1").signIn("ada@example.com", password).socketAt(server)
		here.must(`mutation { sessionsRevokeAll { userErrors { code message } } }`, nil, nil)
		wantClosed(t, "at "+server.url, closed)
	}
}

func TestAChangedPasswordEndsTheOtherSessionsAndKeepsThisOne(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	_, here := w.newcomer("ada")
	other := w.browser("203.0.113.1").signIn("ada@example.com", password)
	closed := other.socket()
	change := `mutation($in: PasswordChangeInput!) { passwordChange(input: $in) { userErrors { code message path } } }`
	if code := here.code(change, vars{"in": vars{"oldPassword": "wrong one entirely", "newPassword": "violet umbrella in april"}}); code != "INVALID" {
		t.Errorf("with a wrong old one: %q", code)
	}
	if code := here.code(change, vars{"in": vars{"oldPassword": password, "newPassword": "password123"}}); code != "INVALID" || !other.lives() {
		t.Errorf("a common new one: %q", code)
	}
	if code := here.code(change, vars{"in": vars{"oldPassword": password, "newPassword": "violet umbrella in april"}}); code != "" {
		t.Fatalf("changing: %q", code)
	}
	wantClosed(t, "the password was changed", closed)
	if other.lives() || !here.lives() {
		t.Error("the other one lives, or this one does not")
	}
	w.browser("203.0.113.1").signIn("ada@example.com", "violet umbrella in april")
	here.logged("PASSWORD_CHANGED")
}

func TestALostOrChangedRoleClosesOpenSocketsAndASwitchedOffTokenOpensNone(t *testing.T) {
	t.Parallel()
	a := start(t)
	owner, first, second := a.person("ours", "OWNER"), a.person("ours", "OPERATOR"), a.person("ours", "OPERATOR")
	changed, removed, bystander := first.socket(), second.socket(), owner.socket()
	owner.mustMutate(roleChange, vars{"in": vars{"membershipId": first.own(), "role": "VIEWER"}})
	wantClose(t, "the role was changed", changed, 1012)
	again := first.socket() // opens anew, in the new role
	if code := first.refused(uploadCreate, vars{"in": vars{"organizationId": first.organization.String(), "filename": "a.wav", "contentType": "audio/wav", "sizeBytes": 100}}); code != "FORBIDDEN" {
		t.Errorf("with the new role: %s", code)
	}
	owner.mustMutate(memberOut, vars{"id": second.own()})
	wantClose(t, "the member was removed", removed, 1012)
	select {
	case end := <-bystander.closed:
		t.Errorf("another member's socket was closed: %v", end.err)
	case end := <-again.closed:
		t.Errorf("the new socket was closed: %v", end.err)
	default:
	}
}

func TestANewAddressHasToBeProvenAndTheOldOneIsTold(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	b, p := w.newcomer("ada")
	w.newcomer("taken")
	change := `mutation($in: EmailChangeInput!) { emailChange(input: $in) { userErrors { code message path } } }`
	if code := p.code(change, vars{"in": vars{"email": "new@example.com", "password": "not mine at all"}}); code != "INVALID" {
		t.Errorf("without the password: %q", code)
	}
	free := p.code(change, vars{"in": vars{"email": "new@example.com", "password": password}})
	token := b.token("new@example.com", 0)
	var email string
	if w.scan(&email, `SELECT email FROM switchboard.users WHERE id = $1`, p.user); email != "ada@example.com" || free != "" {
		t.Errorf("before it was proven: %s %q", email, free)
	}
	before := len(w.mail.Messages("ada@example.com"))
	b.must("email-change", vars{"token": token})
	b.letter("ada@example.com", before)
	if w.scan(&email, `SELECT email FROM switchboard.users WHERE id = $1`, p.user); email != "new@example.com" || !p.lives() {
		t.Errorf("after it was proven: %s", email)
	}
	p.logged("EMAIL_CHANGE_REQUESTED", "EMAIL_CHANGED")
	if status, _ := b.post("email-change", vars{"token": token}); status != http.StatusGone {
		t.Errorf("the link opened twice: %d", status)
	}
	mails := len(w.mail.Messages("taken@example.com"))
	if code := p.code(change, vars{"in": vars{"email": "taken@example.com", "password": password}}); code != "" {
		t.Errorf("an address that somebody has is told from a free one: %q", code)
	}
	if status, _ := b.post("email-change", vars{"token": b.token("taken@example.com", mails)}); status != http.StatusGone {
		t.Errorf("somebody else's address was taken: %d", status)
	}
}

func TestATicketOpensOneSocketForHalfAMinuteAndDiesWithItsSession(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	b, p := w.newcomer("ada")
	ticket := func() string {
		var out struct{ Ticket string }
		if err := json.Unmarshal([]byte(b.must("ws-ticket", vars{})), &out); err != nil || out.Ticket == "" {
			t.Fatalf("no ticket: %v", err)
		}
		return out.Ticket
	}
	opens := func(word string) bool {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
		conn, _, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(w.url, "http")+"/graphql", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		var hello struct{ Type string }
		err = errors.Join(conn.WriteJSON(vars{"type": "connection_init", "payload": vars{"ticket": word}}), conn.ReadJSON(&hello))
		return err == nil && hello.Type == "connection_ack"
	}
	once := ticket()
	if !opens(once) || opens(once) || opens("swt_nonsense") || opens("") {
		t.Error("a ticket opens never, twice, or nonsense does")
	}
	late, orphan := ticket(), ticket()
	w.exec(`UPDATE switchboard.account_tokens SET expires_at = now() WHERE hash = sha256($1)`, []byte(strings.TrimPrefix(late, "swt_")))
	if opens(late) {
		t.Error("a ticket opens after its time")
	}
	w.exec(`DELETE FROM switchboard.sessions WHERE user_id = $1`, p.user)
	if opens(orphan) {
		t.Error("a ticket outlives its session")
	}
}

func TestWrongPasswordsAreSlowedAcrossReplicasAndNeverKeepOutWhoWasThereBefore(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	_, ada := w.newcomer("ada")
	replica := w.url
	guess := func(network string) (passed int, limited string) {
		for ; passed < 30; passed++ {
			if passed == 5 && replica == w.url {
				replica = w.run().url // what begins later knows of the guesses before, as after a restart
			}
			thief := w.browser(fmt.Sprintf("%s.%d", network, passed))
			if passed%2 == 1 {
				thief.server = replica
			}
			if said := thief.try("ada@example.com", "a guess that is wrong"); !strings.Contains(said, "CredentialsSignin") {
				return passed, said
			}
		}
		return passed, ""
	}
	if passed, limited := guess("203.0.113"); passed > 12 || limited == "" {
		t.Errorf("%d guesses from as many addresses passed", passed)
	}
	nobody := w.browser("192.0.2.1")
	if said := nobody.try("ada@example.com", password); nobody.cookie() != "" {
		t.Errorf("the right password from an unknown address passed while the account is guessed at: %s", said)
	}
	w.browser("198.51.100.4").signIn("ada@example.com", password) // where they signed in before
	guess("203.0.114")
	w.exec(`UPDATE switchboard.attempts SET blocked_until = now() - interval '1 second' WHERE blocked_until <= now() + interval '15 minutes'`)
	w.browser("192.0.2.1").signIn("ada@example.com", password)
	w.settled("identity.sign_in_failed")
	told := ada.audit("SIGN_IN_FAILED")
	if len(told) != 2 || told[0].Actor.User != nil || told[0].SubjectID != ids.Of(ids.User, ada.user).String() {
		t.Fatalf("two waves of guesses are two lines of nobody's about her: %+v", told)
	}
	if d := told[1].Detail; len(d) != 2 || d[0].Value != "203.0.113.9" || d[1].Value != "10" {
		t.Errorf("the first wave: %v", d)
	}
	if said := w.output.String(); !strings.Contains(said, "signing in was refused") || !strings.Contains(said, "203.0.113.2") {
		t.Error("the operator's log does not have each of them")
	}
}
