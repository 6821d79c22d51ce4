package authjs_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/authjs"
)

const v4Cookie = "next-auth.session-token"

func cookie(name, value string) *http.Cookie { return &http.Cookie{Name: name, Value: value} }

func wantSession(t *testing.T, want authjs.Claims, cookies ...*http.Cookie) {
	t.Helper()
	claims, found, err := newKeys(t, secret).FromCookies(cookies, issued)
	if err != nil || !found || !same(claims, want) {
		t.Errorf("FromCookies = %+v, %v, %v", claims, found, err)
	}
}

func TestARequestWithoutASessionCookieIsNobody(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, secret)
	for _, cookies := range [][]*http.Cookie{
		nil,
		{cookie("theme", "dark")},
		{cookie(v4Cookie, "")},
		{cookie(v4Cookie+"-old", "x"), cookie("old-"+v4Cookie, "x"), cookie(v4Cookie+".a", "x"), cookie(v4Cookie+".00", "x"), cookie(v4Cookie+".", "x")},
	} {
		if claims, found, err := keys.FromCookies(cookies, issued); found || err != nil || claims != (authjs.Claims{}) {
			t.Errorf("%v: FromCookies = %+v, %v, %v", cookies, claims, found, err)
		}
	}
}

func TestTheWholeCookieWinsOverChunksThatWereLeftBehind(t *testing.T) {
	t.Parallel()
	whole, chunked := vectors(t)["v5-https-e2e"], vectors(t)["v5-https-chunked-e2e"]
	wantSession(t, whole.want(), append(chunked.cookies(), whole.cookies()...)...)
}

func TestChunksAreJoinedByNumberAndLookAlikesAreNotRead(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"v4-https-chunked-e2e", "v5-https-chunked-e2e"} {
		v := vectors(t)[id]
		c := v.cookies()
		old := cookie(v.CookieName+"-old", "x")
		wantSession(t, v.want(), old, c[2], c[0], c[1])
		wantSession(t, v.want(), append(c, cookie(v.CookieName+".3", "left over"))...)
		wantSession(t, v.want(), append(c, cookie(v.CookieName+".4", "behind a gap"))...)
		wantSession(t, v.want(), append(c, cookie(v.CookieName+".0", "of a shorter path"))...)
	}
}

func TestMissingOrHugeChunksAreInvalid(t *testing.T) {
	t.Parallel()
	c := vectors(t)["v5-https-chunked-e2e"].cookies()
	huge := strings.Repeat("a", 4097)
	for name, cookies := range map[string][]*http.Cookie{
		"first missing":  c[1:],
		"middle missing": {c[0], c[2]},
		"last missing":   c[:2],
		"huge":           {cookie(v4Cookie, huge)},
		"huge chunk":     {cookie(v4Cookie+".0", huge)},
		"all too long":   many(v4Cookie, huge[1:]),
	} {
		_, found, err := newKeys(t, secret).FromCookies(cookies, issued)
		if wantInvalid(t, err); !found {
			t.Errorf("%s was not seen", name)
		}
	}
}

func many(name, value string) (list []*http.Cookie) {
	for _, i := range "01234" {
		list = append(list, cookie(name+"."+string(i), value))
	}
	return list
}

func TestOfSeveralFamiliesTheFirstThatOpensWins(t *testing.T) {
	t.Parallel()
	all := vectors(t)
	v4, v5, over := all["v4-http-e2e"], all["v5-http-e2e"], all["neg-v5-expired"]
	wantSession(t, v5.want(), append(v4.cookies(), v5.cookies()...)...)
	wantSession(t, v4.want(), append(v4.cookies(), over.cookies()...)...)

	_, found, err := newKeys(t, secret).FromCookies(append(v4.cookies(), over.cookies()...), issued.Add(40*24*time.Hour))
	if wantInvalid(t, err); !found {
		t.Error("two expired sessions were not seen")
	}
}
