package assemblyai

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// mend rewrites an answer whose numbers are not written as the vendor promises: a time of 250.5 or "250",
// a channel of 1. One of them in a transcript of hours must not make all of it unreadable.
func mend(raw []byte) ([]byte, bool) {
	reader := json.NewDecoder(bytes.NewReader(raw))
	reader.UseNumber() // what is not mended stays as it was written
	var all any
	if reader.Decode(&all) != nil {
		return nil, false
	}
	walk(all)
	mended, err := json.Marshal(all)
	return mended, err == nil
}

func walk(v any) {
	switch v := v.(type) {
	case []any:
		for _, inner := range v {
			walk(inner)
		}
	case map[string]any:
		for name, inner := range v {
			v[name] = mendField(name, inner)
			walk(inner)
		}
	}
}

func mendField(name string, v any) any {
	switch name {
	case "start", "end":
		if n, ok := number(v); ok {
			return int(min(max(math.Round(n), math.MinInt32), math.MaxInt32)) // 24 days: no audio is longer
		}
	case "confidence", "severity", "audio_duration":
		if n, ok := number(v); ok {
			return n
		}
	case "speaker", "channel":
		if n, ok := v.(json.Number); ok {
			return n.String()
		}
	}
	return v
}

func number(v any) (float64, bool) {
	var written string
	switch v := v.(type) {
	case json.Number:
		written = v.String()
	case string:
		written = v
	default:
		return 0, false
	}
	n, err := strconv.ParseFloat(written, 64)
	return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
}
