package websocket_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/switchboard-voice/switchboard/graph/websocket"
)

// schema stands in for gqlgen's generated code: small resolvers that tests steer by named feeds.
type schema struct {
	sdl *ast.Schema

	mu    sync.Mutex
	feeds map[string]chan string

	flooded  atomic.Int64 // messages that flood has produced
	stubborn atomic.Int64 // how often stubborn has begun to wait
}

const floodMessage = 64 << 10

func newSchema() *schema {
	return &schema{feeds: map[string]chan string{}, sdl: gqlparser.MustLoadSchema(&ast.Source{Input: `
		type Query { hello: String! echo(text: String!): String! fails: String panics: String forever: String }
		type Mutation { add(n: Int!): Int! }
		type Subscription {
			feed(name: String!): String!
			stubborn(name: String!): String!
			ticks(to: Int!): Int!
			broken: Int!
			refused: Int!
			panicsLater: Int!
			flood: String!
		}
	`})}
}

// feed is where a test puts what feed(name) or stubborn(name) emits; closing it ends the stream.
func (s *schema) feed(name string) chan string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.feeds[name] == nil {
		s.feeds[name] = make(chan string)
	}
	return s.feeds[name]
}

func (s *schema) Schema() *ast.Schema { return s.sdl }

func (s *schema) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (s *schema) Exec(ctx context.Context) graphql.ResponseHandler {
	rc := graphql.GetOperationContext(ctx)
	field := rc.Operation.SelectionSet[0].(*ast.Field)
	args := field.ArgumentMap(rc.Variables)
	if rc.Operation.Operation == ast.Subscription {
		next := s.subscribe(ctx, field.Name, args)
		return func(ctx context.Context) *graphql.Response { return data(field.Alias, next(ctx)) }
	}
	answered := false
	return func(ctx context.Context) *graphql.Response {
		if answered && field.Name != "forever" {
			return nil
		}
		answered = true
		value := resolve(ctx, field.Name, args)
		return data(field.Alias, &value)
	}
}

func data(alias string, value *string) *graphql.Response {
	if value == nil {
		return nil
	}
	return &graphql.Response{Data: json.RawMessage(`{` + strconv.Quote(alias) + `:` + *value + `}`)}
}

func resolve(ctx context.Context, field string, args map[string]any) string {
	switch field {
	case "echo":
		return strconv.Quote(args["text"].(string))
	case "add":
		return strconv.FormatInt(args["n"].(int64)+1, 10)
	case "fails":
		graphql.AddError(ctx, errors.New("resolver failed"))
		return "null"
	case "panics":
		panic("resolver panicked")
	}
	return `"world"`
}

func (s *schema) subscribe(ctx context.Context, field string, args map[string]any) func(context.Context) *string {
	switch field {
	case "feed":
		return follow(s.feed(args["name"].(string)))
	case "stubborn": // does not notice that nobody wants it any more
		values := s.feed(args["name"].(string))
		return func(context.Context) *string {
			s.stubborn.Add(1)
			return follow(values)(context.Background())
		}
	case "ticks":
		return count(int(args["to"].(int64)))
	case "broken":
		values := make(chan string)
		go func() {
			defer close(values)
			values <- "1"
			websocket.Fail(ctx, gqlerror.Errorf("the stream broke"))
		}()
		return follow(values)
	case "panicsLater":
		return func(context.Context) *string { panic("stream panicked") }
	case "flood":
		text := strconv.Quote(strings.Repeat("x", floodMessage))
		return func(context.Context) *string { s.flooded.Add(1); return &text }
	}
	graphql.AddError(ctx, errors.New("resolver refused"))
	return nil
}

func follow(values <-chan string) func(context.Context) *string {
	return func(ctx context.Context) *string {
		select {
		case v, ok := <-values:
			if ok {
				return &v
			}
		case <-ctx.Done():
		}
		return nil
	}
}

func count(to int) func(context.Context) *string {
	n := 0
	return func(context.Context) *string {
		if n++; n > to {
			return nil
		}
		text := strconv.Itoa(n)
		return &text
	}
}
