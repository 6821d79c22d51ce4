package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// pooledConnections to the database are fewer than our pool has: statements of one session meet many.
	pooledConnections = 4
	// pooledFor is long enough for each of our connections to meet each of the database's.
	pooledFor = 5 * time.Second
	// pooledAskers are more than the connections that the pooler has to the database.
	pooledAskers = 16
	// poolerUser runs the pooler when we are root, which it refuses to be.
	poolerUser = "nobody"
)

// pooler puts a real PgBouncer in transaction mode in front of the database, and lets the server reach the
// database also directly in a second round.
func pooler(ctx context.Context, l *stage) error {
	calls, err := l.Seed(ctx, lab.Organizations)
	if err != nil {
		return err
	}
	pooled, err := l.openPooler(ctx)
	if err != nil {
		return err
	}
	if err := l.Server.Stop(); err != nil {
		return fmt.Errorf("stopping the server of the lab: %w", err)
	}
	for name, settings := range map[string][]string{
		"only the pooler":          {"DATABASE_URL=" + pooled, soon},
		"pooler and a direct line": {"DATABASE_URL=" + pooled, "DATABASE_URL_UNPOOLED=" + l.Database, soon},
	} {
		if l.Server, err = l.Launch(ctx, settings...); err != nil {
			return err
		}
		other, err := l.Launch(ctx, settings...)
		if err != nil {
			return err
		}
		l.walks(ctx, l.Server, calls[0], name)
		l.crossed(ctx, other, calls[1], name)
		if err := l.pooledQueries(ctx, calls, name); err != nil {
			return err
		}
		if err := errors.Join(l.Server.Stop(), other.Stop()); err != nil {
			return err
		}
		if err := l.poolerLog(name, len(settings) == 2); err != nil {
			return err
		}
	}
	return nil
}

// crossed follows at the other server what is uploaded to the first.
func (l *stage) crossed(ctx context.Context, other *lab.Process, c lab.Call, name string) {
	took, err := walk(ctx, as(c, other.URL), c)
	l.promise(err == nil, "%s: the same at a second server, %s %s", name, ms(took), said(err))
}

// pooledQueries asks from all sides at once: a statement that was prepared on another connection fails.
func (l *stage) pooledQueries(ctx context.Context, calls []lab.Call, name string) error {
	var all sync.WaitGroup
	var failed [pooledAskers]error
	var asked [pooledAskers]int
	end := time.Now().Add(pooledFor)
	client := &http.Client{Timeout: lab.Patience, Transport: &http.Transport{MaxIdleConnsPerHost: pooledAskers}}
	defer client.CloseIdleConnections()
	for s := range pooledAskers {
		all.Go(func() {
			for time.Now().Before(end) && failed[s] == nil {
				c := calls[(s+asked[s])%len(calls)]
				answer, err := l.Ask(ctx, client, c.Token, "query($id: ID!) { transcription(id: $id) { status recording { filename } } }", map[string]any{"id": c.Transcription.String()})
				if err == nil && !bytes.Contains([]byte(answer), []byte(`"PROCESSING"`)) {
					err = fmt.Errorf("answered with %.200s", answer)
				}
				failed[s] = err
				asked[s]++
			}
		})
	}
	all.Wait()
	sum := 0
	for _, n := range asked {
		sum += n
	}
	err := errors.Join(failed[:]...)
	l.promise(err == nil, "%s: %d queries over %d connections, none failed %s", name, sum, pooledConnections, said(err))
	return nil
}

// poolerLog looks at what the server said of it.
func (l *stage) poolerLog(name string, deaf bool) error {
	text, err := os.ReadFile(l.Server.Log)
	if err != nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	listens := !bytes.Contains(text, []byte("no connection can listen"))
	l.promise(listens != deaf, "%s: that no connection can listen is said: %v", name, !listens)
	bad := ""
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, []byte("prepared statement")) {
			bad = string(line)
		}
	}
	l.promise(bad == "", "%s: no word of prepared statements in the log %s", name, bad)
	return nil
}

// openPooler starts the pooler and gives the database's address through it.
func (l *stage) openPooler(ctx context.Context) (string, error) {
	program, err := l.installed(ctx, "pgbouncer", "/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer")
	if err != nil {
		return "", err
	}
	database, err := url.Parse(l.Database)
	if err != nil {
		return "", fmt.Errorf("reading the database's address: %w", err)
	}
	ports, err := lab.FreePorts(1)
	if err != nil {
		return "", err
	}
	password, _ := database.User.Password()
	file := filepath.Join(l.Dir, "pgbouncer.ini")
	settings := fmt.Sprintf("[databases]\n* = host=%s port=%s user=%s password=%s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\n"+
		"auth_type = any\npool_mode = transaction\nmax_client_conn = 200\ndefault_pool_size = %d\nreserve_pool_size = 0\n",
		database.Hostname(), database.Port(), database.User.Username(), password, ports[0], pooledConnections)
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		return "", fmt.Errorf("writing the pooler's settings: %w", err)
	}
	args := []string{file}
	if os.Geteuid() == 0 {
		args = []string{"-u", poolerUser, file}
	}
	if err := l.aside(program, args...); err != nil {
		return "", err
	}
	database.Host = fmt.Sprintf("127.0.0.1:%d", ports[0])
	return database.String(), lab.Eventually(ctx, "the pooler to listen", func() (bool, error) {
		conn, err := net.Dial("tcp", database.Host)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil, nil
	})
}

// aside runs a program beside the lab until that is closed.
func (l *stage) aside(program string, args ...string) error {
	log, err := os.Create(filepath.Join(l.Dir, filepath.Base(program)+".log"))
	if err != nil {
		return fmt.Errorf("making a log: %w", err)
	}
	defer log.Close() // the program has its own copy
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", filepath.Base(program), err)
	}
	l.AtEnd(func() error {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // that it was killed is no news
		return nil
	})
	return nil
}
