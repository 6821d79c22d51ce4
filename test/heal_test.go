package test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

func TestNewsOfACopyThatSeemedLostDoesNotEndTheOneThatRuns(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	a.provider.SetFaults(assemblyai.Faults{Delay: 2 * time.Second})
	id := p.transcribe()
	p.becomes(id, "PROCESSING")
	var submission string
	a.scan(&submission, "SELECT id::text FROM switchboard.transcription_submissions")
	for _, status := range []string{"completed", "error"} { // the provider knows no such transcript: it has been removed there
		if got := a.knock("?submission="+submission, `{"transcript_id":"an-earlier-copy","status":"`+status+`"}`, &a.secrets.webhook); got != http.StatusOK {
			t.Fatalf("status %d", got)
		}
	}
	eventually(t, "both to be processed", func() bool { return a.events("processed_at IS NOT NULL AND external_id = 'an-earlier-copy'") == 2 })
	p.becomes(id, "COMPLETED")
	if got := statuses(p.follow(id, first(t, p, id))); got != "PROCESSING COMPLETED" {
		t.Errorf("on the screen: %s", got)
	}
}

func TestTheSameRequestTwentyTimesAtOnceIsOneTranscription(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	a.provider.SetFaults(assemblyai.Faults{Delay: time.Second})
	upload := p.sent(wav(2, 100*time.Millisecond))
	var made struct {
		UploadComplete struct{ Recording struct{ ID string } }
	}
	p.must(`mutation($in: UploadCompleteInput!) { uploadComplete(input: $in) { recording { id } } }`, vars{"in": vars{"uploadId": upload, "transcribe": false}}, &made)
	const request = `mutation($in: TranscriptionRequestInput!) { transcriptionRequest(input: $in) { transcription { id } userErrors { code message path } } }`
	in := vars{"in": vars{"source": vars{"recordingId": made.UploadComplete.Recording.ID}, "idempotencyKey": "k"}}
	var all sync.WaitGroup
	var found [20]struct {
		TranscriptionRequest struct{ Transcription struct{ ID string } }
	}
	var errs [len(found)]error
	for i := range found {
		all.Go(func() { errs[i] = p.Do(within(t), request, in, &found[i]) })
	}
	all.Wait()
	for i := range found {
		if id := found[i].TranscriptionRequest.Transcription.ID; errs[i] != nil || id == "" || found[i] != found[0] {
			t.Fatalf("answer %d: %q %v", i, id, errs[i])
		}
	}
	in["in"].(vars)["idempotencyKey"] = "another"
	if code := p.refused(request, in); code != "CONFLICT" {
		t.Errorf("another request: %s", code)
	}
}

func TestUploadThatNobodyCompletedIsClearedAway(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	p.sent(wav(2, 100*time.Millisecond))
	forgotten, err := ids.Parse(p.sent(wav(2, 100*time.Millisecond)))
	if err != nil {
		t.Fatal(err)
	}
	a.exec("UPDATE switchboard.uploads SET expires_at = now() - interval '5 days' WHERE id = $1", forgotten.UUID.String())
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	a.process = a.run()
	eventually(t, "the old one to be expired", func() bool {
		return a.rows("SELECT count(*) FROM switchboard.uploads WHERE status = 'EXPIRED' AND id = $1", forgotten.UUID.String()) == 1
	})
	eventually(t, "its bytes to go, and no others", func() bool { return len(a.objects()) == 1 })
	if n := a.rows("SELECT count(*) FROM switchboard.uploads WHERE status = 'PENDING'"); n != 1 {
		t.Error("the one that may still be completed is gone")
	}
}

func TestLinksOutliveTheChangeOfTheSecretThatTheyCameFrom(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	id := p.transcribe()
	p.becomes(id, "COMPLETED")
	var out struct {
		Transcription struct {
			Download  struct{ URL string }
			Recording struct{ Audio struct{ URL string } }
		}
	}
	p.must(`query($id: ID!) { transcription(id: $id) { download(format: SRT) { url } recording { audio { url } } } }`, vars{"id": id}, &out)
	newer := "newer-" + a.secrets.auth
	both, one := a.run("AUTH_SECRET_1="+newer), a.run("AUTH_SECRET="+newer)
	for name, link := range map[string]string{"transcript": out.Transcription.Download.URL, "audio": out.Transcription.Recording.Audio.URL} {
		at := func(p *process) int {
			u, err := url.Parse(link)
			if err != nil {
				t.Fatal(err)
			}
			status, _ := p.get(u.RequestURI())
			return status
		}
		if got := at(both); got != http.StatusOK {
			t.Errorf("%s, with both secrets: %d", name, got)
		}
		if got := at(one); got != http.StatusForbidden {
			t.Errorf("%s, when the older secret is gone: %d", name, got)
		}
	}
}

func TestAStreamTellsThatItsRecordingWasDeleted(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "ADMIN")
	a.provider.SetFaults(assemblyai.Faults{Delay: time.Minute})
	id := p.transcribe()
	recording := p.becomes(id, "PROCESSING").Recording.ID
	var seen []string
	err := p.Subscribe(within(t), watchStatus, vars{"id": id, "after": nil}, func(raw json.RawMessage) error {
		var data struct{ TranscriptionStatus event }
		if err := json.Unmarshal(raw, &data); err != nil {
			return err
		}
		seen = append(seen, data.TranscriptionStatus.Status)
		if len(seen) == 1 {
			p.must(`mutation($id: ID!) { recordingDelete(id: $id) { recordingId } }`, vars{"id": recording}, nil)
		}
		return nil
	})
	if err != nil || len(seen) != 2 || seen[1] != "CANCELED" {
		t.Errorf("seen %v, %v", seen, err)
	}
}
