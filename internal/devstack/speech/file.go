package speech

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	// demuxers are the formats that ffmpeg may take a file for. Left to itself it also takes play lists,
	// which name other files of this machine.
	demuxers = "aac,ac3,aiff,amr,asf,au,caf,flac,matroska,mov,mp3,ogg,w64,wav"
	// killed is how long a stopped ffmpeg may still hold its pipe.
	killed = 5 * time.Second
	// maxComplaint is what is kept of ffmpeg's messages: the first says what is wrong.
	maxComplaint = 500
)

// readFile gives the channels of any file at Rate. WAV needs no other program, everything else ffmpeg.
func (e *Engine) readFile(ctx context.Context, name string) ([][]int16, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening recording: %w", err)
	}
	defer f.Close()
	head := make([]byte, 16)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading recording: %w", err)
	}
	format := formatOf(head[:n])
	if format == "WAV" {
		channels, err := readWAV(untilDone{ctx, f}, MaxDuration)
		foreign, ok := errors.AsType[*foreignError](err)
		if !ok {
			return channels, err
		}
		format = foreign.format
	}
	return e.convert(ctx, format, name)
}

// formatOf names a format for people; what a file really holds is ffmpeg's to say.
func formatOf(head []byte) string {
	for magic, format := range map[string]string{
		"RIFF....WAVE": "WAV", "ID3": "MP3", "\xff\xfb": "MP3", "\xff\xf3": "MP3", "\xff\xf1": "AAC", "fLaC": "FLAC",
		"OggS": "Ogg", "\x1a\x45\xdf\xa3": "WebM", "....ftyp": "MP4 or M4A", "#!AMR": "AMR", "FORM....AIFF": "AIFF",
	} {
		if len(head) < len(magic) {
			continue
		}
		same := true
		for i := range len(magic) {
			same = same && (magic[i] == '.' || magic[i] == head[i])
		}
		if same {
			return format
		}
	}
	return "an unknown format"
}

// convert lets ffmpeg write WAV, because that says how many channels there are.
func (e *Engine) convert(ctx context.Context, format, name string) ([][]int16, error) {
	program, err := exec.LookPath(e.ffmpeg)
	if err != nil {
		return nil, refused("the recording is %s, which only ffmpeg can read here: install ffmpeg or send a WAV file", format)
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("finding recording: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := exec.CommandContext(ctx, program, "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-format_whitelist", demuxers,
		"-i", "file:"+path, "-map", "0:a:0", "-ar", fmt.Sprint(Rate), "-c:a", "pcm_s16le", "-f", "wav", "-")
	var complaint excerpt
	cmd.Stderr, cmd.WaitDelay = &complaint, killed
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting ffmpeg: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting ffmpeg: %w", err)
	}
	channels, err := readWAV(untilDone{ctx, out}, MaxDuration)
	gone := ctx.Err()
	if err != nil {
		stop() // it would wait for a reader for ever
	}
	waited := cmd.Wait()
	switch {
	case gone != nil: // what was read is not all, and looks as if it was
		return nil, fmt.Errorf("reading from ffmpeg: %w", gone)
	case complaint.Len() > 0 && waited != nil:
		said := strings.ReplaceAll(complaint.String(), "file:"+path, "file") // where it lies is nobody's business
		return nil, refused("ffmpeg cannot read the recording, which is %s: %s", format, strings.TrimSpace(said))
	case err != nil:
		return nil, fmt.Errorf("reading from ffmpeg: %w", err)
	case waited != nil:
		return nil, fmt.Errorf("running ffmpeg: %w", waited)
	}
	return channels, nil
}

// excerpt keeps the beginning of what is written to it.
type excerpt struct{ bytes.Buffer }

func (e *excerpt) Write(p []byte) (int, error) {
	e.Buffer.Write(p[:min(len(p), maxComplaint-e.Len())])
	return len(p), nil
}

// untilDone stops reading for a caller who has gone.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
