package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Ask runs one operation over HTTP and gives the answer's text.
func (l *Lab) Ask(ctx context.Context, client *http.Client, token, query string, variables map[string]any) (string, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return "", fmt.Errorf("encoding an operation: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.Server.URL+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		return "", fmt.Errorf("making a request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("asking: %w", err)
	}
	return Text(response)
}

// Text is an answer's body.
func Text(response *http.Response) (string, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", fmt.Errorf("reading the answer: %w", err)
	}
	return string(body), nil
}

// Percentile is one of a sorted list.
func Percentile(sorted []time.Duration, percent int) time.Duration {
	return sorted[(len(sorted)-1)*percent/100]
}

// Milliseconds is a duration as people read it.
func Milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
