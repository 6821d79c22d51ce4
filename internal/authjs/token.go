package authjs

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // unlike the standard library's, it tells "sub" from "Sub"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	// maxToken is Node's default limit for all headers of a request: the frontend could not read a
	// longer token back.
	maxToken = 16 << 10
	// leeway is Auth.js's own.
	leeway = 15 * time.Second
)

// ErrInvalid is any token that opens no session: forged, over, cut, too long, or made for something else.
var ErrInvalid = errors.New("not a valid session token")

// Claims are what a token says.
type Claims struct {
	Subject   string
	Name      string
	Email     string
	Picture   string
	ID        string    // new at each renewal
	Session   string    // "sid": the same from sign-in to sign-out; empty in tokens that are not ours
	IssuedAt  time.Time // zero where the token does not say
	ExpiresAt time.Time
	// EmailVerified is what the sign-in provider said; nil where the frontend does not pass it on.
	EmailVerified *bool
}

// profile is what Auth.js adds to the registered claims.
type profile struct {
	Name          string   `json:"name,omitempty"`
	Email         string   `json:"email,omitempty"`
	Picture       string   `json:"picture,omitempty"`
	Session       string   `json:"sid,omitempty"`
	EmailVerified verified `json:"email_verified,omitempty"`
}

// verified is a bool that some providers send as a string. What is neither is a no, never a trust.
type verified json.RawMessage

func (v *verified) UnmarshalJSON(b []byte) error {
	*v = append((*v)[:0], b...)
	return nil
}

func (v verified) MarshalJSON() ([]byte, error) { return v, nil }

func (v verified) said() *bool {
	if len(v) == 0 || string(v) == "null" {
		return nil
	}
	yes := string(v) == "true" || string(v) == `"true"`
	return &yes
}

func invalid(reason string) error { return fmt.Errorf("%w: %s", ErrInvalid, reason) }

// FromBearer opens a token that came without a cookie's name, as it is or URL-encoded. Error: ErrInvalid.
func (k *Keys) FromBearer(token string, now time.Time) (Claims, error) {
	if len(token) > maxToken {
		return Claims{}, invalid("it is too long")
	}
	if strings.Contains(token, "%") {
		plain, err := url.PathUnescape(token)
		if err != nil {
			return Claims{}, invalid("it is badly encoded")
		}
		token = plain
	}
	var claims Claims
	var err error
	for i := range k.formats {
		if claims, err = k.formats[i].open(token, now); !errors.Is(err, errKey) {
			break
		}
	}
	return claims, err
}

// errKey is a token of another format or secret: another one may open it.
var errKey = invalid("no key of ours opens it")

// open reads a token of this format. go-jose's own words are dropped: they hold pieces of the token.
func (f *format) open(token string, now time.Time) (Claims, error) {
	parsed, err := jwt.ParseEncrypted(token, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{f.encryption})
	if err != nil {
		return Claims{}, errKey
	}
	id := parsed.Headers[0].KeyID
	for _, key := range f.keys {
		if id != "" && id != key.id {
			continue
		}
		var body json.RawMessage
		if err := parsed.Claims(key.bytes, &body); err == nil {
			return read(body, now)
		}
	}
	return Claims{}, errKey
}

// read judges the claims of a token that is ours.
func read(body []byte, now time.Time) (Claims, error) {
	var std jwt.Claims
	var own profile
	if json.Unmarshal(body, &std) != nil || json.Unmarshal(body, &own) != nil {
		return Claims{}, invalid("its claims are not a session's")
	}
	if std.Expiry == nil { // go-jose lets a token without one pass
		return Claims{}, invalid("it never expires")
	}
	if std.Subject == "" {
		return Claims{}, invalid("it names nobody")
	}
	if err := std.ValidateWithLeeway(jwt.Expected{Time: now}, leeway); errors.Is(err, jwt.ErrExpired) {
		return Claims{}, invalid("it has expired")
	} else if err != nil {
		return Claims{}, invalid("it is not valid yet")
	}
	claims := Claims{
		Subject: std.Subject, Name: own.Name, Email: own.Email, Picture: own.Picture, ID: std.ID, Session: own.Session,
		ExpiresAt: std.Expiry.Time(), EmailVerified: own.EmailVerified.said(),
	}
	if std.IssuedAt != nil {
		claims.IssuedAt = std.IssuedAt.Time()
	}
	return claims, nil
}
