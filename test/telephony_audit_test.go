package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// changes lists what the audit log knows of an organization's telephony, oldest first: who, and each change.
func (p *person) changes() (lines []string) {
	p.t.Helper()
	for _, e := range slices.Backward(p.audit("ORGANIZATION_UPDATED")) {
		who := "operator"
		if e.Actor.User != nil {
			who = "member"
		}
		for _, d := range e.Detail {
			who += fmt.Sprintf("; %s: %s", d.Name, d.Value)
		}
		lines = append(lines, who)
	}
	return lines
}

func TestEveryChangeOfTelephonyStandsInTheAuditLogWithWhatWasBefore(t *testing.T) {
	t.Parallel()
	a := start(t)
	owner, rival := a.person("ours", "OWNER"), a.person("rivals", "OWNER")
	numbers := func(args ...string) string {
		t.Helper()
		out, err := a.command(append([]string{"number"}, args...)...)
		if err != nil {
			return "refused: " + out
		}
		return out
	}
	numbers("add", "ours", ourNumber)
	numbers("add", "ours", ourNumber) // again, it is no change
	if out := numbers("add", "rivals", ourNumber); !strings.Contains(out, "refused: ") {
		t.Errorf("one number for two: %s", out)
	}
	owner.rule(vars{"record": true, "announcement": "We listen.", "maxDailyCalls": 7})
	owner.rule(vars{"record": true, "maxDailyCalls": 7}) // as it is
	owner.rule(vars{"record": false, "announcement": nil, "allowedCountries": []string{"US", "DE"}})
	for _, to := range []any{"+12025550155", nil} {
		if _, problems := owner.mutate(setNumber, vars{"in": vars{"id": owner.numberID(), "forwardTo": to}}); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	numbers("remove", ourNumber)
	want := []string{
		"operator; numberAdded: " + ourNumber,
		`member; announcement: null → "We listen."; maxDailyCalls: 500 → 7; record: false → true`,
		`member; allowedCountries: null → ["DE","US"]; announcement: "We listen." → null; record: true → false`,
		`member; forwardTo: null → "+12025550155"; number: ` + ourNumber,
		`member; forwardTo: "+12025550155" → null; number: ` + ourNumber,
		"operator; numberRemoved: " + ourNumber,
	}
	if got := owner.changes(); !slices.Equal(got, want) {
		t.Errorf("the audit log has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if theirs := rival.changes(); len(theirs) != 0 {
		t.Errorf("another organization's has %v", theirs)
	}
}
