package signalwire

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// defaultPage and maxPage are the vendor's own.
	defaultPage = 50
	maxPage     = 1000
)

// show is a call as the vendor writes it.
func (s *Server) show(c *call) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	uri := s.root() + "/Calls/" + c.sid
	return map[string]any{
		"sid": c.sid, "account_sid": s.config.ProjectID, "api_version": apiVersion, "parent_call_sid": orNull(c.parent),
		"status": spoken(c.status), "direction": c.direction, "from": c.from, "to": c.to, "formatted_from": c.from, "formatted_to": c.to,
		"date_created": stamp(c.created), "date_updated": stamp(time.Now()), "start_time": stamp(c.answered), "end_time": stamp(c.ended),
		"duration": c.duration(), "answered_by": nil, "annotation": nil, "forwarded_from": nil, "phone_number_sid": nil, "price": nil, "price_unit": "USD",
		"uri": uri + ".json", "subresource_uris": map[string]string{"recordings": uri + "/Recordings.json"},
	}
}

// spoken is a status as reads give it.
func spoken(status string) string {
	if status == initiated || status == "" { // initiated is told in callbacks only
		return queued
	}
	return status
}

// duration is what a call is billed for: from the answer on, in whole seconds.
func (c *call) duration() int {
	if c.answered.IsZero() || c.ended.IsZero() {
		return 0
	}
	return int((c.ended.Sub(c.answered) + time.Second - 1) / time.Second)
}

// stamp writes RFC 2822, as all of the vendor's times.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC1123Z)
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (s *Server) find(r *http.Request) (*call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.calls[strings.TrimSuffix(r.PathValue("sid"), ".json")]; c != nil {
		return c, nil
	}
	return nil, errMissing
}

func (s *Server) get(r *http.Request) (any, error) {
	c, err := s.find(r)
	if err != nil {
		return nil, err
	}
	shown := s.show(c)
	if s.spent(func(f *Faults) *int { return &f.Stale }) {
		s.mu.Lock()
		defer s.mu.Unlock()
		shown["status"], shown["end_time"], shown["duration"] = spoken(c.before), nil, 0
	}
	return shown, nil
}

// update ends a call; the vendor's other ways to change one are not known here.
func (s *Server) update(r *http.Request) (any, error) {
	c, err := s.find(r)
	if err != nil {
		return nil, err
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	if to := r.PostForm.Get("Status"); (to != completed && to != canceled) || len(r.PostForm) > 1 {
		return nil, badRequest("21220", "The local telephone service can end a call, and change nothing else of it.")
	}
	c.hangUp()
	return s.show(c), nil
}

func (s *Server) list(r *http.Request) (any, error) {
	query := r.URL.Query()
	s.mu.Lock()
	s.stats.Listed++
	var found []*call
	for i := len(s.order) - 1; i >= 0; i-- {
		if c := s.order[i]; fits(query, "To", c.to) && fits(query, "From", c.from) && fits(query, "Status", c.status) && fits(query, "ParentCallSid", c.parent) {
			found = append(found, c)
		}
	}
	s.mu.Unlock()
	part, about := page(query, found, s.root()+"/Calls.json")
	shown := make([]any, len(part))
	for i, c := range part {
		shown[i] = s.show(c)
	}
	about["calls"] = shown
	return about, nil
}

func fits(query url.Values, name, value string) bool {
	return !query.Has(name) || query.Get(name) == value
}

// page cuts one page out of a list, and says where the next one is.
func page[T any](query url.Values, all []T, path string) ([]T, map[string]any) {
	size, _ := strconv.Atoi(query.Get("PageSize"))
	number, _ := strconv.Atoi(query.Get("Page"))
	if size <= 0 || size > maxPage {
		size = defaultPage
	}
	begin := min(max(number, 0)*size, len(all))
	end := min(begin+size, len(all))
	about := map[string]any{"uri": path, "page": number, "page_size": size, "next_page_uri": nil}
	if end < len(all) {
		query.Set("Page", strconv.Itoa(number+1))
		about["next_page_uri"] = path + "?" + query.Encode()
	}
	return all[begin:end], about
}

// Stats count what was asked and sent since the start.
type Stats struct {
	Placed        int            // calls out, legs of a Dial too, whatever became of the answer
	ByTo          map[string]int // the same, by the number that was called
	Listed        int
	Documents     int // documents that were fetched
	CallbacksSent int // every try counts
	Audio         int // requests for audio that got some
	Deleted       int // recordings
	Live          int // calls that are not over yet, their callbacks included
}

// Stats gives a copy.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.ByTo = map[string]int{}
	for to, n := range s.stats.ByTo {
		out.ByTo[to] = n
	}
	for _, c := range s.order {
		if !c.over {
			out.Live++
		}
	}
	return out
}

var _ http.Handler = (*Server)(nil)
