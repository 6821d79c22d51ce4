package httpserver

import (
	"encoding/json"
	"net/http"
)

// codes stand in extensions.code. Those of faults are the words of the whole service.
const (
	codeInvalid     = "INVALID"
	codeForbidden   = "FORBIDDEN"
	codeNotFound    = "NOT_FOUND"
	codeInternal    = "INTERNAL"
	codeUnavailable = "UNAVAILABLE"
)

// refuse answers in the shape of a GraphQL error everywhere, so that a client needs one way to read what
// went wrong.
func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{
		"errors": []any{map[string]any{"message": message, "extensions": map[string]string{"code": code}}},
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone cannot be told
}

func notAllowed(w http.ResponseWriter, allowed string) {
	w.Header().Set("Allow", allowed)
	refuse(w, http.StatusMethodNotAllowed, codeInvalid, "Send "+allowed+" to this address.")
}
