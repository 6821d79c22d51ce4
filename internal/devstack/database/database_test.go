package database

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestDataSurvivesStopAndStart(t *testing.T) {
	t.Parallel()
	options := Options{Home: home(t), Durable: true, Name: "voices"}
	first := start(t, options)
	execute(t, first, "CREATE TABLE kept AS SELECT 42 AS answer")
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	second := start(t, options)
	if got := value(t, second, "SELECT answer::text FROM kept"); got != "42" {
		t.Errorf("answer = %q", got)
	}
	if first.URL != second.URL {
		t.Errorf("the address changed from %s to %s", first.URL, second.URL)
	}
}

func TestTwoProgramsUseOneHomeTogether(t *testing.T) {
	t.Parallel()
	options := Options{Home: home(t)}
	servers, errs := make([]*Server, 2), make([]error, 2)
	var both sync.WaitGroup
	for i := range servers {
		both.Go(func() { servers[i], errs[i] = Start(t.Context(), options) })
	}
	both.Wait()
	if servers[0] == nil || servers[1] == nil || servers[0].URL != servers[1].URL {
		t.Fatalf("servers = %+v, errors = %v", servers, errs)
	}
	owner, guest := servers[0], servers[1]
	if owner.lock == nil {
		owner, guest = guest, owner
	}
	if err := guest.Stop(); err != nil {
		t.Fatal(err)
	}
	if got := value(t, owner, "SELECT 'up'"); got != "up" {
		t.Errorf("after the guest's Stop: %q", got)
	}
	if err := owner.Stop(); err != nil {
		t.Fatal(err)
	}
}

func TestATakenPortIsSaid(t *testing.T) {
	t.Parallel()
	taken, port := listen(t)
	defer taken.Close()
	_, err := Start(t.Context(), Options{Home: home(t), Port: port})
	want := fmt.Sprintf("port %d is taken by another program: end that program, or choose another port for the database", port)
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestARememberedPortThatIsTakenIsReplaced(t *testing.T) {
	t.Parallel()
	options := Options{Home: home(t)}
	first := start(t, options)
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(first.URL)
	if err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp4", address.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if second := start(t, options); second.URL == first.URL {
		t.Error("the server claims a port that another program has")
	}
}

func TestPostgresNeverRunsAsRoot(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Home: home(t)})
	for _, path := range []string{s.Data, filepath.Join(s.Data, pidName)} {
		var stat syscall.Stat_t
		if err := syscall.Stat(path, &stat); err != nil || stat.Uid == 0 {
			t.Errorf("%s belongs to uid %d, %v", path, stat.Uid, err)
		}
	}
}

func TestAHomeThatPostgresMayNotEnterIsNoObstacle(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	s := start(t, Options{Home: dir, Say: func(format string, args ...any) { fmt.Fprintf(&said, format+"\n", args...) }})
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(s.Data)) })
	if !strings.Contains(said.String(), filepath.Dir(s.Data)) {
		t.Errorf("the data is in %s and nobody was told: %q", s.Data, said.String())
	}
}

func TestOnlyWhoKnowsThePasswordGetsIn(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Home: home(t)})
	address, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if host, _, _ := net.SplitHostPort(address.Host); host != value(t, s, "SHOW listen_addresses") || host != "127.0.0.1" {
		t.Errorf("listens on %q", value(t, s, "SHOW listen_addresses"))
	}
	address.User = url.UserPassword(superuser, "guess")
	if _, err := pgx.Connect(t.Context(), address.String()); err == nil || !strings.Contains(err.Error(), "28P01") {
		t.Errorf("connecting with a wrong password: %v", err)
	}
}

func TestThrowawayLeavesNothing(t *testing.T) {
	t.Parallel()
	s, err := Throwaway(t.Context(), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	if got := value(t, s, "SHOW fsync") + " " + value(t, s, "SHOW timezone"); got != "off Asia/Kolkata" {
		t.Errorf("settings = %s", got)
	}
	if err := errors.Join(s.Stop(), s.Stop()); err != nil {
		t.Fatal(err)
	}
	wantNoFolder(t, filepath.Dir(s.Data))
}
