package assemblyai

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// submission is what can be asked of us.
type submission struct {
	AudioURL          string   `json:"audio_url"`
	WebhookURL        string   `json:"webhook_url"`
	WebhookAuthName   string   `json:"webhook_auth_header_name"`
	WebhookAuthValue  string   `json:"webhook_auth_header_value"`
	LanguageCode      string   `json:"language_code"`
	LanguageDetection bool     `json:"language_detection"`
	Multichannel      bool     `json:"multichannel"`
	SpeakerLabels     bool     `json:"speaker_labels"`
	Punctuate         *bool    `json:"punctuate"`
	FormatText        *bool    `json:"format_text"`
	SpeechModels      []string `json:"speech_models"`
}

var honoured = []string{
	"audio_url", "webhook_url", "webhook_auth_header_name", "webhook_auth_header_value", "language_code", "language_detection",
	"multichannel", "speaker_labels", "punctuate", "format_text", "speech_models",
}

// beyond are the vendor's options that one small model cannot honour.
var beyond = []string{
	"audio_end_at", "audio_start_from", "auto_chapters", "auto_highlights", "boost_param", "content_safety", "content_safety_confidence",
	"custom_spelling", "custom_topics", "disfluencies", "domain", "dual_channel", "entity_detection", "filter_profanity", "iab_categories",
	"keyterms_prompt", "language_codes", "language_confidence_threshold", "language_detection_options", "prompt", "redact_pii",
	"redact_pii_audio", "redact_pii_audio_options", "redact_pii_audio_quality", "redact_pii_policies", "redact_pii_sub", "sentiment_analysis",
	"speaker_options", "speakers_expected", "speech_model", "speech_threshold", "speech_understanding", "summarization", "summary_model",
	"summary_type", "temperature", "topics", "word_boost",
}

// notAsked are the values with which an option asks for nothing.
var notAsked = []string{"null", "false", `""`, "[]", "{}"}

// decode reads a submission. An option that would be ignored is refused: a result without what was asked
// for would pass as "there is none".
func (s *Server) decode(body io.Reader) (submission, error) {
	raw, err := io.ReadAll(body)
	if err != nil {
		return submission{}, err
	}
	var options map[string]json.RawMessage
	var in submission
	if json.Unmarshal(raw, &options) != nil || options == nil {
		return submission{}, badRequest("The body is not a JSON object.")
	}
	for name, value := range options {
		switch {
		case slices.Contains(honoured, name):
		case !slices.Contains(beyond, name):
			return submission{}, badRequest("%.100q is no option that the local speech service knows.", name)
		case !slices.Contains(notAsked, string(value)):
			return submission{}, badRequest("The local speech service cannot do %q. Ask without it.", name)
		}
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return submission{}, badRequest("An option is of the wrong type: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return in, s.check(in)
}

// headerName is a token of HTTP, and headerValue what fits a header.
var (
	headerName  = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+.^_|~-]{1,100}$`)
	headerValue = regexp.MustCompile(`^[\x20-\x7e]{0,1000}$`)
)

func (s *Server) check(in submission) error {
	no := func(b *bool) bool { return b != nil && !*b }
	language := strings.ToLower(in.LanguageCode)
	switch {
	case in.AudioURL == "":
		return badRequest(`"audio_url" is missing.`)
	case language != "" && language != "en" && !strings.HasPrefix(language, "en_") && !strings.HasPrefix(language, "en-"):
		return badRequest(`The local speech service knows English only, not "language_code" %.20q.`, in.LanguageCode)
	case language != "" && in.LanguageDetection:
		return badRequest(`"language_code" and "language_detection" exclude each other.`)
	case no(in.Punctuate):
		return badRequest(`The local speech service cannot leave out punctuation: ask without "punctuate".`)
	case no(in.FormatText):
		return badRequest(`The local speech service cannot leave out formatting: ask without "format_text".`)
	case len(in.SpeechModels) > 0 && !slices.Contains(in.SpeechModels, s.config.Model):
		return badRequest(`The local speech service has no other "speech_models" than %q.`, s.config.Model)
	case in.WebhookURL != "" && !isWeb(in.WebhookURL):
		return badRequest(`"webhook_url" is not an http or https address.`)
	case (in.WebhookAuthName == "") != (in.WebhookAuthValue == ""):
		return badRequest(`"webhook_auth_header_name" and "webhook_auth_header_value" belong together.`)
	case in.WebhookAuthName != "" && (!headerName.MatchString(in.WebhookAuthName) || !headerValue.MatchString(in.WebhookAuthValue)):
		return badRequest(`"webhook_auth_header_name" or "webhook_auth_header_value" does not fit a header.`)
	}
	return nil
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// reachable says whether the audio may be fetched: the service would otherwise read for anyone what only
// this machine can reach.
func (s *Server) reachable(r *http.Request, address string) error {
	u, err := url.Parse(address)
	if err != nil || !isWeb(address) {
		return badRequest(`"audio_url" is not an http or https address.`)
	}
	if strings.HasPrefix(address, s.base(r)+uploadPath) {
		return errNotOurs
	}
	if s.config.AllowAudio == nil || !s.config.AllowAudio(u) {
		return badRequest(`The local speech service does not fetch from this "audio_url". Upload the audio instead.`)
	}
	return nil
}
