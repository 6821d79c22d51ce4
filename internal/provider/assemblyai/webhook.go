package assemblyai

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
)

// maxWebhook is many times the two short fields that a webhook has.
const maxWebhook = 64 << 10

// redactedAudioReady is the one webhook that is not about a transcript.
const redactedAudioReady = "redacted_audio_ready"

// Webhook is what the vendor calls to say. It is not signed: no more than the id is worth believing.
type Webhook struct {
	TranscriptID string // empty where redacted audio is ready
	Status       Status // of then: deliveries come late and twice
}

// ParseWebhook reads a webhook's body.
func ParseWebhook(body []byte) (Webhook, error) {
	if len(body) > maxWebhook {
		return Webhook{}, fmt.Errorf("a webhook of %d bytes", len(body))
	}
	var in struct {
		TranscriptID string `json:"transcript_id"`
		Status       Status `json:"status"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return Webhook{}, fmt.Errorf("decoding a webhook: %w", err)
	}
	if in.Status == "" {
		return Webhook{}, errors.New("a webhook without a status")
	}
	if in.TranscriptID == "" && in.Status == redactedAudioReady {
		return Webhook{Status: in.Status}, nil
	}
	if !idPattern.MatchString(in.TranscriptID) {
		return Webhook{}, fmt.Errorf("a webhook: %w", errBadID)
	}
	return Webhook{TranscriptID: in.TranscriptID, Status: in.Status}, nil
}

// CheckSecret says whether the header that we chose at submission holds one of our secrets; there are two
// while they are changed. An empty secret lets nobody in.
func CheckSecret(header string, secrets []string) bool {
	if header == "" {
		return false
	}
	sent, known := sha256.Sum256([]byte(header)), 0 // of equal length, so that time tells nothing
	for _, secret := range secrets {
		want := sha256.Sum256([]byte(secret))
		if secret != "" {
			known |= subtle.ConstantTimeCompare(sent[:], want[:])
		}
	}
	return known == 1
}
