package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Problems are all sentences about one environment.
type Problems []string

func (p Problems) Error() string {
	return "the configuration cannot be used:\n  - " + strings.Join(p, "\n  - ")
}

func (p *Problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

func (p Problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// Load reads variables by name, e.g. what env.ToMap(os.Environ()) gives. An empty variable counts as one
// that is not set: that is what an untouched line of an .env file means. Error: Problems, for values
// that cannot be read; what is missing or unsafe is for Check, because dev makes up what is missing.
func Load(environ map[string]string) (Config, error) {
	set := map[string]string{}
	for name, value := range environ {
		if value = strings.TrimSpace(value); value != "" {
			set[name] = value
		}
	}
	var c Config
	parsers := map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[[]string]():       func(v string) (any, error) { return list(v), nil },
		reflect.TypeFor[[]netip.Prefix](): prefixes,
		reflect.TypeFor[[]Analysis]():     analysisList,
		reflect.TypeFor[map[string]any](): object,
		reflect.TypeFor[LogFormat]():      oneOf(JSON, Text),
		reflect.TypeFor[UploadMode]():     oneOf(UploadAuto, UploadAlways, UploadNever),
		reflect.TypeFor[Strategy]():       oneOf(StrategyJWT, StrategyDatabase),
		reflect.TypeFor[SameSite]():       oneOf(SameSiteLax, SameSiteStrict, SameSiteNone),
	}
	maps.Copy(parsers, billingParsers())
	maps.Copy(parsers, documentParsers())
	err := env.ParseWithOptions(&c, env.Options{Environment: set, FuncMap: parsers})
	problems := unreadable(err)
	if problems == nil {
		problems = c.malformed()
	}
	return c, problems.orNil()
}

// malformed finds values of the right type that nothing could work with.
func (c Config) malformed() (problems Problems) {
	positive := c.positive()
	for _, name := range slices.Sorted(maps.Keys(positive)) {
		if !positive[name] {
			problems.add("%s must be above zero.", name)
		}
	}
	for name, most := range c.limits() {
		if most < 0 {
			problems.add("%s must be 0, for no limit, or above.", name)
		}
	}
	if c.MaxUploadBytes > maxPut {
		problems.add("MAX_UPLOAD_BYTES must be at most %d (5 GiB): a bucket takes no more in one PUT.", int64(maxPut))
	}
	if c.ActivityRetention < leastActivity {
		problems.add("ACTIVITY_RETENTION must be at least %s: whatever is under way must find its last event.", leastActivity)
	}
	for name, port := range map[string]int{"METRICS_PORT": c.MetricsPort, "PORT": c.Port} {
		if port < 0 || port > 65535 {
			problems.add("%s must be a port, 0 to 65535.", name)
		}
	}
	c.malformedBilling(&problems)
	c.malformedSignIn(&problems)
	c.malformedURLs(&problems)
	c.Telephony.malformed(&problems)
	c.half(&problems)
	return problems
}

// half finds a bucket of which only a part is named. It is not left to Check: dev would quietly use a folder.
func (c Config) half(problems *Problems) {
	parts := map[string]string{"R2_ENDPOINT": c.R2Endpoint, "R2_ACCESS_KEY_ID": c.R2AccessKeyID, "R2_SECRET_ACCESS_KEY": c.R2SecretAccessKey}
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if parts[name] == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 && len(missing) < len(parts) {
		problems.add("%s missing: R2_ENDPOINT, R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY go together, all or none.", strings.Join(missing, " and "))
	}
}

// unreadable turns the library's errors into sentences. Its own name the field of the struct and show
// the value, which may be a secret that was set under the wrong name.
func unreadable(err error) (problems Problems) {
	var all env.AggregateError
	if err == nil {
		return nil
	}
	if !errors.As(err, &all) {
		return Problems{err.Error()}
	}
	for _, one := range all.Errors {
		var parse env.ParseError
		if !errors.As(one, &parse) {
			problems.add("%s", one.Error())
			continue
		}
		field, _ := reflect.TypeFor[Config]().FieldByName(parse.Name)
		name := field.Tag.Get("env")
		var wanted want
		if errors.As(parse.Err, &wanted) {
			problems.add("%s must be %s.", name, string(wanted))
		} else {
			problems.add("%s must be %s.", name, shape(field.Type))
		}
	}
	return problems
}

func shape(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a duration, e.g. 60s or 2m"
	case t == reflect.TypeFor[slog.Level]():
		return "debug, info, warn or error"
	case t.Kind() == reflect.Bool:
		return "true or false"
	}
	return "a whole number"
}

// want ends the sentence "X must be …".
type want string

func (w want) Error() string { return string(w) }

func list(value string) (parts []string) {
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

func oneOf[T ~string](words ...T) env.ParserFunc {
	return func(value string) (any, error) {
		if word := T(strings.ToLower(value)); slices.Contains(words, word) {
			return word, nil
		}
		return nil, want(fmt.Sprintf("one of %v", words))
	}
}

// prefixes also takes single addresses, which is how most people write down a proxy.
func prefixes(value string) (any, error) {
	var all []netip.Prefix
	for _, part := range list(value) {
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			address, err := netip.ParseAddr(part)
			if err != nil {
				return nil, want("a comma list of networks, e.g. 10.0.0.0/8")
			}
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		all = append(all, prefix.Masked())
	}
	return all, nil
}

func analysisList(value string) (any, error) {
	all := []Analysis{}
	if strings.EqualFold(value, "NONE") {
		return all, nil
	}
	for _, part := range list(value) {
		word := Analysis(strings.ToUpper(part))
		if !slices.Contains(analyses(), word) {
			return nil, want(fmt.Sprintf("NONE or a comma list out of %v", analyses()))
		}
		all = append(all, word)
	}
	return all, nil
}

// object keeps numbers as they are written, so that what is submitted is what the operator typed.
func object(value string) (any, error) {
	var all map[string]any
	decoder := json.NewDecoder(bytes.NewReader([]byte(value)))
	decoder.UseNumber()
	if err := decoder.Decode(&all); err != nil || all == nil || decoder.More() {
		return nil, want(`a JSON object, e.g. {"speech_models":["universal-3-pro","universal-2"]}`)
	}
	return all, nil
}
