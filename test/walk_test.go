package test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
)

func TestAudioBecomesATranscriptAndEveryStepIsOnTheScreen(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	a.provider.SetFaults(assemblyai.Faults{Delay: 200 * time.Millisecond})

	id := p.transcribe()
	events := p.follow(id, nil)

	if got := statuses(events); !strings.HasSuffix("QUEUED PROCESSING COMPLETED", got) || !strings.HasSuffix(got, "COMPLETED") {
		t.Errorf("statuses on the screen: %s", got)
	}
	if got := statuses(p.follow(id, first(t, p, id))); got != "PROCESSING COMPLETED" {
		t.Errorf("statuses after the first cursor: %s", got)
	}
	transcript, err := p.Transcript(within(t), id)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(transcript.Utterances); n != 2 {
		t.Fatalf("%d utterances, want 2", n)
	}
	if u := transcript.Utterances[1]; u.Text != "Good morning." || u.SpeakerKey != "2" || u.StartMs != 1200 || u.EndMs != 2000 {
		t.Errorf("second utterance: %+v", u)
	}
	if n := a.provider.Stats().Submitted; n != 1 {
		t.Errorf("submitted %d times", n)
	}
}

// first is the cursor of the first event that a transcription ever had, read from the organization's activity.
func first(t *testing.T, p *person, transcription string) *string {
	t.Helper()
	var out struct {
		Organization struct {
			Activity struct {
				Nodes []struct {
					Cursor  string
					Type    string
					Subject *struct{ ID string }
				}
			}
		}
	}
	p.must(`query($s: String!) { organization(slug: $s) { activity(first: 100) { nodes { cursor type subject { id } } } } }`, vars{"s": p.slug}, &out)
	nodes := out.Organization.Activity.Nodes
	for i := len(nodes) - 1; i >= 0; i-- {
		if n := nodes[i]; n.Type == "TRANSCRIPTION_STATUS_CHANGED" && n.Subject != nil && n.Subject.ID == transcription {
			return &n.Cursor
		}
	}
	t.Fatalf("no activity of %s", transcription)
	return nil
}

func TestEachFormatOfATranscriptIsAFileBehindASignedLink(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	id := p.transcribe()
	p.follow(id, nil)

	for format, want := range map[string]string{
		"TEXT": "[00:00:01] 2: Good morning.",
		"SRT":  "2\n00:00:01,200 --> 00:00:02,000\n2: Good morning.",
		"VTT":  "WEBVTT\n\n1\n00:00:00.100 --> 00:00:00.800",
		"JSON": `"text": "Good morning."`,
	} {
		file, err := p.Download(within(t), id, format)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(file), want) && !strings.Contains(string(file), strings.ReplaceAll(want, ": ", ":")) {
			t.Errorf("%s lacks %q:\n%s", format, want, file)
		}
	}

	var out struct {
		Transcription struct{ Download struct{ URL string } }
	}
	p.must(`query($id: ID!) { transcription(id: $id) { download(format: SRT) { url } } }`, vars{"id": id}, &out)
	for name, forged := range map[string]string{
		"another format": strings.Replace(out.Transcription.Download.URL, ".srt", ".vtt", 1),
		"another time":   strings.Replace(out.Transcription.Download.URL, "expires=", "expires=9", 1),
		"no signature":   out.Transcription.Download.URL[:strings.Index(out.Transcription.Download.URL, "?")],
	} {
		if status := get(t, forged); status != http.StatusForbidden {
			t.Errorf("%s is answered with %d", name, status)
		}
	}
}

