package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Document is what one GraphQL document may cost.
type Document struct {
	// DocumentLimits are those that differ from the program's own, which keep what nobody signed in for below
	// 50 ms of CPU.
	DocumentLimits map[Measure]int `env:"LIMIT_DOCUMENT"`
}

// Measure is something that is counted in a document, as its refusal names it.
type Measure string

// Measures are all that can be limited.
func Measures() []Measure {
	return []Measure{"BYTES", "TOKENS", "DEFINITIONS", "FRAGMENTS", "DIRECTIVES", "ALIASES", "DEPTH", "ROOT_FIELDS", "COMPARISONS", "COST"}
}

// documentParsers read this file's type.
func documentParsers() map[reflect.Type]env.ParserFunc {
	return map[reflect.Type]env.ParserFunc{reflect.TypeFor[map[Measure]int](): documentLimits}
}

func documentLimits(value string) (any, error) {
	all := map[Measure]int{}
	for _, part := range list(value) {
		word, number, _ := strings.Cut(part, "=")
		most, err := strconv.ParseInt(number, 10, 32)
		if measure := Measure(strings.ToUpper(word)); err == nil && most > 0 && slices.Contains(Measures(), measure) {
			all[measure] = int(most)
			continue
		}
		return nil, want(fmt.Sprintf("a comma list of limits of 1 or more, e.g. COST=90000,DEPTH=20, of %v; what is left out stays as it is", Measures()))
	}
	return all, nil
}
