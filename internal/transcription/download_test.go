package transcription

import (
	"bytes"
	"net/url"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// door makes links at a moment and with these keys.
func door(at time.Time, keys ...string) *Service {
	l := links{base: "https://api.example.com", now: func() time.Time { return at }}
	for _, key := range keys {
		l.keys = append(l.keys, bytes.Repeat([]byte(key), 32))
	}
	return &Service{links: l}
}

func TestADownloadLinkOutlivesTheKeyThatSignedItAndNotItsTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	done := Transcription{ID: ids.New(ids.Transcription), Status: Completed}
	link, err := url.Parse(door(now, "o").Download(done, SRT).URL)
	if err != nil {
		t.Fatal(err)
	}
	name := done.ID.String() + ".srt"
	if link.Path != "/download/"+name {
		t.Errorf("path %s", link.Path)
	}
	for what, c := range map[string]struct {
		door *Service
		file string
		want fault.Code
	}{
		"the key that signed":         {door(now, "o"), name, ""},
		"a newer key beside it":       {door(now, "n", "o"), name, ""},
		"a newer key in its place":    {door(now, "n"), name, fault.CodeForbidden},
		"another file":                {door(now, "o"), done.ID.String() + ".json", fault.CodeForbidden},
		"a quarter of an hour later":  {door(now.Add(downloadLife+time.Second), "o"), name, fault.CodeExpired},
		"the last moment of its life": {door(now.Add(downloadLife), "o"), name, ""},
	} {
		if err := c.door.links.check(c.file, link.Query()); err != nil && !fault.Is(err, c.want) || err == nil && c.want != "" {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
}

func TestThereIsNoLinkToATranscriptThatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, status := range []Status{Queued, Processing, Failed, Canceled} {
		if link := door(time.Now(), "k").Download(Transcription{ID: ids.New(ids.Transcription), Status: status}, JSON); link != nil {
			t.Errorf("%s: %v", status, link)
		}
	}
}
