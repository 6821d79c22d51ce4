package test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// locked holds a table, so that every query of it hangs, until release.
func (a *app) locked(table string) (release func()) {
	a.t.Helper()
	ctx := within(a.t)
	conn, err := pgx.Connect(ctx, a.database)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { _ = conn.Close(context.Background()) }) // a test that fails lets go, too
	if _, err := conn.Exec(ctx, "BEGIN; LOCK TABLE switchboard."+table+" IN ACCESS EXCLUSIVE MODE"); err != nil {
		a.t.Fatal(err)
	}
	return func() {
		if _, err := conn.Exec(ctx, "ROLLBACK"); err != nil {
			a.t.Fatal(err)
		}
	}
}

func TestPoolThatIsExhaustedSaysSoSoonAndRecovers(t *testing.T) {
	t.Parallel()
	const connections = 2
	a := start(t, fmt.Sprintf("DATABASE_MAX_CONNS=%d", connections))
	p := a.person("ours", "OPERATOR")
	bearer := http.Header{"Authorization": {"Bearer " + p.token}}
	release := a.locked("recordings")
	slow := make(chan int, connections)
	for range connections {
		go func() {
			response, _ := a.post(`{"query":"{ organization(slug: \"ours\") { recordings { nodes { id } } } }"}`, bearer)
			slow <- response.StatusCode
		}()
	}
	eventually(t, "every connection to hang", func() bool {
		return a.rows(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == connections
	})

	for name, ask := range map[string]func() (int, string){
		"a query": func() (int, string) { response, text := a.post(whoami, bearer); return response.StatusCode, text },
		"a webhook": func() (int, string) {
			return a.knock("?full", `{"transcript_id":"x","status":"completed"}`, &a.secrets.webhook), "UNAVAILABLE"
		},
	} {
		began := time.Now()
		status, text := ask()
		if status != http.StatusServiceUnavailable || !strings.Contains(text, "UNAVAILABLE") {
			t.Errorf("%s: %d %s", name, status, text)
		}
		// The wait for a connection is 2 s; the rest is for a busy machine.
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s was told after %s", name, took)
		}
	}
	release()
	for range connections {
		if status := <-slow; status != http.StatusOK {
			t.Errorf("who had a connection: %d", status)
		}
	}
	if response, text := a.post(whoami, bearer); response.StatusCode != http.StatusOK {
		t.Errorf("a query afterwards: %d %s", response.StatusCode, text)
	}
	if status := a.knock("?after", `{"transcript_id":"x","status":"completed"}`, &a.secrets.webhook); status != http.StatusOK {
		t.Errorf("a webhook afterwards: %d", status)
	}
}
