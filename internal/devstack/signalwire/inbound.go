package signalwire

import (
	"encoding/json"
	"net/http"
)

// inbound has somebody call one of the project's numbers.
func (s *Server) inbound(r *http.Request) (any, error) {
	var in struct{ From, To string }
	reader := json.NewDecoder(r.Body)
	reader.DisallowUnknownFields()
	if err := reader.Decode(&in); err != nil {
		return nil, badRequest("", `Say who calls whom: {"from": "+1…", "to": "+1…"}.`)
	}
	s.mu.Lock()
	set, owned := s.numbers[in.To]
	s.mu.Unlock()
	if !owned || !isWeb(set.AnswerURL) {
		return nil, badRequest("", "Nobody answers at %.40q.", in.To)
	}
	if !numberPattern.MatchString(in.From) {
		return nil, badRequest("21212", "The 'From' number %.40q is not valid.", in.From)
	}
	c := newCall(s.base(r), "inbound", in.From, in.To)
	c.answerURL, c.tells = set.AnswerURL, asked(set.StatusURL, "")
	if err := s.begin(c, s.incoming); err != nil {
		return nil, err
	}
	return s.show(c), nil
}
