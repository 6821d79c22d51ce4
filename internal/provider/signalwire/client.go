// Package signalwire speaks SignalWire's compatibility API for calls and recordings: place, read, find, hang
// up, the audio of a recording, the documents that steer a call, and what its callbacks say and how they are
// signed. It knows the vendor's words and none of ours. The vendor's answers are not trusted: they are
// bounded in size and time, and what cannot be read is an error, never an empty result.
package signalwire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// callTimeout is far above what the vendor takes to answer, and still lets a worker go on soon.
const callTimeout = 15 * time.Second

// Config says where the vendor is and who we are.
type Config struct {
	BaseURL   string // of the space, https://example.signalwire.com, without a path
	ProjectID string
	Token     string       // of the API, with the scope "Voice"; callbacks are signed with another key
	HTTP      *http.Client // nil: one of our own
}

// Client calls the vendor. It may be used by many goroutines at once.
type Client struct {
	base, project, token string
	http, media          http.Client
}

// New makes a client.
func New(config Config) *Client {
	c := &Client{base: strings.TrimRight(config.BaseURL, "/"), project: config.ProjectID, token: config.Token}
	if config.HTTP != nil {
		c.http, c.media = *config.HTTP, *config.HTTP
	}
	// A followed redirect would send the token to wherever it points.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.media.CheckRedirect = c.toStorage
	return c
}

// Get reads a call.
func (c *Client) Get(ctx context.Context, sid string) (Call, error) {
	if !sidPattern.MatchString(sid) {
		return Call{}, errBadSid
	}
	answer, err := c.call(ctx, http.MethodGet, "/Calls/"+sid+".json", nil)
	if err != nil {
		return Call{}, fmt.Errorf("reading signalwire call %s: %w", sid, err)
	}
	return decodeCall(answer, sid)
}

// Hangup ends a call, whether it rings or talks, and gives it as it is then. It may be repeated.
func (c *Client) Hangup(ctx context.Context, sid string) (Call, error) {
	if !sidPattern.MatchString(sid) {
		return Call{}, errBadSid
	}
	answer, err := c.call(ctx, http.MethodPost, "/Calls/"+sid+".json", url.Values{"Status": {string(Completed)}})
	if err != nil {
		return Call{}, fmt.Errorf("hanging up signalwire call %s: %w", sid, err)
	}
	return decodeCall(answer, sid)
}

// FindParams say which calls are looked for.
type FindParams struct {
	To, From string
	Since    time.Time // when the call was asked for, at the earliest
}

// findPage is the most that the vendor gives at once; findPages is far more calls to one number than
// are placed within the minutes for which a call is looked for.
const (
	findPage  = "100"
	findPages = 5
)

// Find gives the calls to a number from a number, newest first: the way to learn whether a request without
// an answer was carried out. The vendor has no idempotency key.
func (c *Client) Find(ctx context.Context, in FindParams) ([]Call, error) {
	query := url.Values{"To": {in.To}, "From": {in.From}, "PageSize": {findPage}}
	next := "/Calls.json?" + query.Encode()
	var found []Call
	for range findPages {
		answer, err := c.call(ctx, http.MethodGet, next, nil)
		if err != nil {
			return nil, fmt.Errorf("listing signalwire calls: %w", err)
		}
		page, err := decodeCalls(answer)
		if err != nil {
			return nil, fmt.Errorf("reading signalwire's list of calls: %w", err)
		}
		older := false
		for _, call := range page.Calls {
			if call.CreatedAt.Before(in.Since.Truncate(time.Second)) { // the vendor's times have no fractions
				older = true
			} else if call.To == in.To && call.From == in.From {
				found = append(found, call)
			}
		}
		if next = c.nextPage(page.Next); next == "" || older {
			return found, nil
		}
	}
	return nil, errors.New("listing signalwire calls: too many of them to be sure")
}

// nextPage takes the path of a page that the vendor names, when it is a page of our own project.
func (c *Client) nextPage(uri string) string {
	at, ok := strings.CutPrefix(uri, c.root())
	if !ok || !strings.HasPrefix(at, "/Calls") {
		return ""
	}
	return at
}

// root is where everything of a project stands.
func (c *Client) root() string { return "/api/laml/2010-04-01/Accounts/" + url.PathEscape(c.project) }

// sidPattern keeps an id that came from outside within its place in the path.
var sidPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

var errBadSid = errors.New("not an id of a signalwire call or recording")

// call sends one request, with a form where there is one.
func (c *Client) call(ctx context.Context, method, path string, form url.Values) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.base+c.root()+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	if form != nil {
		request.Header.Set("Content-Type", formType)
	}
	return c.do(request)
}
