package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestWAVLengthsThatLieAreClampedToTheFile(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]uint32{"right": 8000, "zero": 0, "a pipe of sox": 0x7ffff000, "a pipe of ffmpeg": 0xffffffff, "one too many": 8001} {
		got, err := inspectBytes(wav(t, func(b []byte) { binary.LittleEndian.PutUint32(b[40:], length) }))
		if err != nil || got.Duration != 500*time.Millisecond {
			t.Errorf("%s: %+v, %v, want 500ms", name, got, err)
		}
	}
	got, err := inspectBytes(wav(t, func(b []byte) { binary.LittleEndian.PutUint32(b[40:], 4000) }))
	if err != nil || got.Duration != 250*time.Millisecond {
		t.Errorf("with other chunks after the sound: %+v, %v, want 250ms", got, err)
	}
}

func TestWAVHeadersThatMeanNothingAreRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func([]byte){
		"no channels":          func(b []byte) { binary.LittleEndian.PutUint16(b[22:], 0) },
		"thousands":            func(b []byte) { binary.LittleEndian.PutUint16(b[22:], 4000) },
		"no rate":              func(b []byte) { binary.LittleEndian.PutUint32(b[24:], 0) },
		"a rate of gigahertz":  func(b []byte) { binary.LittleEndian.PutUint32(b[24:], 1<<31) },
		"no bits":              func(b []byte) { binary.LittleEndian.PutUint16(b[34:], 0) },
		"a short format":       func(b []byte) { binary.LittleEndian.PutUint32(b[16:], 4) },
		"sound before format":  func(b []byte) { copy(b[12:], "junk") },
		"a format to infinity": func(b []byte) { binary.LittleEndian.PutUint32(b[16:], 0xfffffff0) },
		"no sound at all":      func(b []byte) { copy(b[36:], "junk") },
	} {
		if got, err := inspectBytes(wav(t, change)); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if _, err := inspectBytes(fixture(t, "pcm16.wav")[:44]); !errors.Is(err, ErrTruncated) {
		t.Errorf("a header alone: %v, want ErrTruncated", err)
	}
}

func TestMP3FrameCountsAreBelievedOnlyWhenTheBytesAllowThem(t *testing.T) {
	t.Parallel()
	plain := fixture(t, "vbr.mp3")
	honest, err := inspectBytes(plain)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(plain, []byte("Xing")) + 8
	for name, frames := range map[string]uint32{"none": 0, "few, to pay less": 4, "billions": 0xffffffff} {
		b := bytes.Clone(plain)
		binary.BigEndian.PutUint32(b[at:], frames)
		got, err := inspectBytes(b)
		if err != nil || (got.Duration-honest.Duration).Abs() > 400*time.Millisecond {
			t.Errorf("%s: %s, %v, want about %s", name, got.Duration, err, honest.Duration)
		}
	}
}

func TestMP3WithAVBRIHeaderIsCounted(t *testing.T) {
	t.Parallel()
	b := bytes.Clone(fixture(t, "vbr.mp3"))
	at := bytes.Index(b, []byte("Xing"))
	clear(b[at : at+120])
	first := bytes.IndexByte(b, 0xff)
	copy(b[first+36:], "VBRI")
	binary.BigEndian.PutUint32(b[first+36+14:], 40)
	got, err := inspectBytes(b)
	if want := 40 * 1152 * time.Second / 44100; err != nil || (got.Duration-want).Abs() > time.Microsecond {
		t.Errorf("Inspect = %+v, %v, want %s", got, err, want)
	}
}

func TestMP3CutOutOfAStreamIsFound(t *testing.T) {
	t.Parallel()
	got, err := inspectBytes(fixture(t, "cbr.mp3")[50:])
	if err != nil || got.Format != MP3 || got.SampleRate != 16000 {
		t.Errorf("from within a frame: %+v, %v", got, err)
	}
	tag := "ID3\x04\x00\x00\x00\x00\x00\x02ab"
	got, err = inspectBytes(append([]byte(tag+tag), fixture(t, "cbr.mp3")...))
	if err != nil || got.Format != MP3 {
		t.Errorf("after two tags: %+v, %v", got, err)
	}
	got, err = inspectBytes(append([]byte(tag), fixture(t, "plain.flac")...))
	if err != nil || got.Format != FLAC || got.Duration != 500*time.Millisecond {
		t.Errorf("FLAC after a tag: %+v, %v", got, err)
	}
}

