package test

import (
	"net/http"
	"strings"
	"testing"
)

// A deployment migrates first and replaces the processes one by one: the old binary runs on the new schema
// for a while, and may be started again on it.
func TestSchemaThatIsNewerThanTheBinaryIsServed(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.exec(`INSERT INTO switchboard.goose_db_version (version_id, is_applied) SELECT max(version_id) + 1, true FROM switchboard.goose_db_version`)
	if status, text := a.get("/ready"); status != http.StatusOK {
		t.Errorf("ready: %d %s", status, text)
	}
	other := a.run() // fails the test when it does not become ready
	p := a.person("ours", "OPERATOR").at(other)
	if got := statuses(p.follow(p.transcribe(), nil)); !strings.HasSuffix(got, "COMPLETED") {
		t.Errorf("on the screen: %s", got)
	}
	if out, err := a.command("migrate", "up"); err != nil || !strings.Contains(out, "0 migrations applied") {
		t.Errorf("migrating with the older binary: %v\n%s", err, out)
	}
}
