package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// place is something that make run has brought up beside the service.
type place struct{ name, address, note string }

// usualServer is what the commands try when nothing else is said.
const usualServer = "http://localhost:8080"

// welcome says what there is and what to try.
func (d *dev) welcome() {
	base := d.config.PublicURL()
	all := append([]place{
		{"GraphiQL", base + "/graphiql", "the whole API, to be tried"},
		{"GraphQL", base + "/graphql", "POST and websocket"},
		{"Sign in", base + "/api/auth/signin", "as browsers do"},
		{"Webhooks", base + "/api/webhooks/…", "assemblyai, signalwire, stripe"},
	}, d.places...)
	all = append(all, place{"Log", filepath.Join(d.config.Home, "switchboard.log"), "everything, also what went wrong"})
	var text strings.Builder
	columns(&text, all)
	text.WriteString("\n")
	columns(&text, d.tries())
	if d.phone != "" {
		fmt.Fprintf(&text, "\n  Somebody calls in with\n  curl -u %s:%s %s/_dev/inbound -d '{\"from\":\"+12025550142\",\"to\":\"%s\"}'\n", demoProject, d.left.PhoneToken, d.phone, demoNumber)
	}
	fmt.Printf("\n%s\n  Ctrl-C stops all of it; the data stays in %s.\n\n", &text, d.config.Home)
}

// tries are commands to begin with.
func (d *dev) tries() []place {
	at := ""
	if base := d.config.PublicURL(); base != usualServer {
		at = " --server " + base
	}
	return []place{
		{"Try next", "bin/switchboard demo call" + at, "a call, from ringing to its transcript"},
		{"", "bin/switchboard demo checkout" + at, "a plan, from its page to its limits"},
		{"", "bin/switchboard transcribe internal/devstack/samples/jfk.wav" + at, "any other recording"},
		{"", "bin/switchboard token --email " + demo.Email, "for the headers in GraphiQL"},
	}
}

func columns(to io.Writer, rows []place) {
	table := tabwriter.NewWriter(to, 0, 0, 3, ' ', 0)
	for _, r := range rows {
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\n", r.name, r.address, r.note)
	}
	_ = table.Flush() // into memory
}
