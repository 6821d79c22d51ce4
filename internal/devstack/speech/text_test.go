package speech

import (
	"regexp"
	"strings"
)

func turnText(turn Turn) string {
	var b strings.Builder
	for _, w := range turn.Words {
		b.WriteString(w.Text + " ")
	}
	return b.String()
}

func textOf(r Result) string {
	var b strings.Builder
	for _, turn := range r.Turns {
		b.WriteString(turnText(turn))
	}
	return b.String()
}

// wordErrors counts the words that must be put in, left out or replaced, and the words there should be.
func wordErrors(want, got string) (wrong, words int) {
	spelled := regexp.MustCompile(`[a-z0-9']+`)
	w, g := spelled.FindAllString(strings.ToLower(want), -1), spelled.FindAllString(strings.ToLower(got), -1)
	row := make([]int, len(g)+1)
	for j := range row {
		row[j] = j
	}
	for i := range w {
		corner := row[0]
		row[0] = i + 1
		for j := range g {
			replaced := corner
			if w[i] != g[j] {
				replaced++
			}
			corner = row[j+1]
			row[j+1] = min(replaced, row[j]+1, corner+1)
		}
	}
	return row[len(g)], len(w)
}
