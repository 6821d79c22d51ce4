package transcription

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	fake "github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/samples"
	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
	"github.com/switchboard-voice/switchboard/internal/egress"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/recording"
)

// copying lets the house copy from a server of somebody else, and gives its address.
func (h *house) copying(t *testing.T, settled func(context.Context, jobs.Job[recording.SettledArgs]) error) recording.Address {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(samples.JFK()) }))
	t.Cleanup(server.Close)
	h.copies = recording.NewCopies(recording.CopiesDeps{
		Store: h.store, Jobs: h.queue, Bucket: h.bucket, MaxSize: 1 << 20,
		Client: egress.New(egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}),
	})
	h.worker.copies = h.copies
	jobs.Handle(h.queue, jobs.Kind{Queue: jobs.Work}, settled)
	return recording.Address{OrganizationID: h.home, URL: server.URL}
}

func unheard(context.Context, jobs.Job[recording.SettledArgs]) error { return nil }

func TestSweepGoesOnWhereTheJobsOfACopyWereLost(t *testing.T) {
	t.Parallel()
	_, vendor := standIn(t, fake.Scripted{Result: speech.Result{Channels: 1}})
	h := open(t, vendor)
	address := h.copying(t, unheard)
	made, err := h.Request(t.Context(), h.viewer, RequestInput{Address: &address})
	if err != nil {
		t.Fatal(err)
	}
	if n := h.number(t, "WITH gone AS (DELETE FROM river.river_job WHERE kind = 'recording.copy' RETURNING 1) SELECT count(*) FROM gone"); n != 1 {
		t.Fatalf("%d copies were queued", n)
	}
	h.run(t)
	eventually(t, "it is COMPLETED", func() bool { return h.read(t, made.ID).Status == Completed })
}

func TestCanceledWhileItIsCopiedStaysCanceledAndIsNotSubmitted(t *testing.T) {
	t.Parallel()
	server, vendor := standIn(t, fake.Scripted{Result: speech.Result{Channels: 1}})
	h := open(t, vendor)
	done := make(chan bool, 1)
	address := h.copying(t, func(ctx context.Context, job jobs.Job[recording.SettledArgs]) error {
		defer func() { done <- true }()
		return h.worker.RecordingSettled(ctx, job.Args)
	})
	made, err := h.Request(t.Context(), h.viewer, RequestInput{Address: &address})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Cancel(t.Context(), h.viewer, made.ID); err != nil {
		t.Fatal(err)
	}
	h.run(t)
	<-done
	if n := h.number(t, "SELECT count(*) FROM river.river_job WHERE kind = 'transcription.submit'"); n != 0 {
		t.Errorf("%d submissions", n)
	}
	if got := h.read(t, made.ID).Status; got != Canceled || server.Stats().Submitted != 0 {
		t.Errorf("it is %s", got)
	}
}

func TestRequestOfAnAddressBeforeTheAudioIsHereSubmitsNothing(t *testing.T) {
	t.Parallel()
	h := open(t, "http://127.0.0.1:1")
	address := h.copying(t, unheard)
	made, err := h.Request(t.Context(), h.viewer, RequestInput{Address: &address})
	if err != nil || made.Status != Queued {
		t.Fatalf("%+v, %v", made, err)
	}
	if err := h.worker.submit(t.Context(), jobs.Job[submitArgs]{Args: submitArgs{TranscriptionID: made.ID.UUID, Attempt: 1}}); err != nil {
		t.Errorf("a submission that comes too early: %v", err)
	}
	if n := h.number(t, "SELECT count(*) FROM switchboard.transcription_submissions"); n != 0 {
		t.Errorf("%d submissions were prepared", n)
	}
}
