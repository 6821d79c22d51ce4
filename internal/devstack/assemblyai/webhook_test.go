package assemblyai

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
)

// receiver is where webhooks arrive. It answers with the given statuses, the last of them for ever.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	statuses []int
	got      []assemblyai.Webhook
	secrets  []string
	arrived  chan struct{} // one token a webhook, as many as fit
}

func receive(t *testing.T, statuses ...int) *receiver {
	t.Helper()
	r := &receiver{statuses: statuses, arrived: make(chan struct{}, 100)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		note, err := assemblyai.ParseWebhook(body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		status := r.statuses[min(len(r.got), len(r.statuses)-1)]
		r.got, r.secrets = append(r.got, note), append(r.secrets, request.Header.Get("X-Secret"))
		w.WriteHeader(status)
		r.arrived <- struct{}{}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) wait(t *testing.T) {
	t.Helper()
	select {
	case <-r.arrived:
	case <-time.After(patience):
		t.Fatal("no webhook came")
	}
}

func (r *receiver) notes() []assemblyai.Webhook {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]assemblyai.Webhook{}, r.got...)
}

func (s *service) withWebhook(hook *receiver) assemblyai.SubmitParams {
	p := s.params()
	p.WebhookURL, p.WebhookAuthHeaderName, p.WebhookAuthHeaderValue = hook.URL+"/?submission=1", "X-Secret", "hush"
	return p
}

func TestTheWebhookCarriesTheIDTheStatusAndTheSecret(t *testing.T) {
	t.Parallel()
	hook := receive(t, http.StatusOK)
	s := start(t)
	id := s.submit(t, s.withWebhook(hook))
	hook.wait(t)
	s.settled(t, id)
	if notes := hook.notes(); len(notes) != 1 || notes[0] != (assemblyai.Webhook{TranscriptID: id, Status: assemblyai.StatusCompleted}) || hook.secrets[0] != "hush" {
		t.Errorf("webhooks %+v, secrets %v", notes, hook.secrets)
	}
	got, err := s.Get(t.Context(), id)
	if about := object(t, got.Raw); err != nil || about["webhook_status_code"] != float64(200) || about["webhook_auth"] != true || about["webhook_auth_header_name"] != "X-Secret" {
		t.Errorf("got %s, %v", got.Raw, err)
	}
}

func TestWebhooksAreTriedAsOftenAsTheVendorTries(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		statuses []int
		want     int
	}{
		"fails for ever":      {[]int{500}, webhookTries},
		"fails twice":         {[]int{503, 500, 204}, 3},
		"says never":          {[]int{404}, 1},
		"says never, later":   {[]int{500, 422}, 2},
		"sends it elsewhere":  {[]int{307}, webhookTries},
		"asks for a pause":    {[]int{429}, 1},
		"takes it right away": {[]int{201}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hook := receive(t, test.statuses...)
			s := start(t)
			s.settled(t, s.submit(t, s.withWebhook(hook)))
			if got := len(hook.notes()); got != test.want || s.Stats().WebhooksSent != test.want {
				t.Errorf("%d arrived, %d sent, want %d", got, s.Stats().WebhooksSent, test.want)
			}
		})
	}
}

func TestAWebhookToNobodyIsGivenUp(t *testing.T) {
	t.Parallel()
	hook := receive(t, http.StatusOK)
	s := start(t)
	p := s.withWebhook(hook)
	hook.Close()
	s.settled(t, s.submit(t, p))
	if got := s.Stats().WebhooksSent; got != webhookTries {
		t.Errorf("%d tries", got)
	}
}
