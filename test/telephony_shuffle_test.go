package test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/signalwire"
)

// callback is one word of a call.
type callback struct {
	path string
	form url.Values
}

// statusWords are the callbacks about how far a call is, each once or several times, in any order.
func statusWords(chance *rand.Rand, path string, sid string) (list []callback) {
	for sequence, status := range []string{"initiated", "ringing", "in-progress", "completed"} {
		for range 1 + chance.IntN(2) {
			list = append(list, callback{path, url.Values{"CallSid": {sid}, "CallStatus": {status}, "SequenceNumber": {strconv.Itoa(sequence)}}})
		}
	}
	chance.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// recordingWords are those about its recording.
func recordingWords(chance *rand.Rand, path, sid, recording string) (list []callback) {
	for _, status := range []string{"in-progress", "completed"} {
		for range 1 + chance.IntN(2) {
			list = append(list, callback{path, url.Values{"CallSid": {sid}, "RecordingSid": {recording}, "RecordingStatus": {status}}})
		}
	}
	return list
}

// known asks the telephone service for a list of what it knows.
func (p *telephone) known(kind string) (list []map[string]any) {
	p.t.Helper()
	request, _ := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.vendor+"/api/laml/2010-04-01/Accounts/project-1/"+kind+".json?PageSize=1000", nil)
	request.SetBasicAuth("project-1", p.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	var out map[string]json.RawMessage
	if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
		p.t.Fatalf("%s: %d, %v", kind, response.StatusCode, err)
	}
	if err := json.Unmarshal(out[strings.ToLower(kind)], &list); err != nil {
		p.t.Fatalf("%s: %v", kind, err)
	}
	return list
}

// says sends callbacks, some at once, and all have to be taken.
func (p *telephone) says(list []callback) {
	p.t.Helper()
	var all sync.WaitGroup
	for part := range slices.Chunk(list, (len(list)+7)/8) {
		all.Go(func() {
			for _, h := range part {
				if status, text := p.knock(h.path, h.form, p.key); status != http.StatusOK {
					p.t.Errorf("%v: %d %s", h.form, status, text)
				}
			}
		})
	}
	all.Wait()
}

func TestAnyOrderAndDoublingOfSignedCallbacksEndsInTheSameCalls(t *testing.T) {
	t.Parallel()
	const each, held, transcribed = 15, 3, 2 // of the calls in and of those out; more would take long and show nothing else
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	a := startPhone(t, "CALL_CHECK_AFTER=1h") // nothing but the callbacks tells of a call
	p := a.caller("acme", "OWNER")
	p.rule(vars{"record": true, "transcribe": true, "maxConcurrentCalls": 100})
	silent := signalwire.CallbackFaults{Lost: true} // what the service would send itself
	paths := map[string]string{}                    // where the service was told to send what it has to say of a call
	var placed []string
	begin := func(until int, hold string) {
		t.Helper()
		a.phone.SetFaults(signalwire.Faults{Hold: hold, Callbacks: silent})
		for len(placed) < until {
			paths[a.rings(ourNumber)] = hook
			placed = append(placed, p.call(nil))
		}
		eventually(t, "the provider to have them", func() bool {
			return a.rows("SELECT count(*) FROM switchboard.call_legs WHERE from_number = $1", ourNumber) == until
		})
		for _, id := range placed {
			paths[p.told(id).Legs[0].ProviderID] = hook + "?call=" + idOf(t, id).String()
		}
	}
	begin(transcribed, "ringing")
	p.rule(vars{"transcribe": false})
	begin(held, "ringing")
	var early, late []callback
	said := map[string]bool{}
	for sid, path := range paths { // some speak of what has not happened yet, some of what is long over
		list := statusWords(chance, path, sid)
		cut := chance.IntN(len(list))
		early, late, said[sid] = append(early, list[:cut]...), append(late, list[cut:]...), true
	}
	a.says(early)
	begin(each, "")
	for sid, path := range paths {
		if !said[sid] {
			late = append(late, statusWords(chance, path, sid)...)
		}
	}
	eventually(t, "the calls to go by", func() bool { return a.phone.Stats().Live == 0 })
	for _, r := range a.known("Recordings") {
		sid := r["call_sid"].(string)
		late = append(late, recordingWords(chance, paths[sid], sid, r["sid"].(string))...)
	}
	chance.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
	a.says(late)
	eventually(t, "all to be here and all callbacks to be done with", func() bool {
		return a.quiet() && a.rows(`SELECT count(*) FROM switchboard.recordings WHERE status = 'STORED'`) == 2*each && a.rows(`SELECT count(*) FROM switchboard.transcriptions WHERE status = 'COMPLETED'`) == transcribed
	})
	if n := a.rows(`SELECT count(*) FROM switchboard.transcriptions`); n != transcribed {
		t.Errorf("%d transcriptions", n)
	}
	if kept := a.events("source = 'SIGNALWIRE'"); kept != 2*each*(4+2) {
		t.Errorf("%d callbacks are kept of %d that differ", kept, 2*each*(4+2))
	}
	a.sameCalls(p, 2*each)
}

