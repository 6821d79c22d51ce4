package page_test

import (
	"encoding/base64"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/page"
	"pgregory.net/rapid"
)

type place struct {
	At time.Time
	ID uuid.UUID
}

func TestACursorLeadsBackToItsRow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := place{
			At: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at")).UTC(),
			ID: uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")),
		}
		var out place
		if err := page.Decode(page.Encode(in), &out); err != nil || !out.At.Equal(in.At) || out.ID != in.ID {
			t.Errorf("%+v became %+v, %v", in, out, err)
		}
	})
}

func TestAStrangersCursorIsInvalid(t *testing.T) {
	t.Parallel()
	for _, cursor := range []string{
		"", "!", "e30=", " e30", "bnVsbA", base64.RawURLEncoding.EncodeToString([]byte(`{"At":1}`)), base64.RawURLEncoding.EncodeToString([]byte(`{"ID":"x"}`)),
		page.Encode(place{}) + "A", page.Encode([]int{1}), strings.Repeat("A", 513),
	} {
		var out place
		err := page.Decode(cursor, &out)
		if cursor == "bnVsbA" { // null decodes to the first place of all, which is none
			if err != nil || out != (place{}) {
				t.Errorf("null: %+v, %v", out, err)
			}
			continue
		}
		if f := fault.As(err); f == nil || f.Code != fault.CodeInvalid || f.Field != "after" {
			t.Errorf("%q: %+v, %v", cursor, out, err)
		}
	}
}

func TestAPageHasOneToTheMostRows(t *testing.T) {
	t.Parallel()
	for first, ok := range map[int]bool{-1 << 31: false, -1: false, 0: false, 1: true, 100: true, 101: false, 1 << 31: false, 1<<63 - 1: false} {
		size, err := page.Args{First: first}.Size(page.Max)
		if (err == nil) != ok || ok && int(size) != first {
			t.Errorf("%d: %d, %v", first, size, err)
		}
		if f := fault.As(err); !ok && (f == nil || f.Code != fault.CodeInvalid || f.Field != "first") {
			t.Errorf("%d: %v", first, err)
		}
	}
}

// list answers as the queries do: what comes behind a cursor, one row more than asked.
func list(rows []int, after *string, size int32) []int {
	from := 0
	if after != nil {
		var last int
		if err := page.Decode(*after, &last); err != nil {
			return nil
		}
		for from < len(rows) && rows[from] <= last {
			from++
		}
	}
	return rows[from:min(from+int(size)+1, len(rows))]
}

func TestPagesTogetherAreTheListOnceEachInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := make([]int, rapid.IntRange(0, 60).Draw(t, "rows"))
		for i := range rows {
			rows[i] = i * 3
		}
		size := int32(rapid.IntRange(1, 20).Draw(t, "size"))
		seen, after := []int{}, (*string)(nil)
		for range len(rows) + 1 {
			c := page.Cut(list(rows, after, size), size, after != nil, func(n int) string { return page.Encode(n) })
			if len(c.Edges) > int(size) || c.PageInfo.HasPreviousPage != (after != nil) {
				t.Fatalf("%+v", c)
			}
			seen = append(seen, c.Nodes()...)
			if !c.PageInfo.HasNextPage {
				break
			}
			after = c.PageInfo.EndCursor
		}
		if !reflect.DeepEqual(seen, rows) {
			t.Errorf("pages of %d: %v, want %v", size, seen, rows)
		}
	})
}

func TestAnEmptyPageHasNoCursors(t *testing.T) {
	t.Parallel()
	c := page.Cut([]int{}, 5, false, func(int) string { return "x" })
	if c.PageInfo != (page.Info{}) || c.Edges == nil || len(c.Nodes()) != 0 {
		t.Errorf("%+v", c)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(page.Encode(place{}))
	f.Add("bnVsbA")
	f.Fuzz(func(t *testing.T, cursor string) {
		var out place
		if err := page.Decode(cursor, &out); err != nil && !fault.Is(err, fault.CodeInvalid) {
			t.Errorf("%q: %v", cursor, err)
		}
	})
}
