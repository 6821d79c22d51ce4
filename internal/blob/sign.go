package blob

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// The query of a signed link. All of it is signed, so whoever adds, drops or changes a parameter has a
// link that opens nothing.
const (
	paramExpires   = "expires" // Unix seconds
	paramSize      = "size"    // bytes, PUT only
	paramType      = "type"
	paramSHA256    = "sha256"   // hex, PUT only
	paramFilename  = "filename" // GET only
	paramSignature = "signature"
)

// PresignPut makes a link for one upload.
func (l *Local) PresignPut(_ context.Context, in PutLink) (SignedRequest, error) {
	if err := in.check(); err != nil {
		return SignedRequest{}, err
	}
	query := url.Values{paramSize: {strconv.FormatInt(in.Size, 10)}, paramType: {in.ContentType}}
	if len(in.SHA256) > 0 {
		query.Set(paramSHA256, hex.EncodeToString(in.SHA256))
	}
	signed := l.sign(http.MethodPut, in.Key, query, in.Expires)
	signed.Headers = []Header{{"Content-Type", in.ContentType}}
	return signed, nil
}

// PresignGet makes a link for reading.
func (l *Local) PresignGet(_ context.Context, in GetLink) (SignedRequest, error) {
	if err := in.check(); err != nil {
		return SignedRequest{}, err
	}
	query := url.Values{}
	if in.Filename != "" {
		query.Set(paramFilename, in.Filename)
	}
	if in.ContentType != "" {
		query.Set(paramType, in.ContentType)
	}
	return l.sign(http.MethodGet, in.Key, query, in.Expires), nil
}

func (l *Local) sign(method, key string, query url.Values, expires time.Duration) SignedRequest {
	at := l.now().Add(expires).Truncate(time.Second)
	query.Set(paramExpires, strconv.FormatInt(at.Unix(), 10))
	query.Set(paramSignature, base64.RawURLEncoding.EncodeToString(mac(l.keys[0], method, key, query)))
	link := l.base.JoinPath(key)
	link.RawQuery = query.Encode()
	return SignedRequest{Method: method, URL: link.String(), ExpiresAt: at.UTC()}
}

// mac covers the method too: a link to read can never be used to write. Neither a method nor a key holds
// a line break, and Encode sorts and escapes, so two links never have the same text.
func mac(secret []byte, method, key string, query url.Values) []byte {
	sum := hmac.New(sha256.New, secret)
	sum.Write([]byte(method + "\n" + key + "\n" + query.Encode()))
	return sum.Sum(nil)
}

// verify gives the signed parameters of a link, or the refusal.
func (l *Local) verify(method, key, rawQuery string) (url.Values, error) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, errSignature
	}
	given, err := base64.RawURLEncoding.DecodeString(query.Get(paramSignature))
	if err != nil {
		return nil, errSignature
	}
	query.Del(paramSignature)
	signed := func(secret []byte) bool { return hmac.Equal(given, mac(secret, method, key, query)) }
	if !slices.ContainsFunc(l.keys, signed) {
		return nil, errSignature
	}
	expires, err := strconv.ParseInt(query.Get(paramExpires), 10, 64)
	if err != nil {
		return nil, errSignature
	}
	if !l.now().Before(time.Unix(expires, 0)) {
		return nil, errExpired
	}
	return query, nil
}
