package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

func TestTranscribeWalksFromTheFileToTheWholeTranscript(t *testing.T) {
	t.Parallel()
	o, c := newOffice(t)
	var stored atomic.Value
	o.put = func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		stored.Store(string(body))
	}
	var steps []string
	var sent int64

	got, err := c.Transcribe(t.Context(), Job{
		File: audioFile(t), Language: "en",
		Progress: func(now, total int64) { sent = now * total },
		Status:   func(s Status) { steps = append(steps, s.Status) },
	})

	want := Transcript{
		ID: "trn_1", LanguageCode: "en", Text: "Hello. Bye.", Speakers: []Speaker{{"1", "Speaker 1", 900}},
		Utterances: []Utterance{{"1", 3000, 4000, "Hello."}, {"1", 5000, 6000, "Bye."}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if !slices.Equal(steps, []string{"QUEUED", "PROCESSING", "COMPLETED"}) || sent != int64(len(sound)*len(sound)) || stored.Load() != sound {
		t.Errorf("steps %v, progress %d, stored %v", steps, sent, stored.Load())
	}
	key, _ := o.input["uploadCreate"]["idempotencyKey"].(string)
	delete(o.input["uploadCreate"], "idempotencyKey")
	wantInput := map[string]map[string]any{
		"uploadCreate":   {"organizationId": "org_1", "filename": "call.WAV", "contentType": "audio/wav", "sizeBytes": 10.0, "sha256": soundSHA},
		"uploadComplete": {"uploadId": "upl_1", "transcribe": true, "languageCode": "en"},
		"viewer":         nil,
	}
	if !reflect.DeepEqual(o.input, wantInput) || len(key) < 16 {
		t.Errorf("asked with %v and the key %q, want %v and a long key", o.input, key, wantInput)
	}
}

func TestFailedTranscriptionIsAnErrorWithItsSentence(t *testing.T) {
	t.Parallel()
	o, c := newOffice(t)
	o.events = []string{event("PROCESSING", "null"), event("FAILED", `{"code":"PROVIDER_REFUSED","message":"No speech."}`)}
	got, err := c.Transcribe(t.Context(), Job{File: audioFile(t)})
	if e := wantError(t, err); e.Code != "PROVIDER_REFUSED" || e.Message != "No speech." || got.ID != "trn_1" {
		t.Errorf("got %+v beside %+v", e, got)
	}
}

func TestStreamsThatEndWithoutATranscript(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ last, want string }{
		"canceled":         {event("CANCELED", "null"), "canceled"},
		"queued again":     {event("FAILED", "null"), "queued again"},
		"before its time":  {event("PROCESSING", "null"), "ended before"},
		"not a status":     {`{"transcriptionStatus":7}`, "decoding a status"},
		"without any word": {`{"transcriptionStatus":null}`, "ended before"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, c := newOffice(t)
			o.events = []string{test.last}
			if err := c.Follow(t.Context(), "trn_1", nil); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want it to say %q", err, test.want)
			}
		})
	}
}

func TestUserErrorsAreErrors(t *testing.T) {
	t.Parallel()
	const problems = `"userErrors":[{"code":"INVALID","message":"Not audio.","path":["input","contentType"]}]`
	for field, data := range map[string]string{
		"uploadCreate":   `{"uploadCreate":{"upload":null,"targets":[],` + problems + `}}`,
		"uploadComplete": `{"uploadComplete":{"transcription":null,` + problems + `}}`,
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			o, c := newOffice(t)
			o.data[field] = data
			_, err := c.Transcribe(t.Context(), Job{File: audioFile(t)})
			if e := wantError(t, err); e.Code != "INVALID" || e.Message != "Not audio." || !reflect.DeepEqual(e.Path, []any{"input", "contentType"}) {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestOrganizationIsTheNamedOneOrTheOnlyOne(t *testing.T) {
	t.Parallel()
	const two = `{"viewer":{"memberships":[{"organization":{"id":"org_1","slug":"acme"}},{"organization":{"id":"org_2","slug":"zeta"}}]}}`
	for name, test := range map[string]struct{ viewer, named, want, says string }{
		"the only one":   {oneMembership, "", "org_1", ""},
		"by slug":        {two, "zeta", "org_2", ""},
		"by id":          {two, "org_1", "org_1", ""},
		"one of several": {two, "", "", "acme, zeta"},
		"another's":      {two, "evil", "", `"evil"`},
		"none":           {`{"viewer":{"memberships":[]}}`, "", "", "no organization"},
		"nobody":         {`{"viewer":null}`, "", "", "UNAUTHENTICATED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, c := newOffice(t)
			o.data["viewer"] = test.viewer
			got, err := c.organization(t.Context(), test.named)
			if got != test.want || (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %q, %v, want %q and words about %q", got, err, test.want, test.says)
			}
		})
	}
}

func TestUploadWhoseAnswerWasLostIsNotAnError(t *testing.T) {
	t.Parallel()
	o, c := newOffice(t)
	var puts atomic.Int64
	o.put = func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if puts.Add(1) == 1 {
			hangUp(w, r)
		}
		status(http.StatusPreconditionFailed, "Something is already stored under this link.")(w, r)
	}
	if id, err := c.Submit(t.Context(), Job{File: audioFile(t)}); err != nil || id != "trn_1" {
		t.Errorf("got %q, %v", id, err)
	}
	wantCount(t, &puts, 2)
}

func TestUploadToATakenPlaceIsAnError(t *testing.T) {
	t.Parallel()
	o, c := newOffice(t)
	o.put = status(http.StatusPreconditionFailed, "Something is already stored under this link.")
	_, err := c.Submit(t.Context(), Job{File: audioFile(t)})
	if e := wantError(t, err); e.Status != http.StatusPreconditionFailed {
		t.Errorf("got %+v", e)
	}
}

func TestDownloadIsTheServersFile(t *testing.T) {
	t.Parallel()
	_, c := newOffice(t)
	file, err := c.Download(t.Context(), "trn_1", "SRT")
	if err != nil || !strings.HasPrefix(string(file), "1\n00:00:03,000") {
		t.Errorf("got %q, %v", file, err)
	}
}

func TestTranscriptThatIsNotThereIsSaid(t *testing.T) {
	t.Parallel()
	o, c := newOffice(t)
	o.data["transcription"] = `{"transcription":null}`
	delete(o.data, "download")
	_, err := c.Transcript(t.Context(), "trn_2")
	if e := wantError(t, err); e.Code != "NOT_FOUND" {
		t.Errorf("got %+v", e)
	}
	_, err = c.Download(t.Context(), "trn_2", "VTT")
	if e := wantError(t, err); e.Code != "NOT_FOUND" {
		t.Errorf("got %+v", e)
	}
}

func TestTranscriptionGoesOnWhenNobodyWaits(t *testing.T) {
	t.Parallel()
	_, c := newOffice(t)
	ctx, cancel := context.WithCancel(t.Context())
	got, err := c.Transcribe(ctx, Job{File: audioFile(t), Status: func(Status) { cancel() }})
	if !errors.Is(err, context.Canceled) || got.ID != "trn_1" {
		t.Errorf("got %+v, %v, want the id and the context's end", got, err)
	}
}
