package telephony

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"github.com/switchboard-voice/switchboard/internal/fault"
)

// AllowedCountries, ConcurrentCalls and DailyCalls name the limits that refuse a call.
const (
	AllowedCountries = "ALLOWED_COUNTRIES"
	ConcurrentCalls  = "CONCURRENT_CALLS"
	DailyCalls       = "DAILY_CALLS"
)

// dialable gives a number that may be called, in E.164: as it is when it begins with +, else as it would be
// dialed in the country of the number that is called from. Errors: Invalid, LimitExceeded for a country that is not allowed.
func dialable(field, wanted, from string, allowed []string) (string, error) {
	home := country(from)
	if phonenumbers.ConnectsToEmergencyNumber(wanted, home) {
		return "", fault.Invalid(field, "This service does not call emergency numbers. Use a telephone.")
	}
	parsed, err := phonenumbers.Parse(wanted, home)
	if err != nil || parsed.GetExtension() != "" || !phonenumbers.IsValidNumber(parsed) {
		return "", fault.Invalid(field, "Give a telephone number as in \"+12025550123\".")
	}
	switch phonenumbers.GetNumberType(parsed) {
	case phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST:
		return "", fault.Invalid(field, "This service does not call numbers for which the caller pays extra.")
	}
	if len(allowed) == 0 {
		allowed = []string{home}
	}
	if to := phonenumbers.GetRegionCodeForNumber(parsed); !slices.Contains(allowed, to) {
		return "", fault.LimitExceeded(field, fault.Ceiling{Name: AllowedCountries}, "This organization calls %s only, not %s.", strings.Join(allowed, ", "), name(to))
	}
	return phonenumbers.Format(parsed, phonenumbers.E164), nil
}

// e164 is a number as it is kept, whether or not it may be called; empty for what is none.
func e164(wanted, from string) string {
	parsed, err := phonenumbers.Parse(wanted, country(from))
	if err != nil {
		return ""
	}
	return phonenumbers.Format(parsed, phonenumbers.E164)
}

// country is that of a number in E.164; empty for one of ours that the library does not know.
func country(number string) string {
	parsed, err := phonenumbers.Parse(number, "")
	if err != nil {
		return ""
	}
	return phonenumbers.GetRegionCodeForNumber(parsed)
}

func name(country string) string {
	if country == "" || country == "001" {
		return "numbers of no country"
	}
	return country
}

// own gives a number that an organization may be called at, in E.164. Error: Invalid.
func own(number string) (string, error) {
	parsed, err := phonenumbers.Parse(number, "")
	if err != nil || !phonenumbers.IsPossibleNumber(parsed) {
		return "", fault.Invalid("number", "Give a telephone number as in \"+12025550123\".")
	}
	return phonenumbers.Format(parsed, phonenumbers.E164), nil
}
