package assemblyai

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// The vendor's own: a page when none is asked for, and the largest.
const defaultPage, maxPage = 10, 200

type page struct {
	Details     pageDetails `json:"page_details"`
	Transcripts []item      `json:"transcripts"`
}

type pageDetails struct {
	Limit       int     `json:"limit"`
	ResultCount int     `json:"result_count"`
	CurrentURL  string  `json:"current_url"`
	PrevURL     *string `json:"prev_url"` // to what is older
	NextURL     *string `json:"next_url"` // to what is newer
}

type item struct {
	ID          string  `json:"id"`
	ResourceURL string  `json:"resource_url"`
	Status      string  `json:"status"`
	Created     string  `json:"created"`
	Completed   *string `json:"completed"`
	AudioURL    string  `json:"audio_url"`
	Error       *string `json:"error"`
}

// list gives a page, newest first.
func (s *Server) list(r *http.Request) (any, error) {
	query := r.URL.Query()
	limit := defaultPage
	if asked := query.Get("limit"); asked != "" {
		n, err := strconv.Atoi(asked)
		if err != nil || n < 1 || n > maxPage {
			return nil, badRequest("'limit' must be between 1 and %d", maxPage)
		}
		limit = n
	}
	items, err := s.window(query, limit, s.base(r)+"/v2/transcript")
	if err != nil {
		return nil, err
	}
	at := func(side, id string) *string {
		q := url.Values{"limit": {strconv.Itoa(limit)}, side: {id}}
		if status := query.Get("status"); status != "" {
			q.Set("status", status)
		}
		return orNull(s.base(r) + "/v2/transcript?" + q.Encode())
	}
	out := page{Details: pageDetails{Limit: limit, ResultCount: len(items), CurrentURL: s.base(r) + r.URL.RequestURI()}, Transcripts: items}
	if len(items) > 0 {
		out.Details.PrevURL, out.Details.NextURL = at("before_id", items[len(items)-1].ID), at("after_id", items[0].ID)
	}
	return out, nil
}

// window chooses between the two ids. Without before_id it gives what follows right after after_id.
func (s *Server) window(query url.Values, limit int, resource string) ([]item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest := slices.Clone(s.order)
	slices.Reverse(newest)
	from, to := 0, len(newest)
	for _, side := range []string{"before_id", "after_id"} {
		id := query.Get(side)
		if id == "" {
			continue
		}
		i := slices.IndexFunc(newest, func(j *job) bool { return j.id == id })
		switch {
		case i < 0:
			return nil, badRequest("'%s' is no transcript", side)
		case side == "before_id":
			from = i + 1
		default:
			to = i
		}
	}
	if from > to {
		return nil, errPageOrder
	}
	items := []item{}
	for _, j := range newest[from:to] {
		if row := j.item(resource); query.Get("status") == "" || query.Get("status") == row.Status {
			items = append(items, row)
		}
	}
	if query.Get("after_id") != "" && query.Get("before_id") == "" {
		return items[max(0, len(items)-limit):], nil
	}
	return items[:min(limit, len(items))], nil
}

func (j *job) item(resource string) item {
	row := item{ID: j.id, ResourceURL: resource + "/" + j.id, Status: j.status, Created: stamp(j.created), AudioURL: j.ask.AudioURL, Error: orNull(j.failure)}
	if !j.completed.IsZero() {
		row.Completed = orNull(stamp(j.completed))
	}
	if j.deleted {
		row.Status, row.AudioURL, row.Error = completed, deletedURL, nil
	}
	return row
}

// stamp leaves the zone out, as the vendor does.
func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000000") }
