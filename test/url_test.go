package test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const requestOf = `mutation($in: TranscriptionRequestInput!) { transcriptionRequest(input: $in) { transcription { id } userErrors { code message path } } }`

// elsewhere is a server of somebody else, which answers as the handler says.
func elsewhere(t *testing.T, handler http.HandlerFunc) (address string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

func (p *person) from(address string, more vars) vars {
	in := vars{"source": vars{"url": vars{"organizationId": p.organization.String(), "url": address}}}
	for k, v := range more {
		in[k] = v
	}
	return vars{"in": in}
}

// copied begins a transcription of audio somewhere else.
func (p *person) copied(address string) (transcription string) {
	p.t.Helper()
	id, problems := p.mutate(requestOf, p.from(address, nil))
	if id == "" {
		p.t.Fatalf("no transcription of %s: %v", address, problems)
	}
	return id
}

// startOpen is start with a program that may copy from this machine, as only tests may.
func startOpen(t *testing.T, settings ...string) *app {
	t.Helper()
	return start(t, append(settings, "EGRESS_ALLOW=127.0.0.1/32")...)
}

func TestAudioAtAnAddressIsCopiedAndThenWalksLikeAnUpload(t *testing.T) {
	t.Parallel()
	a := startOpen(t)
	p := a.person("ours", "OPERATOR")
	audio, seen := wav(2, 300*time.Millisecond), make(chan http.Header, 1)
	address := elsewhere(t, func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header
		_, _ = w.Write(audio)
	})

	id := p.copied(address + "/calls/one%20call.wav?signature=s3cr3t-of-a-link")
	if got := statuses(p.follow(id, nil)); !strings.HasSuffix(got, "COMPLETED") {
		t.Fatalf("ended as %s: %+v", got, p.state(id).Failure)
	}

	var out struct {
		Recording struct {
			Source, Status, Filename, ContentType string
			SizeBytes                             int64
			DurationMs, Channels                  int
			Audio                                 struct{ URL string }
		}
	}
	p.must(`query($id: ID!) { recording(id: $id) { source status filename contentType sizeBytes durationMs channels audio { url } } }`, vars{"id": p.state(id).Recording.ID}, &out)
	r := out.Recording
	if r.Source != "EXTERNAL" || r.Status != "STORED" || r.Filename != "one call.wav" || r.ContentType != "audio/wav" || r.SizeBytes != int64(len(audio)) || r.DurationMs != 300 || r.Channels != 2 {
		t.Errorf("recording: %+v", r)
	}
	response, err := http.Get(r.Audio.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Content-Type"); got != "audio/wav" {
		t.Errorf("played as %q", got)
	}
	if header := <-seen; header.Get("Cookie") != "" || header.Get("Authorization") != "" {
		t.Errorf("sent along: %v", header)
	}
	if n := a.provider.Stats().Submitted; n != 1 {
		t.Errorf("submitted %d times", n)
	}
	if n := a.rows("SELECT count(*) FROM switchboard.recordings WHERE source_url IS NOT NULL OR sha256 IS NULL"); n != 0 {
		t.Error("the address stays although the audio is here, or the hash is not kept")
	}
	if strings.Contains(a.output.String(), "s3cr3t-of-a-link") {
		t.Error("the log shows the address")
	}
}

