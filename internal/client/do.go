package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// requestTimeout is twice what the slowest proxies in front of a server allow.
	requestTimeout = 60 * time.Second
	// maxAnswer is far above the largest page that the server gives; it keeps a wrong address from
	// filling the memory.
	maxAnswer = 32 << 20
)

// operation is one document and its variables, the same over HTTP and over a websocket.
type operation struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables,omitempty"`
}

// Do runs a query or a mutation and decodes its data into out, which may be nil. Where the answer has
// data beside errors, out gets what there is. A query is tried again when the network or the server
// fails for a moment; a mutation is not, because it may have been done. Error: *Error for what the server
// answered, joined when there are several.
func (c *Client) Do(ctx context.Context, query string, variables map[string]any, out any) error {
	if !isQuery(query) {
		return c.post(ctx, operation{query, variables}, out)
	}
	return c.doSafely(ctx, query, variables, out)
}

// doSafely is for what may be done twice without harm.
func (c *Client) doSafely(ctx context.Context, query string, variables map[string]any, out any) error {
	return c.repeat(ctx, func() error { return c.post(ctx, operation{query, variables}, out) })
}

func (c *Client) post(ctx context.Context, op operation, out any) error {
	if c.invalid != nil {
		return c.invalid
	}
	body, err := json.Marshal(op)
	if err != nil {
		return fmt.Errorf("encoding the variables: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/graphql-response+json, application/json")
	if c.config.Token != "" {
		request.Header.Set("Authorization", c.bearer())
	}
	if c.config.Origin != "" {
		request.Header.Set("Origin", c.config.Origin)
	}
	response, answer, err := fetch(c.api, request, maxAnswer)
	if err != nil {
		return err
	}
	return read(response, answer, out)
}

// fetch sends a request and reads the whole answer, up to a limit.
func fetch(through *http.Client, request *http.Request, limit int64) (*http.Response, []byte, error) {
	response, err := through.Do(request)
	if err != nil {
		return nil, nil, lost{fmt.Errorf("reaching %s: %w", request.URL.Host, bare(err))}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, nil, lost{fmt.Errorf("reading the answer: %w", err)}
	}
	if int64(len(body)) > limit {
		return nil, nil, fmt.Errorf("the answer is larger than %d bytes", limit)
	}
	return response, body, nil
}

// bare takes the address out of an error: a signed one is a secret.
func bare(err error) error {
	var addressed *url.Error
	if errors.As(err, &addressed) {
		return addressed.Err
	}
	return err
}

// read makes sense of an answer. The status alone is no verdict: GraphQL answers a bad document with 400
// and errors, and a failed field with 200 and errors.
func read(response *http.Response, body []byte, out any) error {
	var answer struct {
		Data   json.RawMessage
		Errors []problem
	}
	invalid := json.Unmarshal(body, &answer)
	if len(answer.Data) > 0 && string(answer.Data) != "null" && out != nil {
		if err := json.Unmarshal(answer.Data, out); err != nil {
			return fmt.Errorf("decoding the answer: %w", err)
		}
	}
	if len(answer.Errors) > 0 {
		return failure(answer.Errors, Error{Status: response.StatusCode, RetryAfter: retryAfter(response.Header, time.Now())})
	}
	if invalid != nil || answer.Data == nil || response.StatusCode != http.StatusOK {
		return refused(response, body)
	}
	return nil
}

// isQuery says whether the first operation of a document is surely a query. A document that begins with
// anything else, a fragment too, counts as one that changes something.
func isQuery(document string) bool {
	for {
		document = strings.TrimLeft(document, " \t\r\n,\ufeff")
		if !strings.HasPrefix(document, "#") {
			break
		}
		_, document, _ = strings.Cut(document, "\n")
	}
	rest, named := strings.CutPrefix(document, "query")
	return strings.HasPrefix(document, "{") || named && strings.IndexAny(rest, " \t\r\n,{($@#") == 0
}
