package audio

import (
	"errors"
	"strings"
	"testing"
)

func FuzzWAV(f *testing.F) { fuzzFormat(f, ".wav", inspectWAV) }
func FuzzMP3(f *testing.F) { fuzzFormat(f, ".mp3", inspectMP3) }
func FuzzFLAC(f *testing.F) {
	fuzzFormat(f, ".flac", func(s *source) (Info, error) { return inspectFLAC(s, 0) })
}
func FuzzOgg(f *testing.F)  { fuzzFormat(f, ".ogg", inspectOgg) }
func FuzzWebM(f *testing.F) { fuzzFormat(f, ".webm", inspectWebM) }
func FuzzMP4(f *testing.F) {
	for _, name := range []string{"moov-last.m4a", "moov-first.m4a"} {
		f.Add(fixture(f, name))
	}
	fuzzFormat(f, ".mp4", inspectMP4)
}

// FuzzInspect goes through the front door, where the first bytes decide.
func FuzzInspect(f *testing.F) { fuzzFormat(f, "", inspect) }

// fuzzFormat feeds one reader what it would never be given. Whatever that is, it must end within its
// budget with an answer that is in bounds or a refusal that names something.
func fuzzFormat(f *testing.F, suffix string, read func(*source) (Info, error)) {
	for _, name := range fixtures(f) {
		if strings.HasSuffix(name, suffix) {
			f.Add(fixture(f, name))
		}
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		file := &sparse{head: b}
		info, err := read(&source{r: file, size: file.size(), left: maxBlocks})
		if file.read > maxBlocks*block {
			t.Errorf("read %d bytes", file.read)
		}
		var refused *Refused
		if err != nil && (!errors.As(err, &refused) || refused.What == "" || refused.Kind == nil) {
			t.Errorf("error %v is no refusal", err)
		}
		if err == nil && (info.Duration < 0 || info.Duration > maxDuration) {
			t.Errorf("Inspect = %+v", info)
		}
	})
}
