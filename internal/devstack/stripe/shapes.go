package stripe

import (
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
)

// shapes are the vendor's objects with nothing in them, one a kind, from the examples of its own mock: the
// fields that a client may look for, with the nulls and defaults that it finds.
//
//go:embed shapes.json
var shapes []byte

type object = map[string]any

// shaped is an object of a kind with what we know laid over it.
func shaped(kind string, known object) object {
	var all map[string]object // read anew each time: what is nested must not be shared
	if err := json.Unmarshal(shapes, &all); err != nil || all[kind] == nil {
		panic(fmt.Sprintf("no shape for %s: %v", kind, err)) // it is part of the binary
	}
	out := all[kind]
	for name, value := range known {
		out[name] = value
	}
	return out
}

// listed is the vendor's list.
func listed(url string, data []object, more bool) object {
	if data == nil {
		data = []object{}
	}
	return object{"object": "list", "data": data, "has_more": more, "url": url}
}

// newID looks like the vendor's.
func newID(prefix string) string { return prefix + "_" + rand.Text()[:24] }

// orNull is the vendor's null for what is not set.
func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// page cuts a list, newest first, as the vendor does.
func page[T interface{ object() object }](c *call, url string, newestFirst []T) (any, error) {
	limit := 10 // the vendor's own
	if given := c.get("limit"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 || n > 100 {
			return nil, bad("limit", "Invalid limit: it must be between 1 and 100.")
		}
		limit = n
	}
	if c.get("ending_before") != "" {
		return nil, bad("ending_before", "The local service walks forward only.")
	}
	data, after, more := []object{}, c.get("starting_after"), false
	passed := after == ""
	for _, each := range newestFirst {
		o := each.object()
		switch {
		case !passed:
			passed = o["id"] == after
		case len(data) == limit:
			more = true
		default:
			data = append(data, o)
		}
	}
	if !passed {
		return nil, missing(c, "object", "starting_after", after)
	}
	return listed(url, data, more), nil
}

// newest turns a list that grew at its end, and keeps what fits.
func newest[T any](oldestFirst []T, fits func(T) bool) []T {
	var found []T
	for i := len(oldestFirst) - 1; i >= 0; i-- {
		if fits(oldestFirst[i]) {
			found = append(found, oldestFirst[i])
		}
	}
	return found
}

// find gives nil where nothing fits.
func find[T any](all []*T, fits func(*T) bool) *T {
	for _, each := range all {
		if fits(each) {
			return each
		}
	}
	return nil
}
