package speech

import (
	_ "embed"
	"strconv"
	"strings"
)

// pieces is the vocabulary, one piece a line; TOKENS.md says where it is from.
//
//go:embed tokens.txt
var pieces string

// firstPiece is the first number that stands for text: before are the marks for unknown, begin and end.
const firstPiece = 3

func vocabulary() []string { return strings.Split(strings.TrimSuffix(pieces, "\n"), "\n") }

// text is what a token prints: nothing for a mark, one byte for what is in no piece.
func (e *Engine) text(id int) string {
	if id < firstPiece || id >= len(e.vocabulary) {
		return ""
	}
	piece := e.vocabulary[id]
	if len(piece) == len("<0x00>") && strings.HasPrefix(piece, "<0x") {
		if b, err := strconv.ParseUint(piece[3:5], 16, 8); err == nil {
			return string([]byte{byte(b)})
		}
	}
	return strings.ReplaceAll(piece, "▁", " ")
}
