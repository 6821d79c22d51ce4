package blob

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func FuzzNoLinkButTheSignedOneOpens(f *testing.F) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	local, err := NewLocal(LocalConfig{Dir: f.TempDir(), BaseURL: "http://localhost/blobs", Key: testKey(), Now: func() time.Time { return at }})
	if err != nil {
		f.Fatal(err)
	}
	signed, err := local.PresignGet(f.Context(), GetLink{Key: "a/b", Expires: time.Minute, Filename: "call & notes.wav"})
	if err != nil {
		f.Fatal(err)
	}
	link, err := url.Parse(signed.URL)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("GET", "a/b", link.RawQuery)
	f.Add("PUT", "a/b", link.RawQuery)
	f.Add("GET", "a", link.RawQuery)
	f.Add("GET", "a/b", link.RawQuery+"&expires=99999999999")
	f.Add("GET", "a/b", strings.Replace(link.RawQuery, "expires=1", "expires=2", 1))
	f.Add("GET\na/b", "", link.RawQuery)
	f.Add("GET", "a/b", "signature=")
	f.Add("GET", "a/b", "%zz")
	want := link.Query()
	want.Del(paramSignature)
	f.Fuzz(func(t *testing.T, method, key, rawQuery string) {
		got, err := local.verify(method, key, rawQuery)
		if err != nil {
			return
		}
		if method != "GET" || key != "a/b" || got.Encode() != want.Encode() {
			t.Errorf("verify(%q, %q, %q) opened %v", method, key, rawQuery, got)
		}
	})
}

func FuzzKeysStayInTheirFolder(f *testing.F) {
	for _, key := range []string{"org_1/rec_1.wav", "../../etc/passwd", "a/..", "a\x00", "+", ".", "a/./b"} {
		f.Add(key)
	}
	local := &Local{objects: "/bucket/objects"}
	f.Fuzz(func(t *testing.T, key string) {
		if checkKey(key) != nil {
			return
		}
		name, ok := strings.CutPrefix(local.dir(key), "/bucket/objects/")
		if !ok || strings.Contains(name, "/") || strings.ReplaceAll(name, "+", "/") != key {
			t.Errorf("key %q is kept in %q", key, local.dir(key))
		}
	})
}
