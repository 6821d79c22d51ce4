package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func target(address string) UploadTarget {
	return UploadTarget{Method: http.MethodPut, URL: address + "/a/b?signature=s3cret", Headers: []Header{
		{"Content-Type", "audio/wav"}, {"x-amz-checksum-sha256", "abc="}, {"Host", "bucket.example.com"},
	}}
}

func TestUploadSendsTheSignedHeadersAndNothingOfOurs(t *testing.T) {
	t.Parallel()
	const sound = "some sound"
	c := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) != sound || r.ContentLength != int64(len(sound)) || len(r.TransferEncoding) != 0 {
			t.Errorf("body %q, length %d, encoding %v", body, r.ContentLength, r.TransferEncoding)
		}
		if r.Host != "bucket.example.com" || r.Method != http.MethodPut || r.URL.RequestURI() != "/a/b?signature=s3cret" {
			t.Errorf("%s %s at %s", r.Method, r.URL, r.Host)
		}
		for name, values := range r.Header {
			want, signed := map[string]string{"Content-Type": "audio/wav", "X-Amz-Checksum-Sha256": "abc="}[name]
			own := slices.Contains([]string{"User-Agent", "Accept-Encoding", "Content-Length"}, name)
			if !own && (!signed || len(values) != 1 || values[0] != want) {
				t.Errorf("header %s: %v", name, values)
			}
		}
		if r.Header.Get("Content-Type") == "" || r.Header.Get("X-Amz-Checksum-Sha256") == "" {
			t.Errorf("signed headers are missing: %v", r.Header)
		}
	}))
	server := *c.endpoint
	jar, _ := cookiejar.New(nil)
	jar.SetCookies(&server, []*http.Cookie{{Name: "session", Value: "secret"}})
	withCookies := New(Config{Server: server.Scheme + "://" + server.Host, Token: "tok", HTTP: &http.Client{Jar: jar, Transport: c.api.Transport}})

	var last int64
	err := withCookies.Upload(t.Context(), target(server.Scheme+"://"+server.Host), strings.NewReader(sound), int64(len(sound)), func(sent int64) {
		if sent <= last {
			t.Errorf("progress went from %d to %d", last, sent)
		}
		last = sent
	})

	if err != nil || last != int64(len(sound)) {
		t.Errorf("got %v after %d bytes", err, last)
	}
}

func TestRefusedUploadIsInTheBucketsWords(t *testing.T) {
	t.Parallel()
	const s3 = `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>`
	tests := map[string]struct {
		answer http.HandlerFunc
		want   Error
	}{
		"ours":       {status(403, "This link has expired.\n"), Error{Message: "This link has expired.", Status: 403}},
		"S3's":       {status(403, s3), Error{Code: "AccessDenied", Message: "Request has expired", Status: 403}},
		"nobody's":   {status(500, ""), Error{Message: "Internal Server Error", Status: 500}},
		"a redirect": {status(307, "", "Location", "/elsewhere"), Error{Message: "Temporary Redirect", Status: 307}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := answers(t, test.answer)
			got := wantError(t, c.Upload(t.Context(), target("http://"+c.endpoint.Host), strings.NewReader("x"), 1, nil))
			if got.Code != test.want.Code || got.Message != test.want.Message || got.Status != test.want.Status {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestSignedAddressIsNeverInAnError(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c := serve(t, http.NotFoundHandler())
	for _, address := range []string{gone.URL, "http://[bad"} {
		err := c.Upload(t.Context(), target(address), strings.NewReader("x"), 1, nil)
		var addressed *url.Error
		if err == nil || strings.Contains(err.Error(), "s3cret") || errors.As(err, &addressed) {
			t.Errorf("uploading to %s: %v", address, err)
		}
	}
}
