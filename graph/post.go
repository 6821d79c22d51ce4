package graph

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const (
	mediaJSON     = "application/json"
	mediaResponse = "application/graphql-response+json"
)

// refusal is a request that is no GraphQL request.
type refusal struct {
	status  int
	message string
}

func (e refusal) write(w http.ResponseWriter, r *http.Request) {
	if e.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	reply(w, r, e.status, &graphql.Response{Errors: gqlerror.List{labeled(&gqlerror.Error{}, string(fault.CodeInvalid), e.message)}})
}

// acceptable looks at the request line and the headers.
func acceptable(r *http.Request) *refusal {
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		return &refusal{http.StatusMethodNotAllowed, "Send GraphQL operations by POST."}
	}
	if media(r) == "" {
		return &refusal{http.StatusNotAcceptable, "Answers are " + mediaResponse + " or " + mediaJSON + "."}
	}
	if r.Method == http.MethodGet {
		return nil
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := strings.ToLower(params["charset"])
	if err != nil || kind != mediaJSON || (charset != "" && charset != "utf-8") {
		return &refusal{http.StatusUnsupportedMediaType, "Send the operation as " + mediaJSON + " in UTF-8."}
	}
	return nil
}

// media is the type of the answer; empty when the client takes none of ours. Without a wish it is the
// older one, which every client knows.
func media(r *http.Request) string {
	accepts := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(accepts) == "" {
		return mediaJSON
	}
	best, weight := "", 0.0
	for part := range strings.SplitSeq(accepts, ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if word, ok := params["q"]; ok {
			q, _ = strconv.ParseFloat(word, 64)
		}
		if found := ours(kind); found != "" && q > weight {
			best, weight = found, q
		}
	}
	return best
}

func ours(kind string) string {
	switch kind {
	case mediaResponse:
		return mediaResponse
	case mediaJSON, "*/*", "application/*":
		return mediaJSON
	}
	return ""
}

// perform runs one operation after the specification's draft of GraphQL over HTTP: what a client accepts
// decides whether a document that cannot run is told by the status too. Nothing of a request is reflected
// in an error. gqlgen's own transport reads without a limit and echoes the body.
func perform(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	params := graphql.RawParams{Headers: r.Header, ReadTime: graphql.TraceTiming{Start: graphql.Now()}}
	read := decode
	if r.Method == http.MethodGet {
		read = address
	}
	if refused := read(r, &params); refused != nil {
		refused.write(w, r)
		return
	}
	params.ReadTime.End = graphql.Now()
	ctx := graphql.StartOperationTrace(r.Context())
	rc, errs := exec.CreateOperationContext(ctx, &params)
	if errs != nil {
		write(w, r, exec.DispatchError(graphql.WithOperationContext(ctx, rc), errs))
		return
	}
	if refused := elsewhere(r.Method, rc.Operation.Operation); refused != nil {
		refused.write(w, r)
		return
	}
	responses, ctx := exec.DispatchOperation(ctx, rc)
	write(w, r, responses(ctx))
}

// elsewhere refuses what another method or transport is for. Whoever repeats a GET (a browser, a proxy, a
// prefetch) takes it to change nothing.
func elsewhere(method string, kind ast.Operation) *refusal {
	switch {
	case kind == ast.Subscription:
		return &refusal{http.StatusBadRequest, "Subscriptions run over a websocket on this same address."}
	case kind == ast.Mutation && method == http.MethodGet:
		return &refusal{http.StatusMethodNotAllowed, "Send mutations by POST."}
	}
	return nil
}

// request is the body. Pointers tell what is missing from what is empty.
type request struct {
	Query         *string        `json:"query"`
	OperationName *string        `json:"operationName"`
	Variables     map[string]any `json:"variables"`
	Extensions    map[string]any `json:"extensions"`
}

func decode(r *http.Request, params *graphql.RawParams) *refusal {
	var body request
	decoder := json.NewDecoder(r.Body)
	decoder.UseNumber()
	err := decoder.Decode(&body)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			err = errors.New("more than one value")
		}
	}
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return &refusal{http.StatusRequestEntityTooLarge, "An operation has at most " + strconv.FormatInt(long.Limit>>10, 10) + " KiB."}
	case err != nil:
		return &refusal{http.StatusBadRequest, "The body is not the JSON of one operation: {\"query\": \"…\", \"variables\": {…}}."}
	case body.Query == nil || *body.Query == "":
		return &refusal{http.StatusBadRequest, "The operation has no query."}
	}
	params.Query, params.Variables, params.Extensions = *body.Query, body.Variables, body.Extensions
	if body.OperationName != nil {
		params.OperationName = *body.OperationName
	}
	return nil
}

// write answers with the status that fits: 401, 429 and 503 are for every client and every proxy on the
// way; that a document could not run is a 400 for those who know the newer media type.
func write(w http.ResponseWriter, r *http.Request, response *graphql.Response) {
	status := http.StatusOK
	if nothing(response) {
		switch code, _ := response.Errors[0].Extensions["code"].(string); code {
		case string(fault.CodeUnauthenticated):
			status = http.StatusUnauthorized
			w.Header().Set("WWW-Authenticate", "Bearer")
		case string(fault.CodeUnavailable), codeTimeout:
			status = http.StatusServiceUnavailable
			w.Header().Set("Retry-After", "1")
		case string(fault.CodeLimit):
			status = http.StatusTooManyRequests
			if seconds, known := response.Errors[0].Extensions[retryAfter].(int); known {
				w.Header().Set("Retry-After", strconv.Itoa(seconds))
			}
		case codeInternal:
			status = http.StatusInternalServerError
		default:
			if media(r) == mediaResponse {
				status = http.StatusBadRequest
			}
		}
	}
	reply(w, r, status, response)
}

// reply writes the data as it was encoded: marshalling the response would parse and write it once more.
func reply(w http.ResponseWriter, r *http.Request, status int, response *graphql.Response) {
	kind := media(r)
	if kind == "" {
		kind = mediaJSON
	}
	w.Header().Set("Content-Type", kind+"; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if response != nil && len(response.Data) > 0 && len(response.Errors) == 0 && len(response.Extensions) == 0 {
		_, _ = io.WriteString(w, `{"data":`)
		_, _ = w.Write(response.Data)
		_, _ = io.WriteString(w, "}")
		return
	}
	_ = json.NewEncoder(w).Encode(spoken(response)) // a client that has gone cannot be told
}

// spoken leaves data out where nothing was executed, as the specification wants it.
func spoken(response *graphql.Response) any {
	if response == nil || response.Data != nil {
		return response
	}
	return struct {
		Errors     gqlerror.List  `json:"errors"`
		Extensions map[string]any `json:"extensions,omitempty"`
	}{response.Errors, response.Extensions}
}
