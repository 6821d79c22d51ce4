package signalwire

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

const sound = "0123456789"

func TestAudioBeginsAtTheOffsetWhateverTheVendorSends(t *testing.T) {
	t.Parallel()
	answers := map[string]http.HandlerFunc{
		"honours ranges": func(w http.ResponseWriter, r *http.Request) {
			from := 0
			_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
			if from == 0 {
				_, _ = io.WriteString(w, sound)
				return
			}
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-9/10", from))
			if from == len(sound) {
				w.Header().Set("Content-Range", "bytes */10")
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return
			}
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, sound[from:])
		},
		"ignores ranges": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, sound) },
		"gives more": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-9/10")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, sound)
		},
	}
	for name, answer := range answers {
		for _, offset := range []int64{0, 4, 10} {
			c := vendor(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != testRoot+"/Recordings/"+testSid+".wav" {
					t.Errorf("asked for %s", r.URL)
				}
				answer(w, r)
			})
			audio, err := c.Audio(t.Context(), AudioParams{Sid: testSid, Offset: offset, Most: 10})
			if err != nil {
				t.Errorf("%s from %d: %v", name, offset, err)
				continue
			}
			got, err := io.ReadAll(audio)
			audio.Close()
			if err != nil || string(got) != sound[offset:] || audio.Size != 10 {
				t.Errorf("%s from %d: %q of %d, %v", name, offset, got, audio.Size, err)
			}
		}
	}
}

func TestAudioIsHeldToItsBounds(t *testing.T) {
	t.Parallel()
	announced := vendor(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, sound) })
	if _, err := announced.Audio(t.Context(), AudioParams{Sid: testSid, Most: 9}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a size that is announced: %v", err)
	}
	silent := vendor(t, func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush() // no length
		_, _ = io.WriteString(w, sound)
	})
	audio, err := silent.Audio(t.Context(), AudioParams{Sid: testSid, Most: 9})
	if err != nil {
		t.Fatal(err)
	}
	defer audio.Close()
	if _, err := io.ReadAll(audio); !errors.Is(err, ErrTooLarge) || audio.Size != -1 {
		t.Errorf("one that is not, %d: %v", audio.Size, err)
	}
}

func TestAudioThatEndsEarlyIsNotWhole(t *testing.T) {
	t.Parallel()
	c := vendor(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", "bytes 2-9/10")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.WriteString(w, "234")
	})
	audio, err := c.Audio(t.Context(), AudioParams{Sid: testSid, Offset: 2, Most: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer audio.Close()
	if got, err := io.ReadAll(audio); !errors.Is(err, io.ErrUnexpectedEOF) || string(got) != "234" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAnswersThatAreNoAudioAreErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		header string
		says   string
	}{
		"not there":              {404, "", "404"},
		"a range that is none":   {206, "bytes x-9/10", "range"},
		"no range":               {206, "", "range"},
		"a range that is behind": {206, "bytes 6-9/10", "begins at byte 6"},
		"past the end":           {416, "bytes */3", "416"},
	} {
		client := vendor(t, func(w http.ResponseWriter, _ *http.Request) {
			if c.header != "" {
				w.Header().Set("Content-Range", c.header)
			}
			w.WriteHeader(c.status)
		})
		if _, err := client.Audio(t.Context(), AudioParams{Sid: testSid, Offset: 4, Most: 10}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRangesOfAnswersAreReadOrRefused(f *testing.F) {
	for _, header := range []string{"bytes 0-9/10", "bytes */10", "bytes 1-2/*", "bytes -/-", "bits 0-1/2", "bytes 18446744073709551615-/1", ""} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		begin, whole, err := contentRange(header)
		if err == nil && (begin < 0 || whole < -1) {
			t.Errorf("%q: from %d of %d", header, begin, whole)
		}
	})
}
