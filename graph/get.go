package graph

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/99designs/gqlgen/graphql"
)

// address reads an operation out of the query of a GET. What stands there twice is refused: a proxy that
// takes the first and a server that takes the last would see two different operations.
func address(r *http.Request, params *graphql.RawParams) *refusal {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &refusal{http.StatusBadRequest, "The query of the address is not URL-encoded."}
	}
	for _, name := range []string{"query", "operationName", "variables", "extensions"} {
		if len(values[name]) > 1 {
			return &refusal{http.StatusBadRequest, "The address has more than one " + name + "."}
		}
	}
	params.Query, params.OperationName = values.Get("query"), values.Get("operationName")
	if params.Query == "" {
		return &refusal{http.StatusBadRequest, "The operation has no query."}
	}
	for name, into := range map[string]*map[string]any{"variables": &params.Variables, "extensions": &params.Extensions} {
		if !object(values.Get(name), into) {
			return &refusal{http.StatusBadRequest, "In the address, " + name + " must be a JSON object."}
		}
	}
	return nil
}

// object reads one JSON object, or nothing where there is none; numbers keep their digits.
func object(text string, into *map[string]any) bool {
	if text == "" {
		return true
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(into) != nil {
		return false
	}
	_, err := decoder.Token()
	return errors.Is(err, io.EOF)
}
