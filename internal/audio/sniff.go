package audio

import (
	"bytes"
	"net/http"
	"strings"
)

// sniffed is how much of a file http.DetectContentType looks at.
const sniffed = 512

// inspect asks the reader of the format that the first bytes belong to.
func inspect(s *source) (Info, error) {
	head, err := s.bytes(0, int(min(sniffed, max(0, s.size))))
	if err != nil {
		return Info{}, err
	}
	if len(head) == 0 {
		return Info{}, truncated("an empty file")
	}
	has := func(at int, mark string) bool { return len(head) > at && bytes.HasPrefix(head[at:], []byte(mark)) }
	switch {
	case has(0, "RIFF") && has(8, "WAVE"), has(0, "RF64") && has(8, "WAVE"):
		return inspectWAV(s)
	case has(0, "fLaC"):
		return inspectFLAC(s, 0)
	case has(0, "OggS"):
		return inspectOgg(s)
	case has(0, "\x1a\x45\xdf\xa3"):
		return inspectWebM(s)
	case has(4, "ftyp"):
		return inspectMP4(s)
	}
	if what := looksLike(head); what != "" {
		return Info{}, unsupported("%s", what)
	}
	return inspectMP3(s) // last: its only mark is eleven set bits, which are found in anything
}

// looksLike names what is surely not a format of ours, for a person who took the wrong file.
func looksLike(head []byte) string {
	for _, known := range []struct{ mark, what string }{
		{"#!AMR", "an AMR file"},
		{"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file"},
		{"caff", "a Core Audio file"},
		{"7z\xbc\xaf\x27\x1c", "a 7z archive"},
		{"\x7fELF", "a program"},
		{"MZ", "a program"},
	} {
		if bytes.HasPrefix(head, []byte(known.mark)) {
			return known.what
		}
	}
	return named(http.DetectContentType(head))
}

func named(contentType string) string {
	switch contentType {
	case "application/pdf":
		return "a PDF document"
	case "application/zip":
		return "a ZIP archive"
	case "application/x-gzip", "application/x-rar-compressed":
		return "a compressed archive"
	case "audio/aiff":
		return "an AIFF file"
	case "audio/basic":
		return "an AU file"
	case "audio/midi":
		return "a MIDI file"
	case "video/avi":
		return "an AVI video"
	case "application/octet-stream", "audio/mpeg":
		return ""
	}
	kind, _, _ := strings.Cut(contentType, "/")
	switch kind {
	case "image":
		return "an image"
	case "text":
		return "a text document"
	case "font":
		return "a font"
	}
	return "a file of the type " + contentType
}
