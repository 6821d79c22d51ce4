package main

import (
	"fmt"
	"strings"
)

// The bounds that a run fails on.
const (
	maxStatements = 3
	maxCPU        = 7
	minIntake     = 0.5
	maxMedian     = 25  // ms
	maxSlowest    = 100 // ms, p99
	maxSocket     = 40  // KB
	// noise is what two runs on a machine that others use too may differ by.
	noise = 1.1
)

// row is one line of the table.
type row struct{ what, ours, byHand, ratio, bound string }

// table is what make bench prints.
type table struct {
	rows   []row
	broken []string
}

func (t *table) add(r row, holds bool) {
	t.rows = append(t.rows, r)
	if !holds {
		t.broken = append(t.broken, fmt.Sprintf("%s: %s, but the bound is %s.", r.what, strings.TrimSpace(r.ours+" "+r.ratio), r.bound))
	}
}

func (t *table) String() string {
	var out strings.Builder
	out.WriteString("| | Switchboard | by hand | ratio | bound |\n|---|--:|--:|--:|--:|\n")
	for _, r := range t.rows {
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", r.what, r.ours, r.byHand, r.ratio, r.bound)
	}
	return out.String()
}
