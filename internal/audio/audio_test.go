package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRealFilesAreKnownByTheirBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file        string
		format      Format
		contentType string
		length      time.Duration // by ffprobe
		channels    int
		rate        int
	}{
		{"pcm16.wav", WAV, "audio/wav", 500 * time.Millisecond, 1, 8000},
		{"pcm8.wav", WAV, "audio/wav", 500 * time.Millisecond, 1, 8000},
		{"mulaw-stereo.wav", WAV, "audio/wav", 512 * time.Millisecond, 2, 8000},
		{"alaw.wav", WAV, "audio/wav", 500 * time.Millisecond, 1, 8000},
		{"float.wav", WAV, "audio/wav", 500 * time.Millisecond, 1, 8000},
		{"extensible24.wav", WAV, "audio/wav", 500 * time.Millisecond, 1, 8000},
		{"sox-pipe.wav", WAV, "audio/wav", 500 * time.Millisecond, 1, 8000},
		{"ffmpeg-pipe.wav", WAV, "audio/wav", 500 * time.Millisecond, 1, 8000},
		{"rf64.wav", WAV, "audio/wav", 500 * time.Millisecond, 1, 8000},
		{"cbr.mp3", MP3, "audio/mpeg", 1584 * time.Millisecond, 1, 16000},
		{"mpeg25.mp3", MP3, "audio/mpeg", 1656 * time.Millisecond, 1, 8000},
		{"vbr.mp3", MP3, "audio/mpeg", 1500 * time.Millisecond, 1, 44100},
		{"tagged-stereo.mp3", MP3, "audio/mpeg", 1500 * time.Millisecond, 2, 44100},
		{"plain.flac", FLAC, "audio/flac", 500 * time.Millisecond, 1, 8000},
		{"opus.ogg", Ogg, "audio/ogg", 1500 * time.Millisecond, 1, 48000},
		{"vorbis-stereo.ogg", Ogg, "audio/ogg", 1500 * time.Millisecond, 2, 22050},
		{"video.ogg", Ogg, "audio/ogg", 1200 * time.Millisecond, 1, 16000},
		{"duration.webm", WebM, "audio/webm", 1508 * time.Millisecond, 1, 48000},
		{"live.webm", WebM, "audio/webm", 1500 * time.Millisecond, 1, 48000},
		{"stereo.mkv", WebM, "audio/x-matroska", 1523 * time.Millisecond, 2, 22050},
		{"moov-last.m4a", M4A, "audio/mp4", 1564 * time.Millisecond, 1, 16000},
		{"moov-first.m4a", M4A, "audio/mp4", 1564 * time.Millisecond, 1, 16000},
		{"fragmented.mp4", M4A, "audio/mp4", 1564 * time.Millisecond, 1, 16000},
		{"video.mp4", M4A, "audio/mp4", 1264 * time.Millisecond, 1, 16000},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			got, err := inspectBytes(fixture(t, c.file))
			if err != nil {
				t.Fatal(err)
			}
			exact := time.Millisecond
			if c.file == "live.webm" {
				exact = 30 * time.Millisecond // nothing says how long its last block is
			}
			if off := (got.Duration - c.length).Abs(); off > exact {
				t.Errorf("Duration = %s, want %s", got.Duration, c.length)
			}
			got.Duration = 0
			if want := (Info{c.format, c.contentType, 0, c.channels, c.rate}); got != want {
				t.Errorf("Inspect = %+v, want %+v", got, want)
			}
		})
	}
}

func TestWhatIsNoneOfOursIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		kind error
		what string
	}{
		"pdf":               {"%PDF-1.7\n", ErrUnsupported, "a PDF document"},
		"zip":               {"PK\x03\x04\x14\x00", ErrUnsupported, "a ZIP archive"},
		"png":               {"\x89PNG\x0d\x0a\x1a\x0a\x00", ErrUnsupported, "an image"},
		"jpeg":              {"\xff\xd8\xff\xe0\x00\x10JFIF", ErrUnsupported, "an image"},
		"webp":              {"RIFF\x24\x00\x00\x00WEBPVP8 ", ErrUnsupported, "an image"},
		"heic":              {"\x00\x00\x00\x10ftypheic\x00\x00\x00\x00", ErrUnsupported, "an image"},
		"html":              {"<!DOCTYPE html><html>", ErrUnsupported, "a text document"},
		"avi":               {"RIFF\x24\x00\x00\x00AVI LIST", ErrUnsupported, "an AVI video"},
		"gzip":              {"\x1f\x8b\x08\x00", ErrUnsupported, "a compressed archive"},
		"amr":               {"#!AMR\n\x3c\x91", ErrUnsupported, "an AMR file"},
		"wma":               {"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", ErrUnsupported, "a Windows Media file"},
		"layer2.mp2":        {"", ErrUnsupported, "MPEG layer II audio"},
		"raw.aac":           {"", ErrUnsupported, "a raw AAC stream"},
		"free format":       {"\xff\xfb\x00\xc0\x00\x00\x00\x00", ErrUnsupported, "a free-format MP3 file"},
		"tagged aac":        {"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xf1\x60\x40\x00\x00\x00", ErrUnsupported, "a raw AAC stream"},
		"tagged noise":      {"ID3\x04\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04\x05\x06", ErrUnsupported, "a tagged file whose sound is not MP3"},
		"adpcm.wav":         {"", ErrUnsupported, "a WAV file with the codec 0x0002"},
		"speex.ogg":         {"", ErrUnsupported, "an Ogg file without Opus or Vorbis sound"},
		"flac-pipe.flac":    {"", ErrUnsupported, "a FLAC stream that does not say how long it is"},
		"silent-video.webm": {"", ErrUnsupported, "a video without sound"},
		"silent-video.mp4":  {"", ErrUnsupported, "a video without sound"},
		"noise":             {strings.Repeat("\x01\x9c\xe3\x55\x00", 100), ErrNotAudio, "a file of an unknown kind"},
		"nothing":           {"", ErrTruncated, "an empty file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := []byte(c.body)
			if strings.Contains(name, ".") {
				body = fixture(t, name)
			}
			_, err := inspectBytes(body)
			var refused *Refused
			if !errors.As(err, &refused) || !errors.Is(err, c.kind) || refused.What != c.what {
				t.Errorf("Inspect = %v, want %v: %s", err, c.kind, c.what)
			}
		})
	}
}

