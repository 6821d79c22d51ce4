package blob

import (
	"bytes"
	"net/url"
	"testing"
	"time"
)

func TestALinkOutlivesTheKeyThatSignedIt(t *testing.T) {
	t.Parallel()
	dir, older, newer := t.TempDir(), testKey(), bytes.Repeat([]byte("n"), MinKey)
	open := func(key []byte, old ...[]byte) *Local {
		local, err := NewLocal(LocalConfig{Dir: dir, BaseURL: "http://localhost/blobs", Key: key, OldKeys: old, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		return local
	}
	before, during, after := open(older), open(newer, older), open(newer)
	query := func(l *Local) string {
		signed, err := l.PresignGet(t.Context(), GetLink{Key: "a", Expires: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		link, err := url.Parse(signed.URL)
		if err != nil {
			t.Fatal(err)
		}
		return link.RawQuery
	}
	for name, c := range map[string]struct {
		by, at *Local
		opens  bool
	}{
		"while both keys are known":           {before, during, true},
		"signed by the newer one":             {during, after, true},
		"after the older one is gone":         {before, after, false},
		"the newer one where it is not known": {during, before, false},
	} {
		if _, err := c.at.verify("GET", "a", query(c.by)); (err == nil) != c.opens {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewLocal(LocalConfig{Dir: dir, BaseURL: "http://localhost/blobs", Key: newer, OldKeys: [][]byte{nil}, Now: time.Now}); err == nil {
		t.Error("an empty key would let everybody sign")
	}
}
