package password

import (
	"strings"
	"unicode/utf8"

	"github.com/switchboard-voice/switchboard/internal/fault"
)

// Check says why a password may not be chosen, as NIST SP 800-63B wants: it is too short or too long, one
// that everybody tries, or about the account. There are no rules about kinds of characters. about holds
// what the account is known by: its address, its name.
func (g *Guard) Check(password string, about ...string) error {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return fault.Invalid("password", "This password holds something that is no character.")
	case n < MinLength:
		return fault.Invalid("password", "Choose a password of at least %d characters.", MinLength)
	case n > MaxLength:
		return fault.Invalid("password", "Choose a password of at most %d characters.", MaxLength)
	case isCommon(password) || repeats(password):
		return fault.Invalid("password", "Many people use this password, so it is tried first. Choose another one.")
	}
	for _, word := range about {
		name, _, _ := strings.Cut(word, "@")
		if strings.EqualFold(password, word) || strings.EqualFold(password, name) {
			return fault.Invalid("password", "This password is your name or address. Choose another one.")
		}
	}
	return nil
}

// isCommon reads through the list, which takes a tenth of a millisecond; a table of it would be made at every start.
func isCommon(password string) bool {
	line := strings.ToLower(password) + "\n"
	return strings.HasPrefix(common, line) || strings.Contains(common, "\n"+line)
}

// repeats says whether it is one character again and again.
func repeats(password string) bool {
	first, _ := utf8.DecodeRuneInString(password)
	return strings.Trim(password, string(first)) == ""
}