func TestWebMAsBrowsersRecordItIsTimedByItsLastBlock(t *testing.T) {
	t.Parallel()
	whole := fixture(t, "live.webm")
	cluster := bytes.LastIndex(whole, []byte{0x1f, 0x43, 0xb6, 0x75})
	unsized := bytes.Clone(whole)
	unsized[cluster+4], unsized[cluster+5] = 0x7f, 0xff // Chrome leaves the size open
	want, err := inspectBytes(whole)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := inspectBytes(unsized); err != nil || got != want {
		t.Errorf("a cluster without a size: %+v, %v, want %+v", got, err, want)
	}
	if got, err := inspectBytes(unsized[:len(unsized)-1]); err != nil || want.Duration-got.Duration > 100*time.Millisecond {
		t.Errorf("the tab closed in the last block: %+v, %v", got, err)
	}
	// The mark of a cluster within the sound of the last block is not taken for one.
	copy(unsized[len(unsized)-20:], "\x1f\x43\xb6\x75\x01\xff")
	if got, err := inspectBytes(unsized); err != nil || got != want {
		t.Errorf("with a false mark: %+v, %v, want %+v", got, err, want)
	}
}

func TestOggWithoutAnEndInItsTailIsCutShort(t *testing.T) {
	t.Parallel()
	whole := fixture(t, "opus.ogg")
	noise := bytes.Repeat([]byte("OggX"), (searched+block)/4)
	if got, err := inspectBytes(append(bytes.Clone(whole), noise...)); !errors.Is(err, ErrTruncated) {
		t.Errorf("Inspect = %+v, %v, want ErrTruncated", got, err)
	}
}

func TestFragmentsWithALengthForEachSampleAreSummed(t *testing.T) {
	t.Parallel()
	b := fixture(t, "fragmented.mp4")
	moof := b[bytes.LastIndex(b, []byte("moof"))-4:]
	traf := func(run string) []byte {
		tfhd := boxed("tfhd", "\x00\x02\x00\x00"+"\x00\x00\x00\x01")
		tfdt := boxed("tfdt", "\x01\x00\x00\x00"+"\x00\x00\x00\x00\x00\x00\x3e\x80") // one second
		return []byte(boxed("moof", boxed("traf", tfhd+tfdt+boxed("trun", run))))
	}
	run := "\x00\x00\x03\x05" + "\x00\x00\x00\x02" + "offsflag" + "\x00\x00\x1f\x40size" + "\x00\x00\x0f\xa0size" // 0.5 s and 0.25 s
	got, err := inspectBytes(append(bytes.Clone(b[:len(b)-len(moof)]), traf(run)...))
	if err != nil || got.Duration != 1750*time.Millisecond {
		t.Errorf("Inspect = %+v, %v, want 1.75s", got, err)
	}
	// Neither the samples nor the fragment say how long a sample is: the movie header does.
	quiet := bytes.Clone(b[:len(b)-len(moof)])
	binary.BigEndian.PutUint32(quiet[bytes.Index(quiet, []byte("trex"))+16:], 4000)
	got, err = inspectBytes(append(quiet, traf("\x00\x00\x00\x00\x00\x00\x00\x03")...))
	if err != nil || got.Duration != 1750*time.Millisecond {
		t.Errorf("with the default length: %+v, %v, want 1.75s", got, err)
	}
	// A count without its samples is a fragment that was cut off: the one before it tells the length.
	got, err = inspectBytes(append(bytes.Clone(b[:len(b)-len(moof)]), traf("\x00\x00\x01\x00\xff\xff\xff\xff")...))
	if err != nil || got.Duration > 1500*time.Millisecond {
		t.Errorf("a broken last fragment: %+v, %v", got, err)
	}
}

