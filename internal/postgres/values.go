package postgres

import (
	"fmt"

	"github.com/switchboard-voice/switchboard/internal/fault"
)

// NotFound is what a failed query for one row means to whoever asked for that thing.
func NotFound(err error, thing string) error {
	if Missing(err) {
		return fault.NotFound(thing)
	}
	return fmt.Errorf("reading the %s: %w", thing, err)
}

// OrNull is a text as a column that knows no empty one.
func OrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Text is a column that may be NULL as a text that may be empty.
func Text(column *string) string {
	if column == nil {
		return ""
	}
	return *column
}

// Int is a column as the number that rooms calculate with.
func Int(column *int32) *int {
	if column == nil {
		return nil
	}
	n := int(*column)
	return &n
}

// Words are the values of an enum as an array of text.
func Words[T ~string](list []T) []string {
	words := make([]string, len(list))
	for i, one := range list {
		words[i] = string(one)
	}
	return words
}
