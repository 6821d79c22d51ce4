// Package page is keyset paging: Args come in, a query reads one row more than asked, Cut makes the
// connection. A cursor is opaque to clients and says after which row to go on, so that rows which come
// or go while somebody pages neither repeat nor hide others.
package page

import (
	"encoding/base64"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/fault"
)

// Max is the longest page: a bound on the memory and time of one answer.
const Max = 100

// Args is what a client asked for.
type Args struct {
	First int
	After *string
}

// Info tells a client where it is.
type Info struct {
	HasNextPage     bool
	HasPreviousPage bool
	StartCursor     *string
	EndCursor       *string
}

// Edge is one row and its cursor.
type Edge[T any] struct {
	Cursor string
	Node   T
}

// Connection is one page.
type Connection[T any] struct {
	Edges    []Edge[T]
	PageInfo Info
}

// Nodes are the rows without their cursors.
func (c Connection[T]) Nodes() []T {
	nodes := make([]T, len(c.Edges))
	for i, e := range c.Edges {
		nodes[i] = e.Node
	}
	return nodes
}

// Size checks how many rows were asked for.
func (a Args) Size(most int) (int32, error) {
	if a.First < 1 || a.First > most {
		return 0, fault.Invalid("first", "Ask for 1 to %d rows, not %d.", most, a.First)
	}
	return int32(a.First), nil
}

// Keyset reads the arguments of a list in the order of ids, which begins at a given one. Error: Invalid.
func (a Args) Keyset(begin uuid.UUID) (size int32, from uuid.UUID, err error) {
	from = begin
	if size, err = a.Size(Max); err == nil && a.After != nil {
		err = Decode(*a.After, &from)
	}
	return size, from, err
}

// Encode makes a cursor of any small value.
func Encode(v any) string {
	b, _ := json.Marshal(v) // values of ours: structs of numbers, times and ids
	return base64.RawURLEncoding.EncodeToString(b)
}

// maxCursor is far above any cursor of ours; a longer one is not decoded.
const maxCursor = 512

// Decode reads a cursor into v. Error: Invalid for one that we did not make.
func Decode(cursor string, v any) error {
	if len(cursor) > maxCursor {
		return badCursor()
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || json.Unmarshal(b, v) != nil {
		return badCursor()
	}
	return nil
}

func badCursor() error {
	return fault.Invalid("after", "This is not a cursor that this list gave.")
}

// Rows is Cut for rows as the database has them.
func Rows[R, T any](rows []R, size int32, after bool, show func(R) T, cursor func(T) string) Connection[T] {
	list := make([]T, len(rows))
	for i, r := range rows {
		list[i] = show(r)
	}
	return Cut(list, size, after, cursor)
}

// Cut makes the connection of rows that were read with one more than size, with the cursor of each.
func Cut[T any](rows []T, size int32, after bool, cursor func(T) string) Connection[T] {
	c := Connection[T]{PageInfo: Info{HasPreviousPage: after, HasNextPage: len(rows) > int(size)}}
	if c.PageInfo.HasNextPage {
		rows = rows[:size]
	}
	c.Edges = make([]Edge[T], len(rows))
	for i, row := range rows {
		c.Edges[i] = Edge[T]{Cursor: cursor(row), Node: row}
	}
	if n := len(c.Edges); n > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &c.Edges[0].Cursor, &c.Edges[n-1].Cursor
	}
	return c
}
