// Package samples holds recordings that may be given away, with what is said in them: for tests, the demo
// and whoever tries the product without a recording at hand. README.md beside them says where they are from.
package samples

import _ "embed"

// CallName and JFKName are how the recordings are called where they are shown.
const (
	CallName = "harbor-dental-call.wav"
	JFKName  = "jfk.wav"
)

var (
	//go:embed harbor-dental-call.wav
	call string
	//go:embed harbor-dental-call.txt
	callText string
	//go:embed jfk.wav
	jfk string
	//go:embed jfk.txt
	jfkText string
)

// Call is a telephone call of 47 seconds, agent left and caller right, in WAV of 8 kHz mu-law.
func Call() []byte { return []byte(call) }

// CallText is what is said in Call: a line a turn, after who says it and a colon.
func CallText() string { return callText }

// JFK is 11 seconds of one voice, in WAV of 16 kHz.
func JFK() []byte { return []byte(jfk) }

// JFKText is what is said in JFK.
func JFKText() string { return jfkText }