func TestAddressThatIsNotPublicIsRefusedAtOnceOrWhenItIsMet(t *testing.T) {
	t.Parallel()
	a := startOpen(t)
	p := a.person("ours", "OPERATOR")
	for _, address := range []string{
		"", "nonsense", "/etc/passwd", "file:///etc/passwd", "ftp://example.com/a.wav", "http://example.com/a.wav", "https://", "https://user:password@example.com/a.wav",
		"https://127.0.0.2/a.wav", "https://10.0.0.1/a.wav", "https://169.254.169.254/latest/meta-data", "https://[::1]/a.wav", "https://[::ffff:127.0.0.1]/a.wav",
		"https://100.64.0.1/a.wav", "https://0.0.0.0/a.wav", "https://2130706433/a.wav", "https://0x7f.1/a.wav", "https://localhost/a.wav", "https://postgres/a.wav",
		"https://example.com/" + strings.Repeat("a", 2048),
	} {
		if code := p.refused(requestOf, p.from(address, nil)); code != "INVALID" {
			t.Errorf("%.60s: %s", address, code)
		}
	}
	if n := a.rows("SELECT count(*) FROM switchboard.recordings"); n != 0 {
		t.Errorf("%d recordings were begun", n)
	}

	inside := elsewhere(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
	})
	s := p.becomes(p.copied(inside+"/a.wav"), "FAILED")
	if s.Failure == nil || s.Failure.Code != "AUDIO_UNAVAILABLE" || s.Failure.Retryable || s.Failure.Message == "" {
		t.Errorf("redirected inside: %+v", s.Failure)
	}
}

func TestAudioThatCannotBeHadFailsWithASentence(t *testing.T) {
	t.Parallel()
	a := startOpen(t, "MAX_UPLOAD_BYTES=100000")
	p := a.person("ours", "OPERATOR")
	for name, c := range map[string]struct {
		answer    http.HandlerFunc
		says      string
		retryable bool
	}{
		"missing":        {http.NotFound, "404", true},
		"a web page":     {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>not here</html>") }, "text document", false},
		"nothing":        {func(http.ResponseWriter, *http.Request) {}, "cannot be transcribed", true},
		"announced size": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(wav(1, time.Minute)) }, "larger than 100000 bytes", false},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			for w.(http.Flusher).Flush(); ; {
				if _, err := w.Write(make([]byte, 10_000)); err != nil {
					return
				}
			}
		}, "larger than 100000 bytes", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := *p
			p.t = t
			id := p.copied(elsewhere(t, c.answer) + "/a.wav")
			s := p.becomes(id, "FAILED")
			if s.Failure == nil || s.Failure.Code != "AUDIO_UNAVAILABLE" || !strings.Contains(s.Failure.Message, c.says) || s.Failure.Retryable != c.retryable {
				t.Errorf("failure: %+v", s.Failure)
			}
			var out struct{ Recording struct{ Status string } }
			p.must(`query($id: ID!) { recording(id: $id) { status audio { url } } }`, vars{"id": s.Recording.ID}, &out)
			if out.Recording.Status != "FAILED" {
				t.Errorf("the recording is %s", out.Recording.Status)
			}
		})
	}
	t.Cleanup(func() {
		if n := a.provider.Stats().Submitted; n != 0 {
			t.Errorf("the provider was handed %d of them", n)
		}
	})
}

func TestSameKeyGivesTheSameCopy(t *testing.T) {
	t.Parallel()
	a := startOpen(t)
	p := a.person("ours", "OPERATOR")
	address := elsewhere(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(wav(1, 100*time.Millisecond)) })
	first, problems := p.mutate(requestOf, p.from(address+"/a.wav", vars{"idempotencyKey": "one"}))
	if first == "" {
		t.Fatal(problems)
	}
	p.becomes(first, "COMPLETED")
	if again, problems := p.mutate(requestOf, p.from(address+"/a.wav", vars{"idempotencyKey": "one"})); again != first {
		t.Errorf("%s and then %s %v", first, again, problems)
	}
	if code := p.refused(requestOf, p.from(address+"/b.wav", vars{"idempotencyKey": "one"})); code != "CONFLICT" {
		t.Errorf("for another address: %s", code)
	}
	if n := a.rows("SELECT count(*) FROM switchboard.recordings"); n != 1 {
		t.Errorf("%d recordings", n)
	}
}

func TestServeRefusesToReachIntoPrivateNetworksInProduction(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.launch("EGRESS_ALLOW=127.0.0.1/32", "BACKEND_URL=https://api.example.com")
	p.killed = true
	select {
	case err := <-p.exited:
		if err == nil || !strings.Contains(p.output.String(), "EGRESS_ALLOW") {
			t.Errorf("it ended with %v and said\n%s", err, p.output)
		}
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		t.Error("it serves")
	}
}
