package test

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
)

func TestHealthAndReadinessSayDifferentThings(t *testing.T) {
	t.Parallel()
	a := start(t)
	if status, text := a.get("/health"); status != 200 || !strings.Contains(text, "switchboard") {
		t.Errorf("health: %d %s", status, text)
	}
	a.exec(`DELETE FROM switchboard.goose_db_version WHERE version_id = (SELECT max(version_id) FROM switchboard.goose_db_version)`)
	if status, _ := a.get("/ready"); status != 503 {
		t.Errorf("ready on a schema that is too old: %d", status)
	}
	if status, _ := a.get("/health"); status != 200 {
		t.Errorf("health on a schema that is too old: %d", status)
	}
}

func TestMigrateBringsAnEmptyDatabaseUpAndSaysSo(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.database = testdb.Empty(t)
	fresh := *a.process
	a.process = &fresh
	cmd := *a.cmd
	cmd.Env = append(append([]string{}, a.cmd.Env...), "DATABASE_URL="+a.database)
	a.process.cmd = &cmd
	if out, err := a.command("migrate", "status"); err != nil || !strings.Contains(out, "missing  0001_identity.sql") {
		t.Errorf("status before: %v\n%s", err, out)
	}
	if out, err := a.command("migrate", "up"); err != nil || strings.HasPrefix(out, "0 migrations") {
		t.Errorf("up: %v\n%s", err, out)
	}
	if out, err := a.command("migrate", "up"); err != nil || !strings.Contains(out, "0 migrations applied") {
		t.Errorf("up again: %v\n%s", err, out)
	}
	if out, _ := a.command("migrate", "status"); strings.Contains(out, "missing") {
		t.Errorf("status after:\n%s", out)
	}
}

// statements are the numbers that the log gives for the requests with these ids.
func (p *process) statements(id string) (n int) {
	p.t.Helper()
	eventually(p.t, "the line about request "+id, func() bool {
		lines := bufio.NewScanner(strings.NewReader(p.output.String()))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var line struct {
				Msg, Request string
				SQL          int
			}
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "request" && line.Request == id {
				n = line.SQL
				return true
			}
		}
		return false
	})
	return n
}

func TestListCostsTheSameStatementsHoweverManyRows(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	a.exec(`INSERT INTO switchboard.recordings (id, organization_id, source, status, object_key, content_type, size_bytes)
		SELECT gen_random_uuid(), $1, 'UPLOAD', 'STORED', 'uploads/' || n, 'audio/wav', 1 FROM generate_series(1, 100) n`, p.organization.UUID)
	a.exec(`INSERT INTO switchboard.transcriptions (id, organization_id, recording_id, status, analysis, version, text, finished_at)
		SELECT gen_random_uuid(), organization_id, id, 'COMPLETED', '{}', 1, 'Hello.', now() FROM switchboard.recordings`)
	a.exec(`INSERT INTO switchboard.utterances (transcription_id, index, organization_id, speaker_key, start_ms, end_ms, text, words)
		SELECT id, 0, organization_id, 'A', 0, 1, 'Hello.', '[]' FROM switchboard.transcriptions`)
	for fields, c := range map[string]struct {
		rows []int
		most int
	}{
		"id transcriptions { id status text }": {[]int{1, 20, 100}, 4}, // opening the session, and three
		"id organization { name } audio { url } transcriptions { id recording { id } speakers { key } utterances(first: 1) { totalCount nodes { text } } chapters { gist } }": {[]int{1, 10, 50}, 12}, // and the playback links, written down in a transaction
	} {
		counts := map[int]int{}
		for _, rows := range c.rows {
			id := uuid.NewString()
			query := fmt.Sprintf(`{"query":"{ organization(slug: \"ours\") { recordings(first: %d) { nodes { %s } pageInfo { hasNextPage } } } }"}`, rows, fields)
			response, text := a.post(query, http.Header{"Authorization": {"Bearer " + p.token}, "X-Request-Id": {id}})
			if response.StatusCode != 200 || strings.Contains(text, `"errors"`) || strings.Count(text, `"Hello."`) < rows {
				t.Fatalf("%d rows: %d %.300s", rows, response.StatusCode, text)
			}
			counts[rows] = a.statements(id)
		}
		few, some, many := counts[c.rows[0]], counts[c.rows[1]], counts[c.rows[2]]
		if few != some || some != many || many > c.most {
			t.Errorf("%s: statements by rows %v, want the same and at most %d", fields, counts, c.most)
		}
	}
}

func TestClosedSubscriptionsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	a := start(t, fmt.Sprintf("METRICS_PORT=%d", port))
	p := a.person("ours", "OPERATOR")
	a.provider.SetFaults(assemblyai.Faults{Delay: time.Minute})
	id := p.transcribe()
	metric := func(name string) (value float64) {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", port))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		for line := range strings.SplitSeq(string(text), "\n") {
			if rest, ok := strings.CutPrefix(line, name+" "); ok {
				value, _ = strconv.ParseFloat(rest, 64)
			}
		}
		return value
	}
	p.becomes(id, "PROCESSING")
	const streams = 15
	round := func() {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		for range streams {
			go func() {
				ended <- p.Subscribe(ctx, watchStatus, vars{"id": id}, func(json.RawMessage) error { return nil })
			}()
		}
		eventually(t, "all streams to be open", func() bool { return metric("switchboard_socket_operations") == streams })
		cancel()
		for range streams {
			<-ended
		}
		eventually(t, "the sockets to be gone", func() bool { return metric("switchboard_sockets_open") == 0 })
	}
	round() // the first one also starts what stays: connections, workers
	before := metric("go_goroutines")
	for range 20 { // the least that is seen: the last streams are just ending
		before = min(before, metric("go_goroutines"))
	}
	const rounds = 6
	for range rounds {
		round()
	}
	// Jobs and connections come and go; streams that left one goroutine each would be 90.
	eventually(t, "as few goroutines as before", func() bool { return metric("go_goroutines") <= before+streams })
}

