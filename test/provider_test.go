package test

import (
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
)

func TestTroubleAtTheProviderIsWaitedOutAndNothingIsSentTwice(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]assemblyai.Faults{
		"busy":                     {On: "submit", Refuse429: 2, RetryAfter: time.Second},
		"broken when asked":        {On: "get", Fail5xx: 2},
		"garbage when asked":       {On: "get", Garbage: 2},
		"busy when asked":          {On: "get", Refuse429: 2, RetryAfter: time.Second},
		"broken at the submission": {On: "submit", Fail5xx: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, "TRANSCRIPTION_CHECK_AFTER=2s", "TRANSCRIPTION_LOST_AFTER=3s")
			p := a.person("ours", "OPERATOR")
			a.provider.SetFaults(faults)
			p.becomes(p.transcribe(), "COMPLETED")
			if n := a.provider.Stats().Submitted; n != 1 {
				t.Errorf("taken %d times", n)
			}
		})
	}
}

func TestProvidersErrorIsKeptWithItsSentenceAndCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	a.provider.SetFaults(assemblyai.Faults{ErrorTranscript: "The audio is too quiet to be understood."})
	id := p.transcribe()

	s := p.becomes(id, "FAILED")
	if s.Failure == nil || s.Failure.Code != "PROVIDER_ERROR" || !strings.Contains(s.Failure.Message, "too quiet") || !s.Failure.Retryable {
		t.Errorf("failure: %+v", s.Failure)
	}
	a.provider.SetFaults(assemblyai.Faults{})
	const retry = `mutation($id: ID!) { transcriptionRetry(id: $id) { transcription { id } userErrors { code message path } } }`
	if again, problems := p.mutate(retry, vars{"id": id}); again != id {
		t.Fatalf("retry: %v", problems)
	}
	if s := p.becomes(id, "COMPLETED"); s.Attempt != 2 || s.Failure != nil {
		t.Errorf("after the retry: %+v", s)
	}
	if code := p.refused(retry, vars{"id": id}); code != "INVALID_STATE" {
		t.Errorf("retry of what is completed: %s", code)
	}
}

func TestCanceledTranscriptionStaysCanceledAndTheProviderForgetsIt(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	a.provider.SetFaults(assemblyai.Faults{Delay: time.Second})
	id := p.transcribe()
	p.becomes(id, "PROCESSING")

	const cancel = `mutation($id: ID!) { transcriptionCancel(id: $id) { transcription { id } userErrors { code message path } } }`
	if _, problems := p.mutate(cancel, vars{"id": id}); len(problems) > 0 {
		t.Fatalf("cancel: %v", problems)
	}
	eventually(t, "the late webhook to be processed", func() bool { return a.events("processed_at IS NOT NULL") == 1 })
	eventually(t, "the provider to forget it", func() bool { return a.provider.Stats().Deleted > 0 })
	if s := p.state(id); s.Status != "CANCELED" || s.Version != 0 {
		t.Errorf("after the late result: %+v", s)
	}
	if got := statuses(p.follow(id, nil)); got != "CANCELED" {
		t.Errorf("on the screen: %s", got)
	}
	if code := p.refused(cancel, vars{"id": id}); code != "INVALID_STATE" {
		t.Errorf("canceled twice: %s", code)
	}
}

func TestDeletedRecordingTakesItsTranscriptAndTheProvidersCopyAlong(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "ADMIN")
	id := p.transcribe()
	p.becomes(id, "COMPLETED")
	recording := p.state(id).Recording.ID
	var out struct {
		Recording     *struct{ Audio struct{ URL string } }
		Transcription *struct{ ID string }
	}
	look := func() {
		out.Recording, out.Transcription = nil, nil
		p.must(`query($r: ID!, $t: ID!) { recording(id: $r) { audio { url } } transcription(id: $t) { id } }`, vars{"r": recording, "t": id}, &out)
	}
	look()
	link := out.Recording.Audio.URL
	var gone struct {
		RecordingDelete struct{ RecordingID string }
	}
	p.must(`mutation($id: ID!) { recordingDelete(id: $id) { recordingId userErrors { code } } }`, vars{"id": recording}, &gone)
	if gone.RecordingDelete.RecordingID != recording {
		t.Errorf("deleted %q", gone.RecordingDelete.RecordingID)
	}
	look()
	if out.Recording != nil || out.Transcription != nil {
		t.Errorf("still to be seen: %+v", out)
	}
	eventually(t, "the rows to go", func() bool {
		return a.rows("SELECT (SELECT count(*) FROM switchboard.recordings) + (SELECT count(*) FROM switchboard.transcriptions) + (SELECT count(*) FROM switchboard.utterances)") == 0
	})
	eventually(t, "the provider to forget it", func() bool { return a.provider.Stats().Deleted == 1 })
	if status := get(t, link); status != 404 {
		t.Errorf("the audio's old link answers %d", status)
	}
}

func TestRecordingDeletedWhileItIsTranscribedLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "ADMIN")
	a.provider.SetFaults(assemblyai.Faults{Delay: time.Second})
	id := p.transcribe()
	p.becomes(id, "PROCESSING")
	p.must(`mutation($id: ID!) { recordingDelete(id: $id) { recordingId } }`, vars{"id": p.state(id).Recording.ID}, nil)

	eventually(t, "the rows to go", func() bool { return a.rows("SELECT count(*) FROM switchboard.transcriptions") == 0 })
	eventually(t, "the provider to forget it", func() bool { return a.provider.Stats().Deleted > 0 })
}
