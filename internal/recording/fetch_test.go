package recording

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/audio"
	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/devstack/samples"
	"github.com/switchboard-voice/switchboard/internal/egress"
)

func TestServerInTroubleIsAskedAgainUntilTheLastTry(t *testing.T) {
	t.Parallel()
	c := openCopier(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	rec := c.expect(t)
	if err := c.copy(t.Context(), c.job(rec, 1, false)); err == nil || Status(c.read(t, rec).Status) != Pending {
		t.Errorf("first try: %v, %s", err, c.read(t, rec).Status)
	}
	if err := c.copy(t.Context(), c.job(rec, 1, true)); err != nil {
		t.Fatal(err)
	}
	row := c.read(t, rec)
	if Status(row.Status) != Failed || !strings.Contains(*row.FailureMessage, "502") || !*row.FailureRetryable {
		t.Errorf("last try: %+v", row)
	}
	if n := c.number(t, "SELECT count(*) FROM river.river_job WHERE kind = 'recording.settled'"); n != 1 {
		t.Errorf("%d jobs follow", n)
	}
}

func TestFailedCopyIsBegunAnewAndAnEarlierJobChangesNothing(t *testing.T) {
	t.Parallel()
	c := openCopier(t, http.NotFound)
	rec := c.expect(t)
	if err := c.copy(t.Context(), c.job(rec, 1, false)); err != nil || Status(c.read(t, rec).Status) != Failed {
		t.Fatalf("%v, %s", err, c.read(t, rec).Status)
	}
	for range 2 { // asked for twice, it is begun once
		if here, err := c.want(t, c.scope.OrganizationID, rec); here || err != nil {
			t.Fatalf("here: %v, %v", here, err)
		}
	}
	if n := c.number(t, "SELECT count(*) FROM river.river_job WHERE kind = 'recording.copy' AND args->>'attempt' = '2'"); n != 1 {
		t.Errorf("%d jobs of the second attempt", n)
	}
	if err := c.copy(t.Context(), c.job(rec, 1, true)); err != nil || Status(c.read(t, rec).Status) != Pending || c.asked.Load() != 1 {
		t.Errorf("a job of the first attempt: %v, %s", err, c.read(t, rec).Status)
	}
	c.answer = sound
	if err := c.copy(t.Context(), c.job(rec, 2, false)); err != nil || Status(c.read(t, rec).Status) != Stored {
		t.Errorf("second attempt: %v, %s", err, c.read(t, rec).Status)
	}
}

// full is a bucket that takes no more objects.
type full struct{ blob.Bucket }

func (full) Put(_ context.Context, _, _ string, _ int64, body io.Reader) (blob.Object, error) {
	_, _ = io.CopyN(io.Discard, body, 100)
	return blob.Object{}, errors.New("no space left")
}

func TestBucketInTroubleIsNotSaidToBeTheServers(t *testing.T) {
	t.Parallel()
	c := openCopier(t, sound)
	c.Copies.bucket = full{c.Copies.bucket}
	rec := c.expect(t)
	if err := c.copy(t.Context(), c.job(rec, 1, false)); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("first try: %v", err)
	}
	if err := c.copy(t.Context(), c.job(rec, 1, true)); err != nil {
		t.Fatal(err)
	}
	if row := c.read(t, rec); Status(row.Status) != Failed || !*row.FailureRetryable || strings.Contains(*row.FailureMessage, "space") {
		t.Errorf("last try: %+v", row)
	}
}

func TestCopyThatIsStoppedWithTheProcessIsNotFailed(t *testing.T) {
	t.Parallel()
	begun := make(chan bool, 1)
	c := openCopier(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		begun <- true
		<-r.Context().Done()
	})
	rec := c.expect(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- c.copy(ctx, c.job(rec, 1, true)) }()
	<-begun
	stop()
	if err := <-ended; err == nil || Status(c.read(t, rec).Status) != Pending {
		t.Errorf("%v, %s", err, c.read(t, rec).Status)
	}
}

func TestBytesOfARecordingWhoseRowIsGoneAreRemoved(t *testing.T) {
	t.Parallel()
	c := openCopier(t, sound)
	rec := c.expect(t)
	key := c.read(t, rec).ObjectKey
	if _, err := c.Copies.bucket.Put(t.Context(), key, "audio/wav", 5, strings.NewReader("sound")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Copies.store.Pool().Exec(t.Context(), "DELETE FROM switchboard.recordings"); err != nil {
		t.Fatal(err)
	}
	if err := c.copy(t.Context(), c.job(rec, 1, false)); err != nil || !c.gone(t, key) || c.asked.Load() != 0 {
		t.Errorf("%v, gone: %v", err, c.gone(t, key))
	}
}

func TestFailureIsTriedAgainWhereThatMayHelp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err               error
		says              string
		retryable, passes bool
	}{
		{&audio.Refused{Kind: audio.ErrNotAudio, What: "a PDF document"}, "a PDF document", false, false},
		{&audio.Refused{Kind: audio.ErrTruncated, What: "it holds no sound"}, "cut short", true, false},
		{&egress.StatusError{Status: 404}, "404", true, false},
		{&egress.StatusError{Status: 503}, "503", true, true},
		{egress.ErrAddress, "public https server", false, false},
		{egress.ErrRedirects, "redirected", true, false},
		{egress.ErrTooLarge, "larger than 99 bytes", false, false},
		{egress.ErrSlow, "too slowly", true, false},
		{errors.New("dial tcp 10.0.0.1: connection refused"), "could not be fetched", true, true},
	} {
		got := unavailable(errors.Join(errors.New("around"), c.err), 99)
		if !strings.Contains(got.message, c.says) || got.retryable != c.retryable || got.passes != c.passes || strings.Contains(got.message, "10.0.0.1") {
			t.Errorf("%v: %+v", c.err, got)
		}
	}
}

func TestAnswerOfAnyLengthIsTakenForWhatItsBytesAre(t *testing.T) {
	t.Parallel()
	c := openCopier(t, func(w http.ResponseWriter, _ *http.Request) { // without a length, under a wrong type
		w.Header().Set("Content-Type", "text/html")
		w.(http.Flusher).Flush()
		_, _ = io.Copy(w, bytes.NewReader(samples.JFK()))
	})
	rec := c.expect(t)
	if err := c.copy(t.Context(), c.job(rec, 1, false)); err != nil || Status(c.read(t, rec).Status) != Stored {
		t.Errorf("%v, %s", err, c.read(t, rec).Status)
	}
}
