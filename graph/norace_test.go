//go:build !race

package graph

const raceFactor = 1