func TestBoxesBelowTheLastLevelAreNotEntered(t *testing.T) {
	t.Parallel()
	b := fixture(t, "moov-last.m4a")
	moov := b[bytes.Index(b, []byte("moov"))+4:]
	stsd := bytes.Index(moov, []byte("stsd")) - 4
	entry := string(moov[stsd : stsd+int(binary.BigEndian.Uint32(moov[stsd:]))])
	mdhd := bytes.Index(moov, []byte("mdhd")) - 4
	before := string(moov[mdhd : mdhd+32])
	handler := boxed("hdlr", "\x00\x00\x00\x00\x00\x00\x00\x00soun")
	file := func(entry string) []byte {
		return []byte(boxed("ftyp", "M4A \x00\x00\x00\x00") + boxed("moov", boxed("trak", boxed("mdia", before+handler+boxed("minf", boxed("stbl", entry))))))
	}
	if got, err := inspectBytes(file(entry)); err != nil || got.Channels != 1 {
		t.Errorf("as the standard has it: %+v, %v", got, err)
	}
	if got, err := inspectBytes(file(boxed("stbl", entry))); !errors.Is(err, ErrUnsupported) {
		t.Errorf("one level deeper: %+v, %v, want ErrUnsupported", got, err)
	}
}

func TestASearchFindsAMarkAcrossTwoReads(t *testing.T) {
	t.Parallel()
	for before := range 8 {
		b := make([]byte, 2*block)
		want := int64(block - before)
		copy(b[want:], "mark")
		s := &source{r: bytes.NewReader(b), size: int64(len(b)), left: maxBlocks}
		got, err := s.findLast([]byte("mark"), func(int64) (bool, error) { return true, nil })
		if err != nil || got != want {
			t.Errorf("findLast = %d, %v, want %d", got, err, want)
		}
	}
}

func TestHostileNestingAndLoopsEnd(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("\x00\x00\x00\x00mdia", 1<<19)
	for name, body := range map[string]string{
		"boxes in boxes":      "\x00\x00\x00\x10ftypM4A \x00\x00\x00\x00\x00\x00\x00\x00moov\x00\x00\x00\x00trak" + deep,
		"boxes of no length":  "\x00\x00\x00\x10ftypM4A \x00\x00\x00\x00" + strings.Repeat("\x00\x00\x00\x08free", 1<<20),
		"a negative box":      "\x00\x00\x00\x10ftypM4A \x00\x00\x00\x00\x00\x00\x00\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff",
		"elements of nothing": "\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + strings.Repeat("\xec\x80", 1<<22),
		"pages in pages":      string(fixture(t, "opus.ogg")[:200]) + strings.Repeat("OggS\x00\x00", 1<<20),
		"clusters":            string(fixture(t, "live.webm")[:390]) + strings.Repeat("\x1f\x43\xb6\x75", 1<<20),
		"chunks of nothing":   "RIFF\x00\x00\x00\x00WAVE" + strings.Repeat("junk\x00\x00\x00\x00", 1<<20),
		"half of every sync":  strings.Repeat("\xff\xfb\x90\x00", 1<<20),
	} {
		file := &sparse{head: []byte(body)}
		var refused *Refused
		if got, err := Inspect(file, file.size()); !errors.As(err, &refused) {
			t.Errorf("%s: %+v, %v, want a refusal", name, got, err)
		}
		if file.read > maxBlocks*block {
			t.Errorf("%s: read %d bytes", name, file.read)
		}
	}
}

func TestReadersThatAnswerWithTheEndAreUnderstood(t *testing.T) {
	t.Parallel()
	b := fixture(t, "opus.ogg")
	if got, err := Inspect(eager{b}, int64(len(b))); err != nil || got.Format != Ogg {
		t.Errorf("Inspect = %+v, %v", got, err)
	}
}

// wav is 500 ms of 8 kHz with a header of 44 bytes, changed.
func wav(t *testing.T, change func([]byte)) []byte {
	t.Helper()
	b := bytes.Clone(fixture(t, "pcm16.wav"))
	change(b)
	return b
}

func boxed(kind, content string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(8+len(content)))) + kind + content
}

// eager says io.EOF together with the last byte, as io.ReaderAt may.
type eager struct{ b []byte }

func (e eager) ReadAt(p []byte, off int64) (int, error) {
	n := copy(p, e.b[off:])
	if off+int64(n) == int64(len(e.b)) {
		return n, io.EOF
	}
	return n, nil
}
