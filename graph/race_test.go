//go:build race

package graph

// raceFactor is what the race detector makes of a millisecond.
const raceFactor = 10
