package signalwire

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	// maxLive bounds what goes on at once: more than any test or demo has under way.
	maxLive = 500
	// maxCalls bounds memory.
	maxCalls = 5000
	// maxRing is the vendor's own.
	maxRing = 600 * time.Second
)

// The vendor's words for how far a call is.
const (
	queued     = "queued"
	initiated  = "initiated"
	ringing    = "ringing"
	inProgress = "in-progress"
	completed  = "completed"
	busy       = "busy"
	noAnswer   = "no-answer"
	canceled   = "canceled"
	failed     = "failed"
)

// call is a call from the request to its last callback. The server's mutex guards what changes.
type call struct {
	sid, parent, direction, from, to string
	base                             string // where we were reached
	answerURL, fallbackURL           string
	status, before                   string // before: the status that it had last
	created, answered, ended         time.Time
	tells                            hook // of its status
	record                           order
	ringFor, limit                   time.Duration
	sequence, documents              int
	hungUp                           chan struct{}
	hangUp                           func()
	last                             chan struct{}  // closed when the callback before the next one is sent
	held                             []*callback    // waiting to be sent in reverse
	after                            sync.WaitGroup // recordings that are being finished
	over                             bool           // nothing more will happen by itself
}

// hook is an address that is told of events.
type hook struct {
	url    string
	events []string
}

func (h hook) wants(event string) bool { return h.url != "" && slices.Contains(h.events, event) }

// event is what the vendor calls the moment at which a call comes to a status.
func event(status string) string {
	switch status {
	case inProgress:
		return "answered"
	case busy, noAnswer, canceled, failed:
		return completed
	}
	return status
}

// numberPattern is E.164.
var numberPattern = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// honoured are the options of a call that we know; any other is refused: ignored, it would look done.
var honoured = []string{
	"To", "From", "Url", "Method", "FallbackUrl", "FallbackMethod", "StatusCallback", "StatusCallbackMethod", "StatusCallbackEvent", "Record", "RecordingChannels", "RecordingTrack",
	"RecordingStatusCallback", "RecordingStatusCallbackMethod", "RecordingStatusCallbackEvent", "Timeout", "TimeLimit", "Trim",
}

func (s *Server) place(r *http.Request) (any, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	form := r.PostForm
	for name := range form {
		if !slices.Contains(honoured, name) {
			return nil, badRequest("21200", "The local telephone service does not know the option %.60q.", name)
		}
	}
	c := newCall(s.base(r), "outbound-api", form.Get("From"), form.Get("To"))
	c.answerURL, c.fallbackURL = form.Get("Url"), form.Get("FallbackUrl")
	c.tells = asked(form.Get("StatusCallback"), strings.Join(form["StatusCallbackEvent"], " "))
	c.record = order{on: form.Get("Record") == "true", source: "OutBoundApi", dual: form.Get("RecordingChannels") == "dual",
		tells: asked(form.Get("RecordingStatusCallback"), form.Get("RecordingStatusCallbackEvent"))}
	c.ringFor, c.limit = parseSeconds(form.Get("Timeout")), parseSeconds(form.Get("TimeLimit"))
	if err := s.check(c, form); err != nil {
		return nil, err
	}
	if err := s.begin(c, s.outbound); err != nil {
		return nil, err
	}
	return s.show(c), nil
}

// asked is a hook with the vendor's default: the end only.
func asked(url, events string) hook {
	if events == "" {
		events = completed
	}
	return hook{url: url, events: strings.Fields(events)}
}

func parseSeconds(s string) time.Duration {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

func (s *Server) check(c *call, form url.Values) error {
	s.mu.Lock()
	_, owned := s.numbers[c.from]
	owned = owned || len(s.numbers) == 0
	s.mu.Unlock()
	switch {
	case !numberPattern.MatchString(c.to):
		return badRequest("21211", "The 'To' number %.40q is not valid.", c.to)
	case !numberPattern.MatchString(c.from):
		return badRequest("21212", "The 'From' number %.40q is not valid.", c.from)
	case !owned:
		return badRequest("21210", "The 'From' number %.40q is not one of this project.", c.from)
	case !isWeb(c.answerURL):
		return badRequest("21205", "'Url' is missing or no http or https address.")
	case c.fallbackURL != "" && !isWeb(c.fallbackURL):
		return badRequest("21205", "'FallbackUrl' is no http or https address.")
	case c.tells.url != "" && !isWeb(c.tells.url) || c.record.tells.url != "" && !isWeb(c.record.tells.url):
		return badRequest("21205", "A callback is no http or https address.")
	case c.ringFor < 0 || c.ringFor > maxRing:
		return badRequest("21200", "'Timeout' is at most 600 seconds.")
	case form.Get("Method") == http.MethodGet || form.Get("FallbackMethod") == http.MethodGet || form.Get("StatusCallbackMethod") == http.MethodGet || form.Get("RecordingStatusCallbackMethod") == http.MethodGet:
		return badRequest("21200", "The local telephone service sends by POST only.")
	}
	return nil
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

func newCall(base, direction, from, to string) *call {
	c := &call{
		sid: uuid.NewString(), base: base, direction: direction, from: from, to: to, status: queued, created: time.Now().UTC(), hungUp: make(chan struct{}),
	}
	c.hangUp = sync.OnceFunc(func() { close(c.hungUp) })
	return c
}

// base is where clients reach us.
func (s *Server) base(r *http.Request) string {
	if s.config.BaseURL != "" {
		return s.config.BaseURL
	}
	return "http://" + r.Host
}

// begin keeps a call and lets it walk.
func (s *Server) begin(c *call, walk func(*call)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	live := 0
	for _, other := range s.order {
		if !other.over {
			live++
		}
	}
	if live >= maxLive {
		return errFull
	}
	for len(s.order) >= maxCalls && s.order[0].over {
		delete(s.calls, s.order[0].sid)
		s.order = s.order[1:]
	}
	s.calls[c.sid], s.order = c, append(s.order, c)
	if c.direction != "inbound" {
		s.stats.Placed++
		s.stats.ByTo[c.to]++
	}
	s.group.Go(func() {
		walk(c)
		s.conclude(c)
	})
	return nil
}
