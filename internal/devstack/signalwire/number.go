package signalwire

import (
	"net/http"
	"slices"
	"strings"
)

// listNumbers gives the project's numbers that hold what was asked for.
func (s *Server) listNumbers(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []map[string]any{}
	for number, set := range s.numbers {
		if strings.Contains(number, r.FormValue("PhoneNumber")) {
			found = append(found, map[string]any{
				"account_sid": s.config.ProjectID, "api_version": apiVersion, "phone_number": number, "friendly_name": number,
				"voice_url": set.AnswerURL, "voice_method": http.MethodPost, "status_callback": set.StatusURL, "status_callback_method": http.MethodPost,
			})
		}
	}
	slices.SortFunc(found, func(a, b map[string]any) int {
		return strings.Compare(a["phone_number"].(string), b["phone_number"].(string))
	})
	return map[string]any{"uri": s.root() + "/IncomingPhoneNumbers", "page": 0, "page_size": defaultPage, "next_page_uri": nil, "incoming_phone_numbers": found}, nil
}
