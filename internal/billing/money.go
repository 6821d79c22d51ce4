package billing

import (
	"strconv"
	"strings"
)

// Money is an amount in a currency's smallest unit.
type Money struct {
	minor    int64
	currency string
}

// NewMoney takes an amount as Stripe tells it.
func NewMoney(minor int64, currency string) Money {
	return Money{minor: minor, currency: strings.ToUpper(currency)}
}

// Currency is the code of ISO 4217.
func (m Money) Currency() string { return m.currency }

// Amount writes the amount as a decimal number; it never was a float.
func (m Money) Amount() string {
	sign, digits := "", strconv.FormatInt(m.minor, 10)
	if rest, negative := strings.CutPrefix(digits, "-"); negative {
		sign, digits = "-", rest
	}
	n := decimals(m.currency)
	if n == 0 {
		return sign + digits
	}
	if missing := n + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	return sign + digits[:len(digits)-n] + "." + digits[len(digits)-n:]
}

// decimals are the digits behind the point of an amount at Stripe. ISK and UGX have none in the world and
// two there, for old times' sake.
func decimals(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "JOD", "KWD", "OMR", "TND":
		return 3
	}
	return 2
}
