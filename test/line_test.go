package test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// line is a bare connection: what is sent on it, no library has put right before.
type line struct {
	t      *testing.T
	conn   *net.TCPConn
	reader *bufio.Reader
}

func (p *process) line(t *testing.T) *line { return p.lineFrom(t, nil) }

// lineFrom comes from this end of loopback. Many lines share few ports over many addresses: what the kernel
// would give them, another test may just have found free for its program.
func (p *process) lineFrom(t *testing.T, end net.Addr) *line {
	t.Helper()
	dialer := net.Dialer{LocalAddr: end}
	conn, err := dialer.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &line{t, conn.(*net.TCPConn), bufio.NewReader(conn)}
}

// send may meet a server that has answered and gone before it has read it all.
func (l *line) send(text string) error {
	_, err := io.WriteString(l.conn, text)
	return err
}

// answer is the next one, with its body read.
func (l *line) answer() (*http.Response, string) {
	l.t.Helper()
	response, err := http.ReadResponse(l.reader, nil)
	if err != nil {
		l.t.Fatalf("waiting for an answer: %v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		l.t.Fatalf("reading an answer: %v", err)
	}
	return response, string(body)
}

// wantEnd asks for the end of the connection, and gives what came before it.
func (l *line) wantEnd() string {
	l.t.Helper()
	rest, err := io.ReadAll(l.reader)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		l.t.Fatalf("the connection was not ended: %v, after %.200q", err, rest)
	}
	return string(rest)
}

// drip sends a text over and over, slowly, until the server ends the connection; and says when that was.
func (l *line) drip(text string, every time.Duration) time.Duration {
	l.t.Helper()
	began := time.Now()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, l.reader)
	}()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = l.send(text) // what has been ended says so on the other side too
		case <-ended:
			return time.Since(began)
		}
	}
}

// operation is a whole POST of {__typename}; headers are lines that end in \r\n.
func operation(headers string) string {
	const body = `{"query":"{__typename}"}`
	return fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", headers, len(body), body)
}

// descriptors counts the open files of the process.
func (p *process) descriptors() int {
	p.t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatalf("counting open files (it takes Linux): %v", err)
	}
	return len(list)
}

func TestHeadersThatDripAreEndedAfterFiveSeconds(t *testing.T) {
	t.Parallel()
	a := start(t)
	l := a.line(t)
	_ = l.send("POST /graphql HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
	if took := l.drip("x", 200*time.Millisecond); took > 15*time.Second { // three times as long: the machine may be busy
		t.Errorf("it took %s", took)
	}
}

func TestBodyThatDripsIsEndedAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	a := start(t)
	const each = 30 // more than the database has connections
	took := make(chan time.Duration, 2*each)
	for range each {
		for _, head := range []string{"POST /graphql HTTP/1.1\r\n", "POST /api/webhooks/assemblyai HTTP/1.1\r\nX-Webhook-Secret: " + a.secrets.webhook + "\r\n"} {
			l := a.line(t)
			_ = l.send(head + "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n{")
			go func() { took <- l.drip(" ", time.Second) }()
		}
	}
	p := a.person("ours", "OPERATOR")
	if id := p.transcribe(); p.becomes(id, "COMPLETED").Status != "COMPLETED" {
		t.Error("the walk was held up")
	}
	for range 2 * each {
		if one := <-took; one > 90*time.Second { // as above
			t.Errorf("one took %s, want about 30 s", one)
		}
	}
}

func TestHeadersAboveTheLimitAre431(t *testing.T) {
	t.Parallel()
	a := start(t)
	for name, text := range map[string]string{
		"one long header":   operation("X-Long: " + strings.Repeat("x", 80<<10) + "\r\n"),
		"many headers":      operation(strings.Repeat("X-Many: x\r\n", 20_000)),
		"a long address":    strings.Replace(operation(""), "/graphql", "/graphql?"+strings.Repeat("x", 80<<10), 1),
		"a header for 1 MB": operation("Cookie: " + strings.Repeat("authjs.session-token=x; ", 50_000) + "\r\n"),
	} {
		l := a.line(t)
		go func() { _ = l.send(text) }()
		response, err := http.ReadResponse(l.reader, nil)
		if err != nil { // the rest of what we sent may reset the connection before we have read
			if !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s: %s", name, response.Status)
		}
		l.wantEnd()
	}
	if response, _ := a.send(t, operation("X-Fits: "+strings.Repeat("x", 60<<10)+"\r\n")); response.StatusCode != http.StatusOK {
		t.Errorf("headers that fit: %s", response.Status)
	}
}

// send gives the answer to one text on a connection of its own.
func (p *process) send(t *testing.T, text string) (*http.Response, string) {
	t.Helper()
	l := p.line(t)
	if err := l.send(text); err != nil {
		t.Fatal(err)
	}
	return l.answer()
}

func TestBodyAboveTheLimitIs413BeforeItIsSent(t *testing.T) {
	t.Parallel()
	a := start(t)
	response, body := a.send(t, "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 300000\r\n\r\n")
	if response.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(body, "256 KiB") {
		t.Errorf("%s %s", response.Status, body)
	}
}

func TestThousandIdleConnectionsHoldNobodyUpAndAreEnded(t *testing.T) {
	t.Parallel()
	a := start(t)
	const many = 1000
	before := a.descriptors()
	lines, port := make([]*line, many), 20_000+rand.IntN(10_000) // below those that the kernel gives
	for i := range lines {
		lines[i] = a.lineFrom(t, &net.TCPAddr{IP: net.IPv4(127, 0, 3, byte(1+i%200)), Port: port + i/200})
		if i%2 == 0 {
			_ = lines[i].send("GET /heal")
		}
	}
	// Nine of ten: what the start had open may be closed by now.
	eventually(t, "them to be accepted", func() bool { return a.descriptors() >= before+many*9/10 })
	began := time.Now()
	if response, _ := a.send(t, operation("")); response.StatusCode != http.StatusOK {
		t.Errorf("beside them: %s", response.Status)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("a request beside them took %s", took)
	}
	for _, l := range lines {
		l.wantEnd()
	}
	eventually(t, "the descriptors to come back", func() bool { return a.descriptors() < before+20 })
}
