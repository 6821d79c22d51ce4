package test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/devstack/signalwire"
)

// taped is a recording of a call as a client sees it.
type taped struct {
	ID, Source, Status string
	SHA256             *string
	Failure            *struct {
		Message   string
		Retryable bool
	}
	Audio *struct{ URL string }
}

// tape waits for a call's one recording to get there.
func (p *person) tape(call, status string) (r taped) {
	p.t.Helper()
	eventually(p.t, "the recording of "+call+" to be "+status, func() bool {
		var out struct{ Call struct{ Recordings []taped } }
		p.must(`query($id: ID!) { call(id: $id) { recordings { id source status sha256 failure { message retryable } audio { url } } } }`, vars{"id": call}, &out)
		if len(out.Call.Recordings) > 1 {
			p.t.Fatalf("%d recordings of one call", len(out.Call.Recordings))
		}
		if len(out.Call.Recordings) == 0 {
			return false
		}
		r = out.Call.Recordings[0]
		return r.Status == status
	})
	return r
}

// part asks for a part of what a link leads to.
func (p *person) part(link, bytes string) (int, []byte) {
	p.t.Helper()
	request, err := http.NewRequest(http.MethodGet, link, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if bytes != "" {
		request.Header.Set("Range", "bytes="+bytes)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, body
}

func TestAudioOfACallIsCopiedThroughTroubleAndTheProvidersAddressIsGivenToNobody(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	admin := a.caller("ours", "ADMIN")
	admin.rule(vars{"record": true, "transcribe": false})
	a.phone.SetFaults(signalwire.Faults{NotReady: 2, BreakAudio: 2, Callbacks: signalwire.CallbackFaults{Doubled: true}})
	call := admin.call(nil)
	r := admin.tape(call, "STORED")
	if r.Source != "SIGNALWIRE" || r.Audio == nil || r.SHA256 == nil || !strings.HasPrefix(r.Audio.URL, a.url+"/blobs/") {
		t.Fatalf("%+v", r)
	}
	status, whole := admin.part(r.Audio.URL, "")
	sum := sha256.Sum256(whole)
	if status != http.StatusOK || hex.EncodeToString(sum[:]) != *r.SHA256 {
		t.Errorf("played: %d, %d bytes", status, len(whole))
	}
	if status, some := admin.part(r.Audio.URL, "0-3"); status != http.StatusPartialContent || string(some) != "RIFF" {
		t.Errorf("a range: %d %q", status, some)
	}
	if n := a.played(); n == 0 {
		t.Error("nothing is written down")
	}

	var shown struct{ Organization json.RawMessage }
	admin.must(`{ organization(slug: "ours") { webhookInbox(first: 100) { nodes { type error content { headers { name value } query payload } } } } }`, nil, &shown)
	if text := string(shown.Organization); !strings.Contains(text, "RecordingSid") || !strings.Contains(text, theirNumber) || strings.Contains(text, ".wav") || strings.Contains(text, "/Recordings/") {
		t.Errorf("an admin is shown %.2000s", text)
	}
	if strings.Contains(a.output.String(), "/Recordings/") {
		t.Error("the log has the provider's address")
	}

	admin.must(recordingDelete, vars{"id": r.ID}, nil)
	eventually(t, "the audio to go, here and there", func() bool { return len(a.objects()) == 0 && a.phone.Stats().Deleted == 1 })
	words := admin.webhooks(vars{"search": "recording completed"})
	if len(words) == 0 {
		t.Error("there is nothing to replay")
	}
	// Of a fresh word that the provider does not know (any more) it would be asked again for a minute.
	a.exec("UPDATE switchboard.webhook_events SET received_at = now() - interval '2 minutes'")
	for _, k := range words {
		a.inbox("replay", "--force", k.ID)
	}
	eventually(t, "the replayed words to be heard", func() bool { return a.events("processed_at IS NULL") == 0 })
	if n := a.rows("SELECT count(*) FROM switchboard.recordings"); n != 0 {
		t.Errorf("%d recordings came back", n)
	}
}

func TestRecordingThatTheProviderDoesNotHaveIsFailedWithASentence(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	admin := a.caller("ours", "ADMIN")
	admin.rule(vars{"record": true, "transcribe": true})
	a.phone.SetFaults(signalwire.Faults{Absent: true})
	r := admin.tape(admin.call(nil), "FAILED")
	if r.Failure == nil || r.Failure.Retryable || r.Failure.Message == "" || r.Audio != nil {
		t.Errorf("%+v", r)
	}
	if n := a.phone.Stats().Audio; n != 0 {
		t.Errorf("audio was asked for %d times", n)
	}
	if n := a.rows("SELECT count(*) FROM switchboard.transcriptions"); n != 0 {
		t.Errorf("%d transcriptions of nothing", n)
	}
}

func TestCopyOfACallThatIsKilledInTheMiddleIsMadeOnceByAnotherProcess(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	admin := a.caller("ours", "ADMIN")
	admin.rule(vars{"record": true, "transcribe": true})
	a.phone.SetFaults(signalwire.Faults{On: "audio", Hang: true})
	call := admin.call(nil)
	eventually(t, "a run of the copy, which hangs", func() bool {
		return a.rows("SELECT count(*) FROM river.river_job WHERE kind = 'recording.copy_of_call' AND state = 'running'") == 1
	})
	a.kill()
	a.phone.SetFaults(signalwire.Faults{})
	a.process = a.run()
	admin = admin.at(a.process)
	r := admin.tape(call, "STORED")
	eventually(t, "its transcript", func() bool {
		return a.rows("SELECT count(*) FROM switchboard.transcriptions WHERE status = 'COMPLETED'") == 1
	})
	if n := a.rows("SELECT count(*) FROM switchboard.activity_events WHERE type = 'RECORDING_AVAILABLE' AND subject_id = $1", idOf(t, r.ID)); n != 1 {
		t.Errorf("told %d times", n)
	}
	if n := a.rows("SELECT count(*) FROM river.river_job WHERE kind = 'recording.stored'"); n != 1 || len(a.objects()) != 1 {
		t.Errorf("stored %d times, %d objects", n, len(a.objects()))
	}
	if n := a.rows("SELECT count(*) FROM switchboard.recordings WHERE id = $1 AND call_id = $2", idOf(t, r.ID), idOf(t, call)); n != 1 {
		t.Error("it is not the call's")
	}
}
