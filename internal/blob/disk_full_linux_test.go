package blob

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// /dev/full is a real file system's "no space left" in the middle of a write; only Linux has it.
func TestADiskThatFillsUpDuringAnUploadIsSaidAndLeavesNothing(t *testing.T) {
	t.Parallel()
	local := serveLocal(t, func(l *Local) {
		l.create = func(string) (*os.File, error) { return os.OpenFile("/dev/full", os.O_WRONLY, 0) }
	})
	put := presignPut(t, local, PutLink{Key: "full", Size: 5, ContentType: "audio/wav", Expires: time.Minute})
	wantRefusal(t, "full", send(t, put, strings.NewReader("12345")), http.StatusInsufficientStorage)
	wantNothing(t, local, "full")
	wantNoLeftovers(t, local)
}