// sameCalls compares all calls of an organization with what the service knows of them, and with each other.
func (p *telephone) sameCalls(member *person, want int) {
	p.t.Helper()
	truth := map[string]map[string]any{}
	for _, c := range p.known("Calls") {
		truth[c["sid"].(string)] = c
	}
	found, _ := member.list(nil, nil)
	if len(found) != want || len(truth) != want {
		p.t.Errorf("%d calls, the service knows %d, want %d", len(found), len(truth), want)
	}
	same := map[string]string{}
	for _, id := range found {
		c := member.told(id)
		if len(c.Legs) != 1 || len(c.Recordings) != 1 || c.StartedAt == nil || c.EndedAt == nil {
			p.t.Fatalf("%+v", c)
		}
		known := truth[c.Legs[0].ProviderID]
		for what, times := range map[string][2]any{"began": {*c.StartedAt, known["start_time"]}, "ended": {*c.EndedAt, known["end_time"]}} {
			at, err := time.Parse(time.RFC1123Z, times[1].(string))
			if err != nil || times[0] != at.UTC().Format(time.RFC3339) {
				p.t.Errorf("%s %s at %v, the service says %v (%v)", id, what, times[0], times[1], err)
			}
		}
		if *c.DurationMs != int(known["duration"].(float64))*1000 || *c.Legs[0].StartedAt != *c.StartedAt || *c.Legs[0].EndedAt != *c.EndedAt {
			p.t.Errorf("%s: %+v, the service says %v", id, c, known)
		}
		text := fmt.Sprint(c.Status, *c.ProviderStatus, c.FromNumber, c.ToNumber, c.Recorded, c.Failure, c.Legs[0].Status, c.Legs[0].First, c.Recordings[0].Status)
		if before := same[c.Direction]; before != "" && before != text {
			p.t.Errorf("two calls end in\n%s\n%s", before, text)
		}
		same[c.Direction] = text
		p.onceEach(c)
	}
}

// onceEach wants a timeline that goes forward and tells nothing twice.
func (p *telephone) onceEach(c told) {
	p.t.Helper()
	var seen []string
	ends, want := 0, 2
	if c.Transcription != nil {
		want = 3
	}
	for _, e := range c.Timeline {
		if e.Summary == "" || slices.Contains(seen, e.Summary) {
			p.t.Errorf("%s: %q again, after %q", c.ID, e.Summary, seen)
		}
		seen = append(seen, e.Summary)
		if e.Type == "CALL_STATUS_CHANGED" && strings.HasSuffix(e.Summary, "to COMPLETED.") || e.Type == "RECORDING_AVAILABLE" || e.Type == "TRANSCRIPTION_STATUS_CHANGED" && strings.HasSuffix(e.Summary, "to COMPLETED.") {
			ends++
		}
	}
	if ends != want {
		p.t.Errorf("%s: %q", c.ID, seen)
	}
}
