package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"time"
)

const (
	// maxDrops without an event in between come to about two minutes, which outlives a deployment.
	maxDrops = 15
	// steady is how long a socket must have lived for its end to count as the first one: a quiet stream
	// loses its socket to proxies again and again, and nothing is wrong.
	steady = time.Minute
)

// Subscribe gives each event's data to each, in order, until the server completes the stream (nil), each
// answers an error (which is returned), or ctx ends. A socket that is lost is opened again after a pause;
// if events carry a cursor, the variable after is set to the last one's, so that the query should have
// `$after: String` and pass it on. Error: *Error for what the server answered for good.
func (c *Client) Subscribe(ctx context.Context, query string, variables map[string]any, each func(json.RawMessage) error) error {
	if c.invalid != nil {
		return c.invalid
	}
	op := operation{query, maps.Clone(variables)}
	if op.Variables == nil {
		op.Variables = map[string]any{}
	}
	for drops := 1; ; drops++ {
		opened, progress := time.Now(), false
		err := c.stream(ctx, op, func(data json.RawMessage) error {
			progress = true
			if err := each(data); err != nil {
				return err
			}
			if cursor := cursorOf(data); cursor != "" {
				op.Variables["after"] = cursor
			}
			return nil
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if progress || time.Since(opened) > steady {
			drops = 1
		}
		var mine *stopped
		switch {
		case err == nil:
			return nil
		case errors.As(err, &mine):
			return mine.error
		case drops >= maxDrops || !c.again(ctx, err, drops):
			return cmp.Or(ctx.Err(), err)
		}
	}
}

// stopped keeps an error of the caller's from being taken for one of the network.
type stopped struct{ error }

// cursorOf is the cursor of a subscription's only field; empty when it has none.
func cursorOf(data json.RawMessage) string {
	var fields map[string]struct{ Cursor string }
	if json.Unmarshal(data, &fields) != nil || len(fields) != 1 {
		return ""
	}
	for _, event := range fields {
		return event.Cursor
	}
	return ""
}
