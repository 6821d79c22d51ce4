package samples

import (
	"bytes"
	"strings"
	"testing"
)

func TestSamplesAreWholeRecordingsWithTheirText(t *testing.T) {
	t.Parallel()
	for name, sample := range map[string][]byte{CallName: Call(), JFKName: JFK()} {
		if !bytes.HasPrefix(sample, []byte("RIFF")) || len(sample) < 1<<18 {
			t.Errorf("%s is no recording: %d bytes", name, len(sample))
		}
	}
	if turns := strings.Count(CallText(), "channel): "); turns != 9 {
		t.Errorf("the call has %d turns", turns)
	}
	if !strings.Contains(JFKText(), "fellow Americans") {
		t.Errorf("the text of %s is %q", JFKName, JFKText())
	}
}

func TestNobodyCanChangeASample(t *testing.T) {
	t.Parallel()
	Call()[0] = 'x'
	if Call()[0] != 'R' {
		t.Error("a change of the bytes is kept")
	}
}
