package assemblyai

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
)

func TestTwoChannelsBecomeTwoSpeakersInTheVendorsShape(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.params()
	p.Multichannel = true

	got := s.wait(t, s.submit(t, p))

	if got.Status != assemblyai.StatusCompleted || got.Text != "Harbor Dental. Hello." || *got.Confidence != 0.75 || *got.AudioDuration != 4 || got.LanguageCode != "en" || got.SpeechModelUsed != DefaultModel {
		t.Errorf("got %s", got.Raw)
	}
	if len(got.Utterances) != 2 || len(got.Words) != 3 {
		t.Fatalf("%d utterances, %d words", len(got.Utterances), len(got.Words))
	}
	second := got.Utterances[1]
	if second.Speaker != "2" || second.Channel != "2" || second.Start != 1500 || second.End != 2000 || second.Words[0].Channel != "2" {
		t.Errorf("second utterance %+v", second)
	}
	if first := got.Words[0]; first.Text != "Harbor" || first.Start != 100 || first.End != 400 || first.Channel != "1" {
		t.Errorf("first word %+v", first)
	}
}

func TestUtterancesComeOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	s := start(t)
	plain := s.wait(t, s.submit(t, s.params()))
	if plain.Utterances != nil || len(plain.Words) != 3 || plain.Words[0].Speaker != "" {
		t.Errorf("got %s", plain.Raw)
	}
	p := s.params()
	p.SpeakerLabels = true
	labelled := s.wait(t, s.submit(t, p))
	if len(labelled.Utterances) != 2 || labelled.Utterances[1].Speaker != "B" || labelled.Utterances[1].Channel != "" {
		t.Errorf("got %s", labelled.Raw)
	}
}

func TestSilenceIsAnEmptyTranscript(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Recognizer = Scripted{speech.Result{Channels: 1}} })
	got := s.wait(t, s.submit(t, s.params()))
	if got.Status != assemblyai.StatusCompleted || got.Text != "" || got.Words == nil || got.Confidence != nil {
		t.Errorf("got %s", got.Raw)
	}
}

func TestSpeakersOnOneChannelAreRefusedByName(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Recognizer = Scripted{speech.Result{Channels: 1}} })
	p := s.params()
	p.SpeakerLabels = true
	got := s.wait(t, s.submit(t, p))
	if got.Status != assemblyai.StatusError || !strings.Contains(got.Error, "speaker_labels") {
		t.Errorf("got %s", got.Raw)
	}
}

func TestAMonoFileIsNotListenedToForSpeakers(t *testing.T) {
	t.Parallel()
	g := newGate()
	s := start(t, func(c *Config) { c.Recognizer = g })
	at, err := s.Upload(t.Context(), strings.NewReader(monoWAV), int64(len(monoWAV)))
	if err != nil {
		t.Fatal(err)
	}
	got := s.wait(t, s.submit(t, assemblyai.SubmitParams{AudioURL: at, SpeakerLabels: true}))
	if got.Status != assemblyai.StatusError || len(g.entered) != 0 {
		t.Errorf("listened %d times, got %s", len(g.entered), got.Raw)
	}
}

// monoWAV is one channel of 8 kHz, a hundredth of a second long.
var monoWAV = "RIFF\xc4\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\xa0\x00\x00\x00" + strings.Repeat("\x00", 160)

func TestStatusesFollowOneAnother(t *testing.T) {
	t.Parallel()
	g := newGate()
	s := start(t, func(c *Config) { c.Recognizer, c.Workers = g, 1 })
	first, second := s.submit(t, s.params()), s.submit(t, s.params())
	<-g.entered
	for id, want := range map[string]assemblyai.Status{first: assemblyai.StatusProcessing, second: assemblyai.StatusQueued} {
		if got, err := s.Get(t.Context(), id); err != nil || got.Status != want || got.AudioURL != s.params().AudioURL {
			t.Errorf("%s, %v, want %s", got.Raw, err, want)
		}
	}
	var refused *assemblyai.Error
	if err := s.Delete(t.Context(), first); !errors.As(err, &refused) || refused.Status != http.StatusBadRequest {
		t.Errorf("deleting what is being made: %v", err)
	}
	close(g.open)
	s.wait(t, second)
}

func TestADeletedTranscriptStaysWithoutItsContent(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.submit(t, s.params())
	s.wait(t, id)
	for range 2 {
		if err := s.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Get(t.Context(), id)
	if err != nil || !got.Deleted() || got.Status != assemblyai.StatusCompleted || got.Words != nil || strings.Contains(string(got.Raw), "Harbor") {
		t.Errorf("got %s, %v", got.Raw, err)
	}
	list, err := s.List(t.Context(), assemblyai.ListParams{})
	if err != nil || len(list.Transcripts) != 1 || list.Transcripts[0].AudioURL != deletedURL {
		t.Errorf("listed %+v, %v", list, err)
	}
	if stats := s.Stats(); stats.Deleted != 2 || stats.ByAudio[s.params().AudioURL] != 1 {
		t.Errorf("stats %+v", stats)
	}
}

func TestWhatIsNotThereIsMissing(t *testing.T) {
	t.Parallel()
	s := start(t)
	var refused *assemblyai.Error
	if _, err := s.Get(t.Context(), "nothing"); !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
		t.Errorf("Get: %v", err)
	}
	if err := s.Delete(t.Context(), "nothing"); !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
		t.Errorf("Delete: %v", err)
	}
}

func TestListGoesBackPageByPage(t *testing.T) {
	t.Parallel()
	s := start(t)
	var ids []string
	for i := range 5 {
		p := s.params()
		p.AudioURL = fmt.Sprintf("%s/%d.wav", s.audio.URL, i)
		ids = append([]string{s.submit(t, p)}, ids...)
	}
	var seen []string
	before := ""
	for {
		list, err := s.List(t.Context(), assemblyai.ListParams{Limit: 2, BeforeID: before})
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Transcripts) == 0 {
			break
		}
		for _, row := range list.Transcripts {
			seen, before = append(seen, row.ID), row.ID
		}
	}
	if strings.Join(seen, " ") != strings.Join(ids, " ") {
		t.Errorf("saw %v, want %v", seen, ids)
	}
	status, body := s.send(t, "GET", "/v2/transcript?limit=1&after_id="+ids[4], testKey, "")
	rows := object(t, []byte(body))["transcripts"].([]any)
	if status != http.StatusOK || len(rows) != 1 || rows[0].(map[string]any)["id"] != ids[3] {
		t.Errorf("after the oldest: %d %s", status, body)
	}
	for _, query := range []string{"limit=0", "limit=201", "limit=x", "before_id=x", "after_id=" + ids[4] + "&before_id=" + ids[0], "before_id=" + ids[4] + "&after_id=" + ids[0]} {
		status, body := s.send(t, "GET", "/v2/transcript?"+query, testKey, "")
		if wrong := query != "after_id="+ids[4]+"&before_id="+ids[0]; (status == http.StatusBadRequest) != wrong {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
}

func TestListChoosesAStatus(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.wait(t, s.submit(t, s.params()))
	for status, want := range map[string]int{"completed": 1, "error": 0} {
		code, body := s.send(t, "GET", "/v2/transcript?status="+status, testKey, "")
		if rows := object(t, []byte(body))["transcripts"].([]any); code != http.StatusOK || len(rows) != want {
			t.Errorf("%s: %d %s", status, code, body)
		}
	}
}
