package inbox

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// seen is what a screen shows of a request.
func seen(t *testing.T, query string, headers map[string][]string, body string) (c *Content, payload any) {
	t.Helper()
	raw, err := json.Marshal(headers)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = redacted(query, raw, []byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(c.Payload, &payload); err != nil {
		t.Fatalf("%v: %s", err, c.Payload)
	}
	return c, payload
}

func TestPayloadIsShownWithoutWhatALetterOfItWouldGiveAway(t *testing.T) {
	t.Parallel()
	form := map[string][]string{"Content-Type": {"application/x-www-form-urlencoded; charset=UTF-8"}}
	for name, c := range map[string]struct {
		headers map[string][]string
		body    string
		want    any
	}{
		"a call": {form, "CallSid=c1&From=%2B15551234567&To=%2B15557654321&CallStatus=completed&AccessToken=s3cret", map[string]any{
			"CallSid": "c1", "From": "+15551234567", "To": "+15557654321", "CallStatus": "completed", "AccessToken": hidden}},
		"a recording": {form, "AccountSid=s3cret&RecordingSid=r1&RecordingUrl=https%3A%2F%2Fexample.signalwire.com%2Fapi%2Fr1.wav", map[string]any{
			"AccountSid": hidden, "RecordingSid": "r1", "RecordingUrl": "https://example.signalwire.com/" + hidden}},
		"said twice": {form, "A=1&A=https%3A%2F%2Fu%3Apw%40example.com%2Fx", map[string]any{"A": []any{"1", "https://example.com/" + hidden}}},
		"JSON": {nil, `{"id":12345678901234567890,"client_secret":"s3cret","nested":{"api_key":"s3cret","list":["see wss://h/x?k=s3cret, or Bearer s3cret"]},"none":null,"hotkey":"F1"}`, map[string]any{
			"id": json.Number("12345678901234567890"), "client_secret": hidden, "none": nil, "hotkey": "F1",
			"nested": map[string]any{"api_key": hidden, "list": []any{"see wss://h/" + hidden + " or Bearer " + hidden}}}},
		"a whole object of secrets": {nil, `{"credentials":{"a":"s3cret"}}`, map[string]any{"credentials": hidden}},
		"a text":                    {nil, "fetching https://user:s3cret@example.com/a failed", "fetching https://example.com/" + hidden + " failed"},
		"two values":                {nil, `{} {"a":1}`, `{} {"a":1}`},
		"bytes":                     {nil, "\xff\xfe", nil},
		"nothing":                   {nil, "", ""},
	} {
		c0, _ := seen(t, "", c.headers, c.body)
		decoder := json.NewDecoder(strings.NewReader(string(c0.Payload)))
		decoder.UseNumber()
		var got any
		if err := decoder.Decode(&got); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %s, %v", name, c0.Payload, err)
		}
		if strings.Contains(string(c0.Payload), "s3cret") {
			t.Errorf("%s: a secret is shown: %s", name, c0.Payload)
		}
	}
}

func TestHeadersThatAreNotKnownToBeHarmlessAreNamedAndNotShown(t *testing.T) {
	t.Parallel()
	c, _ := seen(t, "submission=sub_1&token=s3cret", map[string][]string{
		"Content-Type": {"application/json"}, "X-Signalwire-Signature": {"s3cret"}, "X-Whatever": {"s3cret", "s3cret"}, "User-Agent": {"them/1"},
	}, "{}")
	want := []Header{{"Content-Type", "application/json"}, {"User-Agent", "them/1"}, {"X-Signalwire-Signature", hidden}, {"X-Whatever", hidden}, {"X-Whatever", hidden}}
	if !reflect.DeepEqual(c.Headers, want) {
		t.Errorf("%v", c.Headers)
	}
	if string(c.Query) != `{"submission":"sub_1","token":"`+hidden+`"}` {
		t.Errorf("%s", c.Query)
	}
}

func TestErrorsOfTheNetworkDoNotShowTheNetwork(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		`Get "https://example.com/v2/t?key=s3cret": dial tcp 10.1.2.3:443: connection refused`: `Get "https://example.com/[redacted]": dial tcp [redacted]: connection refused`,
		"dial tcp [fd00::1]:5432: timeout":    "dial tcp [redacted]: timeout",
		"no submission of ours is abc-123":    "no submission of ours is abc-123",
		"https://example.com answered with 5": "https://example.com answered with 5",
	} {
		if got := veil(said); got != want {
			t.Errorf("%s: %s", said, got)
		}
	}
}

func FuzzWhatIsShownIsJSONWhateverWasSent(f *testing.F) {
	f.Add("a=1", `{"a":"b"}`, "application/json")
	f.Add("%zz", "a=%zz&token=s3cret", "application/x-www-form-urlencoded")
	f.Add("token=s3cret", "https://s3cret@h/s3cret", "")
	f.Fuzz(func(t *testing.T, query, body, contentType string) {
		raw, err := json.Marshal(map[string][]string{"Content-Type": {contentType}, "Authorization": {"s3cret"}})
		if err != nil {
			t.Fatal(err)
		}
		c, err := redacted(query, raw, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(c.Query) || !json.Valid(c.Payload) {
			t.Errorf("not JSON: %q, %q", c.Query, c.Payload)
		}
	})
}
