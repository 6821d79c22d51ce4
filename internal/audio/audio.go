// Package audio says what an audio file is, from its bytes alone: its name and its declared type are the
// uploader's claim. It reads the head and, where a format keeps its length there, the tail, so that it
// works over a bucket without fetching the object. It decodes no sound.
package audio

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Format is a container that speech providers take.
type Format string

const (
	WAV  Format = "wav"
	MP3  Format = "mp3"
	FLAC Format = "flac"
	Ogg  Format = "ogg"  // with Opus or Vorbis
	WebM Format = "webm" // and Matroska, of which it is a part
	M4A  Format = "m4a"  // and MP4 and QuickTime files that have a sound track
)

// Info is what the bytes say.
type Info struct {
	Format      Format
	ContentType string
	Duration    time.Duration // an estimate for MP3 without a Xing or VBRI header; above 0
	Channels    int           // 1 to maxChannels
	SampleRate  int           // frames per second, 1 to maxRate
}

var (
	// ErrNotAudio is for bytes that are nothing we know.
	ErrNotAudio = errors.New("not audio")
	// ErrUnsupported is for what we know and cannot take.
	ErrUnsupported = errors.New("not a supported kind of audio")
	// ErrTruncated is for a file that ends before what its own headers need.
	ErrTruncated = errors.New("audio that is cut short")
)

// Refused is every answer of Inspect about a file, as opposed to one about reading it.
type Refused struct {
	Kind error  // ErrNotAudio, ErrUnsupported or ErrTruncated
	What string // what the file looks like, for a person: "a PDF document"
}

func (r *Refused) Error() string { return fmt.Sprintf("%v: %s", r.Kind, r.What) }

func (r *Refused) Unwrap() error { return r.Kind }

const (
	// maxDuration is far above any call or hearing, and 5 GiB of telephone sound is 186 hours: whoever
	// claims more has a broken header. It also keeps time.Duration far from its end.
	maxDuration = 1000 * time.Hour
	// maxChannels and maxRate are what FLAC and Vorbis can write down, and studio equipment at most does.
	maxChannels = 255
	maxRate     = 768_000
)

// Inspect reads what it needs of size bytes behind r, never more than maxBlocks blocks. Errors: *Refused, or
// what r answered.
func Inspect(r io.ReaderAt, size int64) (Info, error) {
	s := &source{r: r, size: size, left: maxBlocks}
	info, err := inspect(s)
	if err != nil {
		return Info{}, err
	}
	switch {
	case info.Duration <= 0:
		return Info{}, truncated("it holds no sound")
	case info.Channels < 1 || info.Channels > maxChannels || info.SampleRate < 1 || info.SampleRate > maxRate:
		return Info{}, unsupported("%s audio with %d channels at %d Hz", info.Format, info.Channels, info.SampleRate)
	}
	return info, nil
}

// seconds is how long that many ticks take.
func seconds(ticks uint64, perSecond int) (time.Duration, error) {
	if perSecond < 1 {
		return 0, unsupported("audio without a clock in its header")
	}
	rate := uint64(perSecond)
	if ticks/rate >= uint64(maxDuration/time.Second) {
		return 0, unsupported("audio whose header claims more than %.0f hours", maxDuration.Hours())
	}
	// Below maxDuration neither product can overflow: the rest is less than 2^32.
	whole, rest := ticks/rate, ticks%rate
	return time.Duration(whole)*time.Second + time.Duration(rest*uint64(time.Second)/rate), nil
}

func unsupported(format string, args ...any) error {
	return &Refused{ErrUnsupported, fmt.Sprintf(format, args...)}
}

func truncated(what string) error { return &Refused{ErrTruncated, what} }
