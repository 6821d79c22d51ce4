package ids_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"pgregory.net/rapid"
)

func drawn(t *rapid.T, label string) ids.ID {
	kind := rapid.SampledFrom([]ids.Kind{ids.Activity, ids.Membership, ids.Organization, ids.Recording, ids.Transcription, ids.Upload, ids.User}).Draw(t, label)
	return ids.Of(kind, uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label)))
}

func TestAnIDComesBackAsItWentOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := drawn(t, "id")
		if back, err := ids.Parse(id.String()); err != nil || back != id {
			t.Errorf("%v became %v, %v", id, back, err)
		}
		var quoted bytes.Buffer
		id.MarshalGQL(&quoted)
		var word string
		var back ids.ID
		if err := json.Unmarshal(quoted.Bytes(), &word); err != nil || back.UnmarshalGQL(word) != nil || back != id {
			t.Errorf("%v became %v through GraphQL, %v", id, back, err)
		}
		written, err := json.Marshal(id)
		if err != nil || json.Unmarshal(written, &back) != nil || back != id {
			t.Errorf("%v became %v through JSON, %v", id, back, err)
		}
	})
}

func TestIDsOfOneKindSortAsTheirUUIDs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawn(t, "a"), drawn(t, "b")
		b.Kind = a.Kind
		if words, bytes := slices.Compare([]byte(a.String()), []byte(b.String())), slices.Compare(a.UUID[:], b.UUID[:]); words != bytes {
			t.Errorf("%v and %v: %d, their UUIDs %d", a, b, words, bytes)
		}
	})
}

func TestNewIDsNeverRepeatAndSortByTime(t *testing.T) {
	t.Parallel()
	last := ids.New(ids.User)
	for range 1000 {
		next := ids.New(ids.User)
		if next.String() <= last.String() {
			t.Fatalf("%v after %v", next, last)
		}
		last = next
	}
}

func TestAnIDHasOneSpelling(t *testing.T) {
	t.Parallel()
	id := ids.Of(ids.User, uuid.UUID{1}).String()
	for _, other := range []string{
		"", "_", "usr", "usr_", id[4:], "usr" + id[4:], "USR" + id[3:] + "0", id + "0", id[:len(id)-1], id[:len(id)-1] + "1", id[:len(id)-1] + "U",
		id[:len(id)-1] + "o", id + "\n", id[:len(id)-1] + "\n", "muchtoolongprefix_" + id[4:], "usr_0000000000000000000000000é",
	} {
		if back, err := ids.Parse(other); err == nil {
			t.Errorf("%q is %v", other, back)
		}
	}
}

func TestAMalformedIDOfAClientIsAnIDOfNothing(t *testing.T) {
	t.Parallel()
	id := ids.New(ids.User)
	if err := id.UnmarshalGQL("nonsense"); err != nil || id != (ids.ID{}) || id.String() != "" {
		t.Errorf("%v, %v", id, err)
	}
	if err := id.UnmarshalGQL(7); err == nil {
		t.Error("a number is an id")
	}
	if err := id.UnmarshalText([]byte("nonsense")); err == nil {
		t.Error("JSON of ours may hold nonsense")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(ids.Of(ids.User, uuid.UUID{1}).String())
	f.Add("usr_00000000000000000000000001")
	f.Add("usr_0000000000000000000000000\n") // the decoder passes over line ends
	f.Fuzz(func(t *testing.T, word string) {
		if id, err := ids.Parse(word); err == nil && id.String() != word {
			t.Errorf("%q is read as %v", word, id)
		}
	})
}
