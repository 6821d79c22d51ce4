package identity

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"golang.org/x/crypto/scrypt"
)

const secret = "orange lantern by the harbour"

// mailed writes the newest letter that is enqueued, and gives the token of its link; empty when it has none.
func (r *room) mailed(t *testing.T) string {
	t.Helper()
	var raw []byte
	if err := r.store.Pool().QueryRow(t.Context(), "SELECT args FROM river.river_job WHERE kind = 'identity.letter' ORDER BY id DESC LIMIT 1").Scan(&raw); err != nil {
		t.Fatal(err)
	}
	var args letterArgs
	if err := json.Unmarshal(raw, &args); err != nil {
		t.Fatal(err)
	}
	r.token = ""
	if _, err := r.post.write(t.Context(), args); err != nil {
		t.Fatal(err)
	}
	return r.token
}

// withPassword gives Ada one.
func (r *room) withPassword(t *testing.T) {
	t.Helper()
	hash, err := r.passwords.Hash(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	r.execute(t, "UPDATE switchboard.users SET password_hash = $1 WHERE id = $2", hash, r.UserID.UUID)
}

func (r *room) signIn(t *testing.T, email, password, address string) error {
	t.Helper()
	_, err := r.PasswordSignIn(t.Context(), Credentials{Email: email, Password: password, Client: Client{Address: address}})
	return err
}

func wantCode(t *testing.T, what string, err error, code fault.Code) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func TestAPasswordOfTheAppBeforeOpensAndIsHashedAnew(t *testing.T) {
	t.Parallel()
	r := open(t)
	const salt = "0123456789abcdef0123456789abcdef"
	key, err := scrypt.Key([]byte(secret), []byte(salt), 16384, 8, 1, 64)
	if err != nil {
		t.Fatal(err)
	}
	r.execute(t, "UPDATE switchboard.users SET password_hash = $1", salt+":"+hex.EncodeToString(key))
	fresh := func() int {
		return r.number(t, "SELECT count(*) FROM switchboard.users WHERE password_hash LIKE '$argon2id$%'")
	}
	wantCode(t, "another password", r.signIn(t, "ada@example.com", "not this one", "a"), fault.CodeUnauthenticated)
	if fresh() != 0 {
		t.Error("a wrong password changed the hash")
	}
	for range 2 {
		if err := r.signIn(t, "ada@example.com", secret, "a"); err != nil || fresh() != 1 {
			t.Errorf("%v, %d new hashes", err, fresh())
		}
	}
}

func TestNobodyAWrongPasswordAndADisabledUserAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.withPassword(t)
	wrong := r.signIn(t, "ada@example.com", "not this one", "a")
	nobody := r.signIn(t, "eve@example.com", "not this one", "b")
	if err := r.signIn(t, " ADA@example.com", secret, "c"); err != nil {
		t.Fatal(err)
	}
	r.execute(t, "UPDATE switchboard.users SET disabled_at = now()")
	off := r.signIn(t, "ada@example.com", secret, "d")
	for name, err := range map[string]error{"wrong": wrong, "nobody": nobody, "disabled": off} {
		if f := fault.As(err); f == nil || f.Code != wrongPair().Code || f.Message != wrongPair().Message || f.RetryAfter != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.OpenSession(t.Context(), User{ID: r.UserID}, "password", Client{}); !fault.Is(err, fault.CodeForbidden) {
		t.Errorf("a session of a disabled user: %v", err)
	}
}

func TestTheWaitDoublesUpToAQuarterOfAnHourAndNothingCountsWhileItLasts(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.withPassword(t)
	wait := func() time.Duration {
		err := r.signIn(t, "ada@example.com", "not this one", "203.0.113.1")
		if f := fault.As(err); f != nil && f.Code == fault.CodeLimit {
			return f.RetryAfter
		}
		return 0
	}
	for i := range freeAtPair {
		if w := wait(); w != 0 {
			t.Fatalf("try %d of the free ones waits %s", i, w)
		}
	}
	var longest time.Duration
	for range 14 {
		w := wait()
		for range 5 { // who hammers waits no longer for it
			if again := wait(); again != w {
				t.Fatalf("hammering changed the wait from %s to %s", w, again)
			}
		}
		if w < longest || w > longestWait || w == 0 {
			t.Errorf("a wait of %s after one of %s", w, longest)
		}
		longest = w
		r.clock = r.clock.Add(w)
		if w := wait(); w != 0 {
			t.Fatalf("refused after the time that was said, for %s", w)
		}
	}
	if longest != longestWait {
		t.Errorf("the longest wait is %s", longest)
	}
	wantCode(t, "the right password while it lasts", r.signIn(t, "ada@example.com", secret, "203.0.113.1"), fault.CodeLimit)
	r.clock = r.clock.Add(longestWait)
	if err := r.signIn(t, "ada@example.com", secret, "203.0.113.1"); err != nil {
		t.Errorf("the right password afterwards: %v", err)
	}
	if w := wait(); w != 0 {
		t.Errorf("success was not forgiven: %s", w)
	}
	// The first that makes others wait tells of it, and each doubling: a few lines, however many hammered.
	told := r.number(t, "SELECT count(*) FROM river.river_job WHERE kind = 'identity.sign_in_failed'")
	if told < 2 || told > 6 {
		t.Errorf("%d lines tell of it", told)
	}
	for range 40 {
		_ = r.signIn(t, "nobody@example.com", "not this one", "203.0.113.2")
		r.clock = r.clock.Add(longestWait)
	}
	if n := r.number(t, "SELECT count(*) FROM river.river_job WHERE kind = 'identity.sign_in_failed'"); n != told+4 { // 5, 10, 20 and 40
		t.Errorf("%d more of nobody, want 4: whether there is an account is not told by what is done", n-told)
	}
	if err := r.tellFailure(t.Context(), failedArgs{Email: "nobody@example.com", Tries: 5}); err != nil {
		t.Errorf("telling of nobody: %v", err)
	}
}

func TestGuessesThatComeAtOnceAreCountedToo(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.withPassword(t)
	var mu sync.Mutex
	var all sync.WaitGroup
	passed := 0
	for range 40 {
		all.Go(func() {
			if err := r.signIn(t, "ada@example.com", "not this one", "203.0.113.1"); fault.Is(err, fault.CodeUnauthenticated) {
				mu.Lock()
				defer mu.Unlock()
				passed++
			}
		})
	}
	all.Wait()
	if passed != freeAtPair {
		t.Errorf("%d guesses passed, %d are free", passed, freeAtPair)
	}
}

func TestWhoTriesManyAccountsFromOneAddressIsStoppedAndMailIsBounded(t *testing.T) {
	t.Parallel()
	r := open(t)
	passed := 0
	for i := range 2 * freeAtAddress {
		if err := r.signIn(t, fmt.Sprintf("user%d@example.com", i), "not this one", "203.0.113.1"); fault.Is(err, fault.CodeUnauthenticated) {
			passed++
		}
	}
	if passed != freeAtAddress {
		t.Errorf("%d accounts were tried", passed)
	}
	sent := 0
	for i := range 40 { // from as many addresses
		if r.ForgotPassword(t.Context(), "ada@example.com", Client{Address: fmt.Sprint(i)}) == nil {
			sent++
		}
	}
	if sent != 2*freeMails {
		t.Errorf("%d mails to one mailbox", sent)
	}
	wantCode(t, "an address that is none", r.ForgotPassword(t.Context(), "nonsense", Client{}), fault.CodeInvalid)
}

func TestAUserHasAHundredSessionsAtMostAndTheOldestGo(t *testing.T) {
	t.Parallel()
	r := open(t)
	var first, last Session
	for i := range maxSessions + 3 {
		s, err := r.OpenSession(t.Context(), User{ID: r.UserID}, "password", Client{Address: "203.0.113.1", UserAgent: strings.Repeat("x\x00é", 400)})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = s
		}
		last = s
		r.clock = r.clock.Add(time.Second)
	}
	if n := r.number(t, "SELECT count(*) FROM switchboard.sessions"); n != maxSessions {
		t.Errorf("%d sessions", n)
	}
	_, err := r.TouchSession(t.Context(), first.ID.UUID)
	wantCode(t, "the oldest", err, fault.CodeUnauthenticated)
	if _, err := r.TouchSession(t.Context(), last.ID.UUID); err != nil {
		t.Errorf("the newest: %v", err)
	}
}

