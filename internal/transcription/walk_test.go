package transcription

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	fake "github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// moody hears the same in every file, or now and then nothing.
type moody struct {
	mu     sync.Mutex
	random *rand.Rand
}

func (m *moody) Recognize(context.Context, string) (speech.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.random.IntN(4) == 0 {
		return speech.Result{}, errors.New("nothing was heard")
	}
	return heard, nil
}

var heard = speech.Result{Channels: 1, Duration: time.Second, Turns: []speech.Turn{{Words: []speech.Word{{Text: "Hello.", End: time.Second, Confidence: 1}}}}}

// walker does to one recording whatever can be done, in an order that its seed draws.
type walker struct {
	*house
	provider *fake.Server
	random   *rand.Rand
	about    ids.ID // a recording
}

// step does one thing and gives its error.
func (w *walker) step(ctx context.Context) error {
	rows, err := w.store.ListTranscriptionsOfRecording(ctx, w.about.UUID)
	if err != nil {
		return err
	}
	row := rows[w.random.IntN(len(rows))]
	id, attempt := ids.Of(ids.Transcription, row.ID), 1+w.random.Int32N(row.Attempt+1) // an earlier one, this one, or one that is not yet
	switch w.random.IntN(9) {
	case 0:
		_, err = w.Cancel(ctx, w.viewer, id)
	case 1, 2:
		_, err = w.Retry(ctx, w.viewer, id)
	case 3:
		_, err = w.Request(ctx, w.viewer, RequestInput{RecordingID: w.about})
	case 4:
		err = w.worker.submit(ctx, jobs.Job[submitArgs]{Args: submitArgs{TranscriptionID: row.ID, Attempt: attempt}})
	case 5:
		err = w.worker.check(ctx, jobs.Job[checkArgs]{Args: checkArgs{TranscriptionID: row.ID, Attempt: attempt}})
	case 6:
		err = w.worker.sweep(ctx, jobs.Job[sweepArgs]{})
	case 7:
		err = w.knock(ctx, row.ID, attempt)
	default:
		w.misbehave()
	}
	return err
}

// knock is a webhook that comes again, too late, or about another transcript than its address says.
func (w *walker) knock(ctx context.Context, transcription uuid.UUID, attempt int32) error {
	sub, err := w.store.GetSubmissionOfAttempt(ctx, transcription, attempt)
	if err != nil {
		return nil // nothing was sent yet
	}
	about := "unknown"
	if sub.ProviderID != nil {
		about = *sub.ProviderID
	}
	_, err = w.worker.Ingest(ctx, inbox.Event{
		Body: fmt.Appendf(nil, `{"transcript_id":%q,"status":"completed"}`, about), Query: "submission=" + sub.ID.String(), ReceivedAt: time.Now(),
	})
	return err
}

func (w *walker) misbehave() {
	w.provider.SetFaults([]fake.Faults{
		{LoseAnswer: 1},
		{Refuse429: 1},
		{Garbage: 1},
		{On: "get", Fail5xx: 1},
		{LoseAnswer: 1, Webhook: fake.WebhookFaults{Early: true, Doubled: true}},
		{Webhook: fake.WebhookFaults{Late: 30 * time.Millisecond}},
		{Webhook: fake.WebhookFaults{Lost: true}},
		{},
	}[w.random.IntN(8)])
}

// explained says whether an error is one that was to be expected: no arrow, another one under way, a busy
// machine that says to come again, or the provider's. A database's is none.
func explained(err error) bool {
	if f := fault.As(err); f != nil {
		return f.Code == fault.CodeInvalidState || f.Code == fault.CodeConflict || f.Code == fault.CodeUnavailable
	}
	var database *pgconn.PgError
	return !errors.As(err, &database)
}

func TestWhateverComesInWhateverOrderTheRoomStaysOnItsGraph(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			provider, address := standIn(t, &moody{random: rand.New(rand.NewPCG(seed, 0))})
			h := open(t, address)
			h.run(t)
			var all sync.WaitGroup
			var recordings []ids.ID
			for range 8 { // before anybody walks: a request that has to come again is for them
				recordings = append(recordings, h.request(t).RecordingID)
			}
			for i, about := range recordings {
				for j := range uint64(3) {
					w := &walker{house: h, provider: provider, random: rand.New(rand.NewPCG(seed, 1+3*uint64(i)+j)), about: about}
					all.Go(func() {
						for range 12 {
							if err := w.step(t.Context()); err != nil && !explained(err) {
								t.Error(err)
							}
						}
					})
				}
			}
			all.Wait()
			provider.SetFaults(fake.Faults{})
			h.comeToRest(t)
			kept := h.keptByVendor(t)
			for _, about := range recordings {
				h.wantWalked(t, about, kept)
			}
		})
	}
}

// comeToRest lets everything happen that is still to happen, without the pauses in between.
func (h *house) comeToRest(t *testing.T) {
	t.Helper()
	eventually(t, "nothing more happens", func() bool {
		for _, step := range []func() error{func() error { return h.hurry(t.Context()) }, func() error { return h.worker.sweep(t.Context(), jobs.Job[sweepArgs]{}) }} {
			if err := step(); err != nil && !explained(err) {
				t.Fatal(err)
			}
		}
		return h.number(t, "SELECT count(*) FROM switchboard.transcriptions WHERE status IN ('QUEUED', 'PROCESSING')") == 0 &&
			h.number(t, "SELECT count(*) FROM river.river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled') AND kind <> 'transcription.sweep'") == 0
	})
}

// hurry ends the pauses of jobs, and the time for which submissions without an answer are looked for. Its lock
// keeps River from the rows meanwhile, whose own order of them made the two wait for each other; and of a
// submission that a job is sending just now nobody knows yet whether it is lost.
func (h *house) hurry(ctx context.Context) error {
	return h.store.InTx(ctx, func(tx *postgres.Tx) error {
		for _, sql := range []string{
			"LOCK TABLE river.river_job IN SHARE ROW EXCLUSIVE MODE",
			`UPDATE switchboard.transcription_submissions SET unsure_until = now() - interval '1 second'
				WHERE unsure_until > now() AND NOT EXISTS (SELECT FROM river.river_job WHERE state = 'running')`,
			`UPDATE river.river_job SET state = 'available', scheduled_at = now(), max_attempts = 1000
				WHERE state IN ('retryable', 'scheduled') AND kind <> 'transcription.sweep'`,
		} {
			if _, err := tx.Raw.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}
