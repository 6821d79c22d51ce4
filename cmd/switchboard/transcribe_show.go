package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/switchboard-voice/switchboard/internal/client"
)

const (
	// redraw is as often as an eye sees a bar move; each drawing costs a write.
	redraw = 100 * time.Millisecond
	// barWidth leaves room for the sizes on the narrowest terminals.
	barWidth = 30
)

// show tells somebody who waits how far it is: drawn on a terminal, in plain lines elsewhere.
type show struct {
	to       io.Writer
	terminal bool
	began    time.Time
	drawn    time.Time
	open     bool // a bar stands on the last line
}

// isTerminal is true for other character devices too, which do not mind.
func isTerminal(f *os.File) bool {
	about, err := f.Stat()
	return err == nil && about.Mode()&os.ModeCharDevice != 0
}

func (s *show) begin(file string) {
	s.began, s.drawn = time.Now(), time.Time{}
	s.line("%s", printable(file))
}

func (s *show) progress(sent, total int64) {
	if !s.terminal {
		if sent == total {
			s.line("%s  sent %s", s.clock(), bytesText(total))
		}
		return
	}
	if sent < total && time.Since(s.drawn) < redraw {
		return
	}
	s.drawn, s.open = time.Now(), true
	full := int(barWidth * sent / max(total, 1))
	fmt.Fprintf(s.to, "\r         [%s%s] %3d%% of %s", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), 100*sent/max(total, 1), bytesText(total))
}

func (s *show) status(step client.Status) {
	s.line("%s  %s", s.clock(), printable(strings.ToLower(step.Status)))
}

func (s *show) retrying(cause error, pause time.Duration) {
	s.line("%s  trying again in %s: %s", s.clock(), pause.Round(100*time.Millisecond), printable(cause.Error()))
}

func (s *show) left(look string) {
	s.line("The transcription goes on at the server. To look at it again: %s", look)
}

func (s *show) clock() string { return fmt.Sprintf("%6.1fs", time.Since(s.began).Seconds()) }

func (s *show) line(format string, args ...any) {
	s.closeBar()
	fmt.Fprintf(s.to, format+"\n", args...)
}

// closeBar leaves a bar standing as it is, also one that did not get to its end.
func (s *show) closeBar() {
	if s.open {
		fmt.Fprintln(s.to)
	}
	s.open = false
}

func bytesText(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}

// printable keeps what others wrote from giving orders to the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, text)
}