func TestACutFilePromisesNoMoreThanTheWholeOne(t *testing.T) {
	t.Parallel()
	for _, file := range fixtures(t) {
		whole := fixture(t, file)
		full, err := inspectBytes(whole)
		if err != nil {
			continue // refused whole, so there is nothing to mistake
		}
		for n := range 64 {
			cut := whole[:len(whole)*n/64]
			info, err := inspectBytes(cut)
			var refused *Refused
			if err != nil && !errors.As(err, &refused) {
				t.Fatalf("%s cut to %d bytes: %v", file, len(cut), err)
			}
			if err != nil {
				continue
			}
			// A header may promise the whole length; no cut may promise more, and none may invent.
			if info.Duration > full.Duration+30*time.Millisecond || info.Format != full.Format {
				t.Errorf("%s cut to %d bytes: %+v, whole: %+v", file, len(cut), info, full)
			}
		}
	}
	for _, file := range []string{"pcm16.wav", "sox-pipe.wav", "moov-first.m4a", "moov-last.m4a", "cbr.mp3", "opus.ogg", "live.webm", "fragmented.mp4"} {
		whole := fixture(t, file)
		full, err := inspectBytes(whole)
		if err != nil {
			t.Fatal(err)
		}
		half, err := inspectBytes(whole[:len(whole)/2])
		if err == nil && half.Duration > full.Duration*3/4 {
			t.Errorf("half of %s is taken for %s of %s", file, half.Duration, full.Duration)
		}
	}
}

func TestAFailingBucketIsNotTakenForABadFile(t *testing.T) {
	t.Parallel()
	gone := errors.New("connection reset")
	for _, file := range []string{"opus.ogg", "live.webm", "moov-last.m4a", "fragmented.mp4", "cbr.mp3", "pcm16.wav"} {
		var refused *Refused
		if _, err := Inspect(broken{gone}, int64(len(fixture(t, file)))); !errors.Is(err, gone) || errors.As(err, &refused) {
			t.Errorf("%s: %v, want %v", file, err, gone)
		}
	}
	if _, err := Inspect(bytes.NewReader(fixture(t, "pcm16.wav")), 1<<20); !errors.Is(err, ErrTruncated) {
		t.Errorf("an object shorter than its size: %v, want ErrTruncated", err)
	}
}

func TestALargeFileIsReadAtItsEndsOnly(t *testing.T) {
	t.Parallel()
	const hole = 1 << 30
	ogg := fixture(t, "opus.ogg")
	pages := bytes.LastIndex(ogg, []byte("OggS"))
	// moov at the end, as phones write it: the sound's box is stretched to a gigabyte.
	m4a := fixture(t, "moov-last.m4a")
	mdat := bytes.Index(m4a, []byte("mdat"))
	moov := bytes.Index(m4a, []byte("moov")) - 4
	grown := bytes.Clone(m4a)
	binary.BigEndian.PutUint32(grown[mdat-4:], uint32(moov-mdat+4)+hole)
	for name, file := range map[string]*sparse{
		"ogg": {head: ogg[:pages], tail: ogg[pages:], hole: hole},
		"m4a": {head: grown[:moov], tail: grown[moov:], hole: hole},
		"mp3": {head: fixture(t, "vbr.mp3")[:4000], tail: fixture(t, "vbr.mp3")[4000:], hole: hole},
		"wav": {head: fixture(t, "sox-pipe.wav"), hole: hole},
	} {
		info, err := Inspect(file, file.size())
		if err != nil || info.Duration < time.Second {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
		if file.read > 4*block {
			t.Errorf("%s: read %d bytes of %d", name, file.read, file.size())
		}
	}
}

func inspectBytes(b []byte) (Info, error) { return Inspect(bytes.NewReader(b), int64(len(b))) }

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func fixtures(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() && entry.Name() != "README.md" {
			names = append(names, entry.Name())
		}
	}
	return names
}

// broken is a bucket that does not answer.
type broken struct{ err error }

func (b broken) ReadAt([]byte, int64) (int, error) { return 0, b.err }

// sparse is a file with a large hole of zeros, that counts what is read.
type sparse struct {
	head, tail []byte
	hole       int64
	read       int
}

func (s *sparse) size() int64 { return int64(len(s.head)) + s.hole + int64(len(s.tail)) }

func (s *sparse) ReadAt(p []byte, off int64) (int, error) {
	s.read += len(p)
	if off < 0 || off+int64(len(p)) > s.size() {
		return 0, io.EOF
	}
	clear(p)
	if off < int64(len(s.head)) {
		copy(p, s.head[off:])
	}
	if at := int64(len(s.head)) + s.hole - off; at < int64(len(p)) {
		if at >= 0 {
			copy(p[at:], s.tail)
		} else {
			copy(p, s.tail[-at:])
		}
	}
	return len(p), nil
}
