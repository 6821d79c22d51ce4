package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
	fake "github.com/switchboard-voice/switchboard/internal/devstack/stripe"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// stripeVersion is in the name of the folder, so that another version is installed beside it. It is the
// last of npm's that speaks the API version which stripe-go v76 pins.
const stripeVersion = "14.25.0"

// payloads are events as Stripe may send them: only the bytes count.
func payloads() []string {
	return []string{
		`{"id":"evt_1","object":"event","api_version":"2023-10-16","created":1700000000,"type":"customer.updated","data":{"object":{"id":"cus_1","object":"customer"}}}`,
		"{\n  \"id\": \"evt_2\",\n  \"object\": \"event\",\n  \"api_version\": \"2026-09-30.endive\",\n  \"type\": \"invoice.paid\",\n  \"data\": {\"object\": {\"id\": \"in_1\", \"object\": \"invoice\", \"customer\": \"cus_1\"}}\n}\n",
		`{"id":"evt_3","object":"event","type":"customer.updated","data":{"object":{"id":"cus_1","object":"customer","name":"Zoë 日本 🎧 & <co>"}}}`,
	}
}

const (
	oldSecret = "whsec_old-3f9c"
	newSecret = "whsec_new-77aa"
)

// vector is one event, signed by somebody.
type vector struct {
	Payload   string `json:"payload"`
	Secret    string `json:"secret"`
	Timestamp int64  `json:"timestamp"`
	Header    string `json:"header"`
}

func TestStripesGoGeneratorAgreesWithOurVerifier(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, payload := range payloads() {
		signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(payload), Secret: oldSecret, Timestamp: now})
		wantAgreement(t, payload, signed.Header)
		if own := fake.Sign([]byte(payload), now, oldSecret); own != signed.Header {
			t.Errorf("the local Stripe signs %q, Stripe %q", own, signed.Header)
		}
		old := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(payload), Secret: oldSecret, Timestamp: now.Add(-6 * time.Minute)})
		if _, err := stripe.ParseEvent([]byte(payload), old.Header, []string{oldSecret}); !errors.Is(err, stripe.ErrOld) {
			t.Errorf("six minutes old: %v", err)
		}
	}
}

// wantAgreement holds our verifier to a header that was signed with the old secret.
func wantAgreement(t *testing.T, payload, header string) {
	t.Helper()
	for name, c := range map[string]struct {
		body, header string
		secrets      []string
		err          error
	}{
		"the secret":            {payload, header, []string{oldSecret}, nil},
		"two secrets":           {payload, header, []string{newSecret, oldSecret}, nil},
		"another signature too": {payload, header + ",v1=" + strings.Repeat("ab", 32) + ",v0=00", []string{oldSecret}, nil},
		"another secret":        {payload, header, []string{newSecret}, stripe.ErrUnsigned},
		"no secret":             {payload, header, nil, stripe.ErrUnsigned},
		"an empty secret":       {payload, header, []string{""}, stripe.ErrUnsigned},
		"a newline more":        {payload + "\n", header, []string{oldSecret}, stripe.ErrUnsigned},
		"no header":             {payload, "", []string{oldSecret}, stripe.ErrUnsigned},
		"a space":               {payload, strings.Replace(header, ",", ", ", 1), []string{oldSecret}, stripe.ErrUnsigned},
	} {
		e, err := stripe.ParseEvent([]byte(c.body), c.header, c.secrets)
		if !errors.Is(err, c.err) || c.err == nil && (err != nil || !strings.Contains(payload, e.ID) || e.CustomerID != "cus_1") {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

func TestStripesNpmPackageAgreesWithOurVerifierAndOurSignatures(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var toSign, toCheck []vector
	for _, payload := range payloads() {
		toSign = append(toSign, vector{Payload: payload, Secret: oldSecret, Timestamp: now.Unix()})
		toCheck = append(toCheck,
			vector{Payload: payload, Secret: oldSecret, Header: fake.Sign([]byte(payload), now, newSecret, oldSecret)},
			vector{Payload: payload, Secret: newSecret, Header: fake.Sign([]byte(payload), now, newSecret, oldSecret)},
			vector{Payload: payload, Secret: newSecret, Header: fake.Sign([]byte(payload), now, oldSecret)})
	}
	asked, err := json.Marshal(map[string]any{"make": toSign, "check": toCheck})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(within(t), "node", filepath.Join("stripe", "vectors.mjs"), installed(t, "stripe"))
	cmd.Stdin, cmd.Stderr = bytes.NewReader(asked), &output{}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("asking the package: %v\n%s", err, cmd.Stderr)
	}
	var said struct{ Made, Checked []string }
	if err := json.Unmarshal(out, &said); err != nil || len(said.Made) != len(toSign) || len(said.Checked) != len(toCheck) {
		t.Fatalf("%v: %s", err, out)
	}
	for i, header := range said.Made {
		wantAgreement(t, toSign[i].Payload, header)
	}
	for i, got := range said.Checked {
		refused := i%3 == 2
		if refused != strings.HasPrefix(got, "refused: StripeSignatureVerificationError") || !refused && !strings.HasPrefix(got, "evt_") {
			t.Errorf("signature %d: %s", i, got)
		}
	}
}
