//go:build race

package graph

// raceFactor is for the race detector, which makes the tightest loop, of validation's guesses at a wrong
// name, sixteen times as long and the others twice.
const raceFactor = 5
