package speech

import "math"

// step is how the path came to a token and a frame.
type step byte

const (
	nextFrame step = iota
	nextToken
	nextBoth
)

// align finds the frames in which each token was said, by dynamic time warping: the path through tokens and
// frames along which the decoder looked most.
func align(text []token, frames int) []span {
	score := looks(text, frames)
	cost, came := grid[float64](len(text)+1, frames+1), grid[step](len(text)+1, frames+1)
	for i := range cost {
		for j := range cost[i] {
			cost[i][j] = math.Inf(1)
		}
	}
	cost[0][0] = 0
	for i := range text {
		for j, s := range score[i] {
			both, token, best := cost[i][j], cost[i][j+1], cost[i+1][j]
			by := nextFrame
			if both < token && both < best {
				best, by = both, nextBoth
			} else if token < both && token < best {
				best, by = token, nextToken
			}
			cost[i+1][j+1], came[i+1][j+1] = best-s, by
		}
	}
	return walk(came)
}

// walk goes back along the path and notes where each token begins and ends.
func walk(came [][]step) []span {
	spans := make([]span, len(came)-1)
	for i, j := len(came)-1, len(came[0])-1; i > 0 && j > 0; {
		s := &spans[i-1]
		if s.from = j - 1; s.to == 0 {
			s.to = j
		}
		by := came[i][j]
		if by != nextFrame {
			i--
		}
		if by != nextToken {
			j--
		}
	}
	return spans
}

// looks says how much more than the other tokens each one looked at a frame, over all heads: where all look,
// as many heads do at the ends, nothing is said.
func looks(text []token, frames int) [][]float64 {
	score := grid[float64](len(text), frames)
	n := float64(len(text))
	for at := range len(text[0].focus) {
		var mean, variance float64
		for _, t := range text {
			mean += float64(t.focus[at]) / n
		}
		for _, t := range text {
			variance += (float64(t.focus[at]) - mean) * (float64(t.focus[at]) - mean) / n
		}
		deviation := math.Sqrt(variance) + 1e-6
		for i, t := range text {
			score[i][at%frames] += (float64(t.focus[at]) - mean) / deviation
		}
	}
	return score
}

func grid[T any](rows, columns int) [][]T {
	all, out := make([]T, rows*columns), make([][]T, rows)
	for i := range out {
		out[i] = all[i*columns : (i+1)*columns]
	}
	return out
}
