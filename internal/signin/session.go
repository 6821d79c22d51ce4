package signin

import (
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/limit"
)

// shown is a session as next-auth's client reads it.
type shown struct {
	User    person `json:"user"`
	Expires string `json:"expires"`
}

type person struct {
	ID    string  `json:"id"`
	Name  *string `json:"name"`
	Email string  `json:"email"`
	Image *string `json:"image"`
}

// isoTime is JavaScript's toISOString.
const isoTime = "2006-01-02T15:04:05.000Z"

// current is who the request's cookie names. Errors: Unauthenticated for nobody, and for a session that has
// ended.
func (v *visit) current() (access.Viewer, authjs.Claims, error) {
	claims, found, err := v.keys.FromCookies(v.r.Cookies(), v.now())
	if token := authjs.Opaque(v.r.Cookies()); (!found || err != nil) && token != "" {
		claims, err = v.people.StoredSession(v.r.Context(), token)
	} else if !found || errors.Is(err, authjs.ErrInvalid) {
		err = fault.Unauthenticated()
	}
	if err != nil {
		return access.Viewer{}, authjs.Claims{}, err
	}
	viewer, err := v.people.Session(v.r.Context(), claims)
	return viewer, claims, err
}

// session says who is signed in, {} for nobody, and renews what has been used for a while.
func (v *visit) session() {
	viewer, claims, err := v.current()
	if fault.Is(err, fault.CodeUnauthenticated) {
		v.jar.ClearSession(v.w, v.r)
		answer(v.w, http.StatusOK, struct{}{})
		return
	}
	if err != nil {
		refuse(v.w, v.r, err)
		return
	}
	users, err := v.people.Users(v.r.Context(), []uuid.UUID{viewer.UserID})
	user := users[viewer.UserID]
	if err != nil || user == nil {
		refuse(v.w, v.r, errors.Join(err, errors.New("the session's user is gone")))
		return
	}
	expires, err := v.renew(viewer, claims, *user)
	if err != nil {
		refuse(v.w, v.r, err)
		return
	}
	answer(v.w, http.StatusOK, shown{
		User:    person{ID: user.ID.UUID.String(), Name: user.Name, Email: user.Email, Image: user.AvatarURL},
		Expires: expires.UTC().Format(isoTime),
	})
}

// renew writes the cookie anew when its session lives longer than it says. A token that another service
// signed is left to end.
func (v *visit) renew(viewer access.Viewer, claims authjs.Claims, user identity.User) (time.Time, error) {
	if viewer.SessionID == uuid.Nil {
		return claims.ExpiresAt, nil
	}
	s, err := v.people.TouchSession(v.r.Context(), viewer.SessionID)
	if fault.Is(err, fault.CodeUnauthenticated) { // it ended since we asked
		return claims.ExpiresAt, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	token := authjs.Opaque(v.r.Cookies())
	if claims.ID != "" { // a JWT: what the row is found by has none
		if s.ExpiresAt.Sub(claims.ExpiresAt) < time.Minute { // seconds are cut in tokens
			return claims.ExpiresAt, nil
		}
		if token, err = v.mint(s, user); err != nil {
			return time.Time{}, err
		}
	}
	v.jar.SetSession(v.w, v.r, token, s.ExpiresAt)
	return s.ExpiresAt, nil
}

func (v *visit) mint(s identity.Session, user identity.User) (string, error) {
	return v.keys.Mint(v.jar.SessionName(), authjs.Claims{
		Subject: user.ID.UUID.String(), Session: s.ID.UUID.String(), ID: uuid.NewString(), Name: worded(user.Name), Email: user.Email,
		Picture: worded(user.AvatarURL), IssuedAt: v.now(), ExpiresAt: s.ExpiresAt,
	})
}

// updateSession is next-auth's update(): it reads anew. What a page wants to write into a session is not taken.
func (v *visit) updateSession() {
	if !v.jar.CSRFRepeated(v.r, v.form.Get("csrfToken")) {
		answer(v.w, http.StatusBadRequest, struct{}{})
		return
	}
	v.session()
}

// open begins a session of somebody who has just shown who they are, and sends them on. The cookie is always
// a new one: one that was planted before opens nothing.
func (v *visit) open(user identity.User, method string) {
	s, err := v.people.OpenSession(v.r.Context(), user, method, v.client())
	if err != nil {
		v.fail(err, method)
		return
	}
	token := s.Token
	if v.strategy == JWT {
		if token, err = v.mint(s, user); err != nil {
			v.fail(err, method)
			return
		}
	}
	v.jar.SetSession(v.w, v.r, token, s.ExpiresAt)
	v.to(v.callbackURL(), http.StatusOK)
}

// signOut ends the session everywhere, not only in this browser.
func (v *visit) signOut() {
	viewer, _, err := v.current()
	if err == nil && viewer.SessionID != uuid.Nil {
		err = v.people.EndSession(v.r.Context(), ids.Of(ids.User, viewer.UserID), viewer.SessionID)
	}
	if err != nil && !fault.Is(err, fault.CodeUnauthenticated) {
		refuse(v.w, v.r, err) // to say that it worked would leave a stolen cookie alive
		return
	}
	v.jar.ClearSession(v.w, v.r)
	v.to(v.callbackURL(), http.StatusOK)
}

// client is where the request came from, as identity counts it.
func (v *visit) client() identity.Client {
	return identity.Client{Address: limit.Address(v.r.RemoteAddr), UserAgent: v.r.UserAgent()}
}

func worded(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
