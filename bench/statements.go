package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"

	"github.com/switchboard-voice/switchboard/lab"
)

// statements counts what one operation sends to the database, as the server's own log says.
func (l *bench) statements(ctx context.Context, query string, variables map[string]any) (n int, err error) {
	id := rand.Text()
	request, err := l.graphql(query, variables, requestIDHeader, id)
	if err != nil {
		return 0, err
	}
	if _, err := ask(l.Server, request); err != nil {
		return 0, err
	}
	return n, lab.Eventually(ctx, "the request in the log", func() (bool, error) {
		log, err := os.ReadFile(l.Server.Log)
		if err != nil {
			return false, err
		}
		for line := range bytes.Lines(log) {
			var entry struct{ SQL *int }
			if bytes.Contains(line, []byte(id)) && json.Unmarshal(line, &entry) == nil && entry.SQL != nil {
				n = *entry.SQL
				return true, nil
			}
		}
		return false, nil
	})
}

// countStatements fills the first row of the table.
func (l *bench) countStatements(ctx context.Context, t *table) error {
	session, err := l.statements(ctx, whoQuery, nil)
	if err != nil {
		return err
	}
	short, err := l.statements(ctx, listQuery, map[string]any{"s": slug, "n": 20})
	if err != nil {
		return err
	}
	long, err := l.statements(ctx, listQuery, map[string]any{"s": slug, "n": listed})
	if err != nil {
		return err
	}
	r := row{what: "SQL statements for a list of 20 and of 100 recordings with transcriptions, beyond the session", bound: "the same, at most 3"}
	r.ours = fmt.Sprintf("%d and %d", short-session, long-session)
	t.add(r, short == long && long-session <= maxStatements)
	return nil
}
