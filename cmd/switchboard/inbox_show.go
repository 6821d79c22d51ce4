package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/inbox"
)

// longest is how much of a vendor's word or of an error fits a line of a terminal.
const longest = 48

// keptJSON is a webhook for scripts: names that stay.
type keptJSON struct {
	ID             string     `json:"id"`
	Source         string     `json:"source"`
	Type           string     `json:"type"`
	ExternalID     *string    `json:"externalId"`
	OrganizationID *string    `json:"organizationId"`
	Status         string     `json:"status"`
	Attempts       int        `json:"attempts"`
	Error          *string    `json:"error"`
	Note           *string    `json:"note"`
	Size           int        `json:"size"`
	ReceivedAt     time.Time  `json:"receivedAt"`
	QueuedAt       time.Time  `json:"queuedAt"`
	ProcessedAt    *time.Time `json:"processedAt"`
}

func forScripts(k inbox.Kept) keptJSON {
	j := keptJSON{
		ID: k.ID.String(), Source: string(k.Source), Type: k.Type, ExternalID: k.ExternalID, Status: string(k.Status), Attempts: k.Attempts,
		Error: k.Error, Note: k.Note, Size: k.Size, ReceivedAt: k.ReceivedAt.UTC(), QueuedAt: k.QueuedAt.UTC(), ProcessedAt: k.ProcessedAt,
	}
	if k.OrganizationID != nil {
		owner := k.OrganizationID.String()
		j.OrganizationID = &owner
	}
	return j
}

func printKeptLines(to io.Writer, list []inbox.Kept) error {
	lines := json.NewEncoder(to)
	for _, k := range list {
		if err := lines.Encode(forScripts(k)); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}

func printKeptTable(to io.Writer, list []inbox.Kept, now time.Time) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tSOURCE\tTYPE\tSTATUS\tATTEMPTS\tAGE\tERROR")
	for _, k := range list {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", k.ID, k.Source, oneLine(k.Type), k.Status, k.Attempts, age(now.Sub(k.ReceivedAt)), oneLine(why(k)))
	}
	return table.Flush()
}

// why is the operator's note, or else the error.
func why(k inbox.Kept) string {
	switch {
	case k.Note != nil:
		return *k.Note
	case k.Error != nil:
		return *k.Error
	}
	return ""
}

// age in the largest unit that says something.
func age(d time.Duration) string {
	if d >= 48*time.Hour {
		return strconv.Itoa(int(d/(24*time.Hour))) + "d"
	}
	return d.Round(time.Second).String()
}

// oneLine is what senders wrote, fit for a table.
func oneLine(s string) string {
	clean := printable(s)
	if utf8.RuneCountInString(clean) <= longest {
		return clean
	}
	return string([]rune(clean)[:longest-1]) + "…"
}

func printWhole(to io.Writer, w inbox.Whole) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	line := func(name, value string) { _, _ = fmt.Fprintf(table, "%s\t%s\n", name, printable(value)) }
	line("id", w.ID.String())
	line("source", string(w.Source))
	line("type", w.Type)
	if w.ExternalID != nil {
		line("external id", *w.ExternalID)
	}
	if w.OrganizationID != nil {
		line("organization", w.OrganizationID.String())
	}
	line("status", string(w.Status))
	line("attempts", strconv.Itoa(w.Attempts))
	if w.Error != nil {
		line("error", *w.Error)
	}
	if w.Note != nil {
		line("note", *w.Note)
	}
	line("received", w.ReceivedAt.UTC().Format(time.RFC3339))
	line("queued", w.QueuedAt.UTC().Format(time.RFC3339))
	if w.ProcessedAt != nil {
		line("finished", w.ProcessedAt.UTC().Format(time.RFC3339))
	}
	line("query", w.Query)
	for _, name := range slices.Sorted(maps.Keys(w.Headers)) {
		line("header "+name, strings.Join(w.Headers[name], ", "))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	_, err := fmt.Fprintf(to, "body, %d bytes:\n%s\n", w.Size, body(w.Body))
	return err
}

// body shows a text as it is, and other bytes as Go would quote them: a terminal obeys some of those.
func body(raw []byte) string {
	if text(raw) {
		return string(raw)
	}
	return strconv.QuoteToASCII(string(raw))
}

func text(raw []byte) bool {
	return utf8.Valid(raw) && !strings.ContainsFunc(string(raw), func(r rune) bool {
		return !unicode.IsPrint(r) && r != '\n' && r != '\t'
	})
}

func printWholeJSON(to io.Writer, w inbox.Whole) error {
	whole := struct {
		keptJSON
		Query      string              `json:"query"`
		Headers    map[string][]string `json:"headers"`
		Body       *string             `json:"body"`
		BodyBase64 []byte              `json:"bodyBase64,omitempty"`
	}{keptJSON: forScripts(w.Kept), Query: w.Query, Headers: w.Headers}
	if utf8.Valid(w.Body) {
		whole.Body = new(string)
		*whole.Body = string(w.Body)
	} else {
		whole.BodyBase64 = w.Body
	}
	lines := json.NewEncoder(to)
	lines.SetIndent("", "  ")
	return lines.Encode(whole)
}

// sentence is a fault without its code: what a person at a terminal needs.
func sentence(err error) error {
	if f := fault.As(err); f != nil && f.Code != fault.CodeUnavailable {
		return errors.New(f.Message)
	}
	return err
}
