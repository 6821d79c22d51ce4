package steps

import (
	"regexp"
	"strings"
)

var (
	writes = regexp.MustCompile(`(?i)\b(insert\s+into|delete\s+from|merge\s+into|update\s+\S+\s+(as\s+)?(\w+\s+)?set)\b`)
	copied = regexp.MustCompile(`(?i)^copy (?:"?\w+"?\.)?"?(\w+)`)
	named  = regexp.MustCompile(`-- name: (\w+)`)
	// nothing is a tag of a statement that found no row to change.
	nothing = regexp.MustCompile(`^(INSERT 0|UPDATE|DELETE|MERGE|SELECT|COPY) 0$`)
	// background is what River says to itself every few seconds: who leads, and which queues there are.
	background = regexp.MustCompile(`\b(river_(leader|queue|client|client_queue)|job_processes)\b`)
)

func isCommit(sql string) bool {
	return strings.EqualFold(strings.TrimRight(strings.TrimSpace(sql), ";"), "commit")
}

func isBackground(sql string) bool { return background.MatchString(sql) }

// changes says whether a statement changed rows. One that begins WITH may write and be told of as a SELECT.
func changes(tag, sql string) bool {
	verb, _, _ := strings.Cut(tag, " ")
	switch verb {
	case "INSERT", "UPDATE", "DELETE", "MERGE", "COPY":
		return !nothing.MatchString(tag)
	}
	return verb == "SELECT" && !nothing.MatchString(tag) && writes.MatchString(sql)
}

// label is how a statement is called in the query files, else how it begins.
func label(sql string) string {
	if found := named.FindStringSubmatch(sql); found != nil {
		return found[1]
	}
	if found := copied.FindStringSubmatch(sql); found != nil {
		return "Copy(" + found[1] + ")"
	}
	words := strings.Fields(sql)
	return strings.Join(words[:min(len(words), 4)], " ")
}