// deaf passes everything between a client and Postgres on except notifications, as a transaction pooler
// does: LISTEN succeeds and is never heard.
func deaf(t *testing.T, database string) string {
	t.Helper()
	address, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	server := address.Host
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go passDeaf(client, server)
		}
	}()
	address.Host = listener.Addr().String()
	return address.String()
}

func passDeaf(client net.Conn, server string) {
	defer client.Close()
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer upstream.Close()
	go func() {
		_, _ = io.Copy(upstream, client)
		upstream.Close()
	}()
	reader := bufio.NewReader(upstream)
	for {
		head := make([]byte, 5)
		if _, err := io.ReadFull(reader, head); err != nil {
			return
		}
		body := make([]byte, int(head[1])<<24|int(head[2])<<16|int(head[3])<<8|int(head[4])-4)
		if _, err := io.ReadFull(reader, body); err != nil {
			return
		}
		if head[0] == 'A' { // NotificationResponse
			continue
		}
		if _, err := client.Write(append(head, body...)); err != nil {
			return
		}
	}
}

func TestWithoutAConnectionThatCanListenItPollsAndSaysSo(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	silent := a.run("DATABASE_URL=" + deaf(t, a.database))
	if !strings.Contains(silent.output.String(), "no connection can listen") {
		t.Errorf("nothing was said of it:\n%s", silent.output)
	}
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	a.process = silent
	other := a.run("DATABASE_URL=" + deaf(t, a.database))
	a.provider.SetFaults(assemblyai.Faults{Delay: time.Second})
	began := time.Now()
	if got := statuses(p.at(other).follow(p.at(silent).transcribe(), nil)); !strings.HasSuffix(got, "COMPLETED") {
		t.Errorf("on the other's screen: %s", got)
	}
	if took := time.Since(began); took > 12*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestNoSecretIsEverPrinted(t *testing.T) {
	t.Parallel()
	a := start(t, "LOG_LEVEL=debug")
	p := a.person("ours", "ADMIN")
	id := p.transcribe()
	p.becomes(id, "COMPLETED")
	var out struct {
		Transcription struct{ Download struct{ URL string } }
	}
	p.must(`query($id: ID!) { transcription(id: $id) { download(format: SRT) { url } } }`, vars{"id": id}, &out)
	if status := get(t, out.Transcription.Download.URL); status != 200 {
		t.Fatalf("download: %d", status)
	}
	wrong := "wrong-" + a.secrets.webhook
	a.knock("", `{}`, &wrong)
	a.post(whoami, http.Header{"Authorization": {"Bearer " + p.token + "x"}})
	a.provider.SetFaults(assemblyai.Faults{ErrorTranscript: "no"})
	p.becomes(p.transcribe(), "FAILED")
	var everything string // of the database, as text
	a.scan(&everything, `SELECT string_agg(query_to_xml(format('SELECT t::text FROM %I.%I t', schemaname, tablename), true, false, '')::text, '')
		FROM pg_tables WHERE schemaname IN ('switchboard', 'river')`)
	p.must(`mutation($id: ID!) { recordingDelete(id: $id) { recordingId } }`, vars{"id": p.state(id).Recording.ID}, nil)
	eventually(t, "the provider to forget it", func() bool { return a.provider.Stats().Deleted == 1 })

	signature := out.Transcription.Download.URL[strings.Index(out.Transcription.Download.URL, "signature=")+10:]
	password, _ := url.Parse(a.database)
	word, _ := password.User.Password()
	keeps := func(word string) bool { // bodies of webhooks are bytes, which are shown in hex
		return strings.Contains(everything, word) || strings.Contains(everything, hex.EncodeToString([]byte(word)))
	}
	for _, known := range []string{"transcription.submit", "ASSEMBLYAI", "transcript_id", "Good morning", p.slug} {
		if !keeps(known) {
			t.Errorf("%d bytes of the database were read, without %q", len(everything), known)
		}
	}
	for name, secret := range map[string]string{
		"the session secret": a.secrets.auth, "the webhook secret": a.secrets.webhook, "the provider's key": a.secrets.provider, "a token": p.token[:60],
	} {
		if keeps(secret) {
			t.Errorf("%s is kept in the database", name)
		}
	}
	for name, secret := range map[string]string{
		"the session secret": a.secrets.auth, "the webhook secret": a.secrets.webhook, "the provider's key": a.secrets.provider,
		"a token": p.token[:60], "a link's signature": signature, "the database's password": word, "what was said": "Good morning",
	} {
		if secret != "" && strings.Contains(a.output.String(), secret) {
			t.Errorf("%s is in the log", name)
		}
	}
}
