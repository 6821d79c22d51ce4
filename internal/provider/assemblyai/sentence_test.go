package assemblyai

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const signedLink = "https://api.example.com/blobs/uploads/a.wav?expires=1&signature=s3cret"

func TestASignedLinkThatTheVendorQuotesIsNotShown(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"Download error, unable to download " + signedLink + ". Check it.":       "Download error, unable to download [address] Check it.",
		`Cannot read "` + signedLink + `" twice: ` + strings.ToUpper(signedLink): `Cannot read "[address]" twice: [address]`,
		"Audio is too short: 3 s, 1/2 of a word":                                 "Audio is too short: 3 s, 1/2 of a word",
		strings.Repeat("é", maxMessage+1):                                        strings.Repeat("é", maxMessage) + "…",
	} {
		body, err := json.Marshal(map[string]string{"id": "t1", "status": "error", "audio_url": signedLink, "error": said})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decodeTranscript(body); err != nil || got.Error != want || got.AudioURL != signedLink {
			t.Errorf("a transcript says %q %v, want %q", got.Error, err, want)
		}
		vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write(body)
		}))
		t.Cleanup(vendor.Close)
		_, err = New(Config{BaseURL: vendor.URL, Key: "k3y"}).Get(t.Context(), "t1")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("a refusal says %v, want %q", err, want)
		}
	}
}