func TestASessionIsRenewedByUseOnceADayEndsWithoutItAndNeverLivesHalfAYear(t *testing.T) {
	t.Parallel()
	r := open(t)
	opened, err := r.OpenSession(t.Context(), User{ID: r.UserID}, "password", Client{})
	if err != nil {
		t.Fatal(err)
	}
	touch := func(after time.Duration) (Session, error) {
		r.clock = r.clock.Add(after)
		return r.TouchSession(t.Context(), opened.ID.UUID)
	}
	if s, err := touch(time.Hour); err != nil || !s.ExpiresAt.Equal(opened.ExpiresAt) {
		t.Errorf("within the day: %v, %v", s.ExpiresAt, err)
	}
	if s, err := touch(updateAge); err != nil || !s.ExpiresAt.Equal(r.clock.Add(sessionAge)) {
		t.Errorf("after a day: %v, %v", s.ExpiresAt, err)
	}
	claims, err := r.StoredSession(t.Context(), opened.Token)
	if err != nil || claims.Session != opened.ID.UUID.String() {
		t.Errorf("by its cookie: %+v, %v", claims, err)
	}
	for range 7 {
		if _, err := touch(25 * 24 * time.Hour); err != nil && r.clock.Before(opened.CreatedAt.Add(maxAge)) {
			t.Fatalf("it ended %s after it was opened: %v", r.clock.Sub(opened.CreatedAt), err)
		}
	}
	r.clock = opened.CreatedAt.Add(maxAge + time.Second)
	_, err = touch(0)
	wantCode(t, "after half a year", err, fault.CodeUnauthenticated)
	if err := r.clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.clock = r.clock.Add(kept)
	if err := r.clean(t.Context()); err != nil || r.number(t, "SELECT count(*) FROM switchboard.sessions") != 0 {
		t.Errorf("what has run out is left: %v", err)
	}
}