func get(t *testing.T, address string) int {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

func TestPlaybackLinkSupportsRangesAndNoCookie(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	audio := wav(1, 100*time.Millisecond)
	var out struct {
		UploadComplete struct {
			Recording struct {
				ContentType string
				SizeBytes   int64
				DurationMs  int
				Channels    int
				Audio       struct{ URL string }
			}
			Transcription *struct{ ID string }
		}
	}
	p.must(`mutation($in: UploadCompleteInput!) { uploadComplete(input: $in) {
		recording { contentType sizeBytes durationMs channels audio { url } } transcription { id } userErrors { message } } }`,
		vars{"in": vars{"uploadId": p.sent(audio), "transcribe": false}}, &out)
	r := out.UploadComplete.Recording
	if r.ContentType != "audio/wav" || r.SizeBytes != int64(len(audio)) || r.DurationMs != 100 || r.Channels != 1 {
		t.Errorf("recording: %+v", r)
	}
	if out.UploadComplete.Transcription != nil {
		t.Error("transcribed although nobody wanted it")
	}
	request, _ := http.NewRequest(http.MethodGet, r.Audio.URL, nil)
	request.Header.Set("Range", "bytes=0-3")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusPartialContent || string(body) != "RIFF" {
		t.Errorf("range answered with %d %q", response.StatusCode, body)
	}
}

func TestOrganizationsSettingDecidesWhatAnUploadStarts(t *testing.T) {
	t.Parallel()
	a := start(t)
	admin := a.person("ours", "ADMIN")
	complete := func() string {
		id, _ := admin.mutate(uploadComplete, vars{"in": vars{"uploadId": admin.sent(wav(2, 50*time.Millisecond))}})
		return id
	}
	if complete() == "" {
		t.Error("by default an upload is transcribed")
	}
	var out struct {
		OrganizationUpdate struct {
			Organization struct {
				Settings struct {
					TranscribeUploads bool
					LanguageCode      *string
					Analysis          []string
				}
			}
		}
	}
	admin.must(`mutation($in: OrganizationUpdateInput!) { organizationUpdate(input: $in) {
		organization { settings { transcribeUploads languageCode analysis } } userErrors { message } } }`,
		vars{"in": vars{"organizationId": admin.organization.String(), "transcribeUploads": false, "languageCode": "en", "analysis": []string{}}}, &out)
	if s := out.OrganizationUpdate.Organization.Settings; s.TranscribeUploads || s.LanguageCode == nil || *s.LanguageCode != "en" || s.Analysis == nil {
		t.Errorf("settings: %+v", s)
	}
	if id := complete(); id != "" {
		t.Errorf("transcribed as %s although the setting is off", id)
	}
}

func TestAudioThatTheProviderCannotFetchIsSentToItAndPolledFor(t *testing.T) {
	t.Parallel()
	a := start(t, "ASSEMBLYAI_UPLOAD=always", "TRANSCRIPTION_POLL_EVERY=50ms")
	p := a.person("ours", "OPERATOR")
	a.provider.SetFaults(assemblyai.Faults{Delay: 200 * time.Millisecond})

	if got := statuses(p.follow(p.transcribe(), nil)); !strings.HasSuffix(got, "COMPLETED") {
		t.Errorf("ended as %s", got)
	}
	if n := a.provider.Stats().WebhooksSent; n != 0 {
		t.Errorf("%d webhooks came to an address that the provider cannot reach", n)
	}
	if !strings.Contains(a.output.String(), "ASSEMBLYAI_UPLOAD") {
		t.Error("nothing was said of it at the start")
	}
}

func TestSecondTranscriptionOfARecordingWaitsForTheFirstToEnd(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	a.provider.SetFaults(assemblyai.Faults{Delay: time.Second})
	id := p.transcribe()
	request := func(key string) vars {
		return vars{"in": vars{"source": vars{"recordingId": p.state(id).Recording.ID}, "idempotencyKey": key}}
	}
	const again = `mutation($in: TranscriptionRequestInput!) { transcriptionRequest(input: $in) { transcription { id } userErrors { code message path } } }`

	if code := p.refused(again, request("one")); code != "CONFLICT" {
		t.Errorf("while the first is live: %s", code)
	}
	p.becomes(id, "COMPLETED")
	a.provider.SetFaults(assemblyai.Faults{})
	second, problems := p.mutate(again, request("two"))
	if second == "" {
		t.Fatalf("after the first has ended: %v", problems)
	}
	if same, _ := p.mutate(again, request("two")); same != second {
		t.Errorf("the same key gave %s and then %s", second, same)
	}
	p.becomes(second, "COMPLETED")
}

func TestClientsTranscribeIsTheWholeWalk(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	var seen []string
	transcript, err := p.Transcribe(within(t), client.Job{File: "../internal/devstack/samples/jfk.wav", Status: func(s client.Status) { seen = append(seen, s.Status) }})
	if err != nil || len(transcript.Utterances) == 0 {
		t.Fatalf("transcript %+v, error %v", transcript, err)
	}
	if len(seen) == 0 || seen[len(seen)-1] != "COMPLETED" {
		t.Errorf("statuses: %v", seen)
	}
}
