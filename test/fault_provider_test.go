package test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
)

// wire is the network before the provider: it resets so many connections, before or after the provider
// has taken what came.
type wire struct {
	url    string
	behind atomic.Pointer[assemblyai.Server]
	breaks atomic.Int64
	after  bool
	call   string // the method and the beginning of the path
}

func newWire(t *testing.T, call string, breaks int64, after bool) *wire {
	t.Helper()
	w := &wire{call: call, after: after}
	w.breaks.Store(breaks)
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func (n *wire) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Method+" "+r.URL.Path, n.call) || n.breaks.Add(-1) < 0 {
		n.behind.Load().ServeHTTP(w, r)
		return
	}
	if n.after {
		n.behind.Load().ServeHTTP(httptest.NewRecorder(), r)
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = conn.(*net.TCPConn).SetLinger(0) // a reset, not a farewell
	_ = conn.Close()
}

func TestConnectionsToTheProviderThatAreResetCostTimeAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		call  string
		after bool
	}{
		"before it has the submission": {"POST /v2/transcript", false},
		"after it has the submission":  {"POST /v2/transcript", true},
		"when asked for the result":    {"GET /v2/transcript/", false},
		"in the middle of the list":    {"GET /v2/transcript", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			network := newWire(t, c.call, 2, c.after)
			a := start(t, "ASSEMBLYAI_BASE_URL="+network.url, "TRANSCRIPTION_CHECK_AFTER=2s", "TRANSCRIPTION_LOST_AFTER=3s")
			network.behind.Store(a.provider)
			p := a.person("ours", "OPERATOR")
			s := p.becomes(p.transcribe(), "COMPLETED")
			if n := a.provider.Stats().Submitted; n != 1 || s.Attempt != 1 || s.Version != 1 {
				t.Errorf("taken %d times: %+v", n, s)
			}
			if left := network.breaks.Load(); left > 1 {
				t.Errorf("nothing was reset: this test shows nothing")
			}
		})
	}
}

func TestProviderThatHangsHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	a := start(t, "TRANSCRIPTION_CHECK_AFTER=2s", "TRANSCRIPTION_LOST_AFTER=3s")
	p := a.person("ours", "OPERATOR")
	a.provider.SetFaults(assemblyai.Faults{On: "submit", Hang: true})
	stuck := p.transcribe()
	eventually(t, "the submission to hang", func() bool {
		return a.rows("SELECT count(*) FROM switchboard.transcription_submissions WHERE unsure_until IS NOT NULL") == 1
	})
	a.provider.SetFaults(assemblyai.Faults{}) // for those who come later: the first one hangs on

	began := time.Now()
	p.becomes(p.transcribe(), "COMPLETED")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the next one took %s", took)
	}
	if s := p.state(stuck); s.Status != "QUEUED" || s.Failure != nil {
		t.Errorf("the one that hangs: %+v", s)
	}
	p.becomes(stuck, "COMPLETED") // 15 s for the call, then it is sent again: the list does not have it
	if n := a.provider.Stats().Submitted; n != 2 {
		t.Errorf("2 transcriptions were taken %d times", n)
	}
}
