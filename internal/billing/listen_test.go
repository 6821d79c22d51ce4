package billing

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestTheGuideNamesTheWebhooksThatDoctorAsksFor(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/billing.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(guide), "with these events:\n\n```\n")
	block, _, _ := strings.Cut(rest, "```")
	named, wanted := strings.Fields(block), Webhooks()
	slices.Sort(named)
	slices.Sort(wanted)
	if !slices.Equal(named, wanted) {
		t.Errorf("the guide names %v instead of %v", named, wanted)
	}
}