func TestATokenOfOneSessionDiesWithItAndATokenOfAnotherServiceByItsAge(t *testing.T) {
	t.Parallel()
	r := open(t)
	opened, err := r.OpenSession(t.Context(), User{ID: r.UserID}, "password", Client{})
	if err != nil {
		t.Fatal(err)
	}
	mine := r.claims()
	mine.Session = opened.ID.UUID.String()
	viewer, err := r.Session(t.Context(), mine)
	if err != nil {
		t.Fatal(err)
	}
	foreign, madeUp := r.claims(), r.claims()
	madeUp.Session = uuid.NewString()
	_, err = r.Session(t.Context(), madeUp)
	wantCode(t, "a session that never was", err, fault.CodeUnauthenticated)
	madeUp.Session = "nonsense"
	_, err = r.Session(t.Context(), madeUp)
	wantCode(t, "a session that cannot be", err, fault.CodeUnauthenticated)
	r.clock = r.clock.Add(time.Minute)
	if err := r.RevokeSessions(t.Context(), viewer); err != nil {
		t.Fatal(err)
	}
	_, err = r.Session(t.Context(), foreign)
	wantCode(t, "a foreign token of before", err, fault.CodeUnauthenticated)
	if _, err := r.Session(t.Context(), mine); err != nil {
		t.Errorf("the session that stays: %v", err)
	}
	if err := r.Allowed(t.Context(), viewer, r.OrganizationID.UUID); err != nil {
		t.Errorf("its streams: %v", err)
	}
	if err := r.EndSession(t.Context(), r.UserID, opened.ID.UUID); err != nil {
		t.Fatal(err)
	}
	_, err = r.Session(t.Context(), mine)
	wantCode(t, "after sign-out", err, fault.CodeUnauthenticated)
	wantCode(t, "its streams", r.Allowed(t.Context(), viewer, r.OrganizationID.UUID), fault.CodeNotFound)
}

func TestAMagicLinkProvesTheAddressAndOpensOnce(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.execute(t, "UPDATE switchboard.users SET email_verified_at = NULL")
	ask := func(email string) string {
		if err := r.RequestMagicLink(t.Context(), email, "/", Client{}); err != nil {
			t.Fatal(err)
		}
		return r.mailed(t)
	}
	if token := ask("nobody@example.com"); token != "" {
		t.Error("nobody got a link")
	}
	token := ask("Ada@example.com")
	if u, err := r.ConsumeMagicLink(t.Context(), token); err != nil || u.ID != r.UserID {
		t.Errorf("%+v, %v", u, err)
	}
	if r.number(t, "SELECT count(*) FROM switchboard.users WHERE email_verified_at IS NOT NULL") != 1 {
		t.Error("the address is not proven")
	}
	_, err := r.ConsumeMagicLink(t.Context(), token)
	wantCode(t, "twice", err, fault.CodeExpired)
	wantCode(t, "as a reset", r.ResetPassword(t.Context(), ask("ada@example.com"), "violet umbrella in april"), fault.CodeExpired)
	late := ask("ada@example.com")
	r.clock = r.clock.Add(magicLink.lifetime())
	_, err = r.ConsumeMagicLink(t.Context(), late)
	wantCode(t, "after a day", err, fault.CodeExpired)
}

func TestASingleUseTokenOpensForOneOfManyWhoComeAtOnce(t *testing.T) {
	t.Parallel()
	r := open(t)
	viewer := r.session(t)
	ticket, err := r.Ticket(t.Context(), viewer)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	opened := 0
	for range 16 {
		all.Go(func() {
			if claims, err := r.RedeemTicket(t.Context(), ticket); err == nil && claims.Subject == r.UserID.UUID.String() {
				mu.Lock()
				defer mu.Unlock()
				opened++
			}
		})
	}
	all.Wait()
	if opened != 1 {
		t.Errorf("%d opened", opened)
	}
	script := access.Viewer{UserID: viewer.UserID, APIToken: ids.New(ids.APIToken).UUID}
	_, err = r.Ticket(t.Context(), script)
	wantCode(t, "a script", err, fault.CodeForbidden)
}
