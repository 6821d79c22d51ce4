package test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
)

// post sends bytes to /graphql as they are.
func (a *app) post(body string, header http.Header) (*http.Response, string) {
	a.t.Helper()
	request, err := http.NewRequest(http.MethodPost, a.url+"/graphql", strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response, string(text)
}

func TestMalformedRequestsAreAnsweredWithASentenceAndReflectNothing(t *testing.T) {
	t.Parallel()
	a := start(t)
	newer := http.Header{"Accept": {"application/graphql-response+json"}}
	for name, c := range map[string]struct {
		body   string
		header http.Header
		status int
	}{
		"not JSON":              {`marker{`, nil, 400},
		"an array":              {`[{"query":"{ viewer { user { id } } }"}]`, nil, 400},
		"two values":            {`{"query":"{__typename}"}{"query":"marker"}`, nil, 400},
		"no query":              {`{"marker":1}`, nil, 400},
		"query of another type": {`{"query":1}`, nil, 400},
		"variables are a list":  {`{"query":"{__typename}","variables":["marker"]}`, nil, 400},
		"syntax, older type":    {`{"query":"{ marker"}`, nil, 200},
		"syntax, newer type":    {`{"query":"{ marker"}`, newer, 400},
		"no such field":         {`{"query":"{ markerField }"}`, newer, 400},
		"form":                  {`query=marker`, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, 415},
		"text":                  {`{"query":"{__typename}"}`, http.Header{"Content-Type": {"text/plain"}}, 415},
		"another charset":       {`{"query":"{__typename}"}`, http.Header{"Content-Type": {"application/json; charset=utf-16"}}, 415},
		"accepts only HTML":     {`{"query":"{__typename}"}`, http.Header{"Accept": {"text/html"}}, 406},
		"too large":             {`{"query":"` + strings.Repeat(" ", 300<<10) + `"}`, nil, 413},
		"a subscription":        {`{"query":"subscription { transcriptionStatus(transcriptionId: \"x\") { status } }"}`, nil, 400},
		"fine":                  {`{"query":"{__typename}"}`, newer, 200},
		"nobody":                {`{"query":"{ viewer { user { id } } }"}`, nil, 200},
	} {
		response, text := a.post(c.body, c.header)
		if response.StatusCode != c.status {
			t.Errorf("%s: %d, want %d: %.200s", name, response.StatusCode, c.status, text)
		}
		if c.status >= 400 && (!strings.Contains(text, `"message"`) || !strings.Contains(text, `"code"`)) {
			t.Errorf("%s: no sentence with a code: %.200s", name, text)
		}
		if c.status == 400 && response.Request != nil && strings.Contains(text, "marker{") {
			t.Errorf("%s: the body is reflected: %.200s", name, text)
		}
	}
}

func TestIntrospectionAndGraphiQLAreOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	a := start(t)
	if _, text := a.post(`{"query":"{ __schema { types { name } } }"}`, nil); strings.Contains(text, "Transcription") {
		t.Errorf("the schema is shown: %.200s", text)
	}
	if _, text := a.post(`{"query":"{ viewr { user { id } } }"}`, nil); strings.Contains(text, "Did you mean") {
		t.Errorf("names are suggested: %.200s", text)
	}
	if status, _ := a.get("/graphiql"); status != 404 {
		t.Errorf("GraphiQL answers %d", status)
	}
	open := a.run("GRAPHIQL=true", "INTROSPECTION=true")
	if status, text := open.get("/graphiql"); status != 200 || strings.Contains(text, "unpkg") || strings.Contains(text, "cdn") {
		t.Errorf("GraphiQL answers %d", status)
	}
}

func TestUploadsThatAreNotWhatWasAnnouncedAreRefusedAndGone(t *testing.T) {
	t.Parallel()
	a := start(t, "MAX_UPLOAD_BYTES=1000000")
	p := a.person("ours", "OPERATOR")
	announce := func(change vars) string {
		in := vars{"organizationId": p.organization.String(), "filename": "a.wav", "contentType": "audio/wav", "sizeBytes": 100}
		for k, v := range change {
			in[k] = v
		}
		return p.refused(uploadCreate, vars{"in": in})
	}
	for name, change := range map[string]vars{
		"too large": {"sizeBytes": 1_000_001}, "empty": {"sizeBytes": 0}, "negative": {"sizeBytes": -1}, "no audio": {"contentType": "text/html"},
		"no type": {"contentType": ""}, "no name": {"filename": ""}, "NUL in the name": {"filename": "a\u0000b"}, "long name": {"filename": strings.Repeat("a", 256)},
		"bad hash": {"sha256": "abc"}, "long key": {"idempotencyKey": strings.Repeat("k", 256)},
	} {
		if code := announce(change); code != "INVALID" {
			t.Errorf("%s: %s", name, code)
		}
	}
	if n := a.rows("SELECT count(*) FROM switchboard.uploads"); n != 0 {
		t.Errorf("%d uploads were begun", n)
	}

	audio := wav(1, 100*time.Millisecond)
	upload, target := p.begin(len(audio))
	send := func(body []byte) error {
		return p.Upload(within(t), target, bytes.NewReader(body), int64(len(body)), nil)
	}
	if code := p.refused(uploadComplete, vars{"in": vars{"uploadId": upload}}); code != "INVALID_STATE" {
		t.Errorf("completed before it was sent: %s", code)
	}
	for name, body := range map[string][]byte{"cut short": audio[:len(audio)-1], "too long": append(bytes.Clone(audio), 0)} {
		var refused *client.Error
		if err := send(body); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := send(audio); err != nil {
		t.Fatal(err)
	}
	var twice *client.Error
	if err := send(audio); !errors.As(err, &twice) || twice.Status != http.StatusPreconditionFailed {
		t.Errorf("sent twice: %v", err)
	}
	first, _ := p.mutate(uploadComplete, vars{"in": vars{"uploadId": upload, "transcribe": true}})
	again, problems := p.mutate(uploadComplete, vars{"in": vars{"uploadId": upload, "transcribe": true}})
	if first == "" || first != again {
		t.Errorf("completed twice: %s, then %s %v", first, again, problems)
	}
	if n := a.rows("SELECT count(*) FROM switchboard.recordings"); n != 1 {
		t.Errorf("%d recordings", n)
	}
}

func TestFileThatIsNotAudioIsRefusedWhateverItIsCalled(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	for name, body := range map[string][]byte{
		"a web page": []byte("<html><script>alert(1)</script></html>"), "zeros": make([]byte, 500), "a header alone": wav(1, time.Second)[:44],
		"a PDF": []byte("%PDF-1.7 and so on"), "a program": []byte("\x7fELF and so on and so on"),
	} {
		upload := p.sent(body)
		if code := p.refused(uploadComplete, vars{"in": vars{"uploadId": upload}}); code != "INVALID" {
			t.Errorf("%s: %s", name, code)
		}
		if code := p.refused(uploadComplete, vars{"in": vars{"uploadId": upload}}); code != "INVALID_STATE" {
			t.Errorf("%s, once more: %s", name, code)
		}
	}
	if n := a.rows("SELECT count(*) FROM switchboard.recordings"); n != 0 {
		t.Errorf("%d recordings", n)
	}
}

func TestPagesHaveALimit(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	for _, first := range []int{0, -1, 101, 1 << 30} {
		if code := p.fails(`query($s: String!, $n: Int!) { organization(slug: $s) { recordings(first: $n) { nodes { id } } } }`, vars{"s": p.slug, "n": first}); code != "INVALID" && code != "TOO_EXPENSIVE" {
			t.Errorf("first: %d is answered with %s", first, code)
		}
	}
}
