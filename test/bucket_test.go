package test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/testbucket"
)

// settings of a process whose bucket is on a server that speaks S3.
func bucketSettings(b testbucket.Bucket) []string {
	return []string{
		"R2_ENDPOINT=" + b.Endpoint, "R2_BUCKET=" + b.Name, "R2_REGION=" + b.Region,
		"R2_ACCESS_KEY_ID=" + b.AccessKeyID, "R2_SECRET_ACCESS_KEY=" + b.SecretAccessKey,
	}
}

func TestWholeWalkGoesThroughABucketOfS3(t *testing.T) {
	t.Parallel()
	b := testbucket.New(t)
	a := start(t, bucketSettings(b)...)
	p := a.person("ours", "ADMIN")

	audio := wav(2, 100*time.Millisecond)
	sum := sha256.Sum256(audio)
	upload, target := p.announce(vars{"sizeBytes": len(audio), "sha256": hex.EncodeToString(sum[:])})
	if !strings.HasPrefix(target.URL, b.Endpoint+"/"+b.Name+"/") {
		t.Fatalf("uploads go to %s", target.URL)
	}
	send := func(body string) error {
		return p.Upload(within(t), target, strings.NewReader(body), int64(len(body)), nil)
	}
	var refused *client.Error
	if err := send(string(audio) + "more"); !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
		t.Errorf("more than was announced: %v", err)
	}
	if err := send(strings.Repeat("a", len(audio))); !errors.As(err, &refused) || refused.Status != http.StatusBadRequest {
		t.Errorf("other bytes than announced: %v", err)
	}
	if err := send(string(audio)); err != nil {
		t.Fatal(err)
	}
	if err := send(string(audio)); !errors.As(err, &refused) || refused.Status != http.StatusPreconditionFailed {
		t.Errorf("sent twice: %v", err)
	}
	id, problems := p.mutate(uploadComplete, vars{"in": vars{"uploadId": upload, "transcribe": true}})
	if id == "" {
		t.Fatalf("no transcription: %v", problems)
	}
	if got := statuses(p.follow(id, nil)); !strings.HasSuffix(got, "COMPLETED") {
		t.Errorf("ended as %s", got)
	}
	sent := a.provider.Stats().ByAudio
	if len(sent) != 1 {
		t.Errorf("the provider was sent to %v", sent)
	}
	for audio := range sent {
		if !strings.HasPrefix(audio, b.Endpoint) {
			t.Errorf("the provider was sent to %s", audio)
		}
	}

	recording := p.state(id).Recording.ID
	var out struct {
		Recording struct {
			SHA256 string
			Audio  struct{ URL string }
		}
	}
	p.must(`query($id: ID!) { recording(id: $id) { sha256 audio { url } } }`, vars{"id": recording}, &out)
	if out.Recording.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("its SHA-256 is %q", out.Recording.SHA256)
	}
	link := out.Recording.Audio.URL
	if status := get(t, link); !strings.HasPrefix(link, b.Endpoint) || status != http.StatusOK {
		t.Errorf("playback at %s answers %d", link, status)
	}
	p.must(`mutation($id: ID!) { recordingDelete(id: $id) { recordingId } }`, vars{"id": recording}, nil)
	eventually(t, "the audio to go", func() bool { return get(t, link) == http.StatusNotFound })

	if status, _ := a.get("/blobs/" + recording); status != http.StatusNotFound {
		t.Errorf("the folder's links answer %d", status)
	}
	if left, err := os.ReadDir(a.blobs); err != nil || len(left) > 0 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
	if text := a.output.String(); strings.Contains(text, b.SecretAccessKey) || strings.Contains(text, "X-Amz-Signature") {
		t.Errorf("a key or a signed link is in the log:\n%s", text)
	}
}

func TestFileThatIsNotAudioIsRemovedFromABucketOfS3(t *testing.T) {
	t.Parallel()
	b := testbucket.New(t)
	a := start(t, bucketSettings(b)...)
	p := a.person("ours", "OPERATOR")
	if code := p.refused(uploadComplete, vars{"in": vars{"uploadId": p.sent([]byte("<html><script>alert(1)</script></html>"))}}); code != "INVALID" {
		t.Errorf("a web page: %s", code)
	}
}

func TestUploadWhoseBucketIsAwayIsCompletedLater(t *testing.T) {
	t.Parallel()
	b := testbucket.New(t)
	a := start(t, bucketSettings(b)...)
	p := a.person("ours", "OPERATOR")
	upload := p.sent(wav(1, 100*time.Millisecond))
	away := a.run("R2_ENDPOINT=http://127.0.0.1:1")
	if code := p.at(away).fails(uploadComplete, vars{"in": vars{"uploadId": upload, "transcribe": true}}); code != "UNAVAILABLE" {
		t.Errorf("with the bucket away: %s", code)
	}
	if err := away.stop(); err != nil { // it would else take the job
		t.Fatal(err)
	}
	id, problems := p.mutate(uploadComplete, vars{"in": vars{"uploadId": upload, "transcribe": true}})
	if id == "" {
		t.Fatalf("with the bucket back: %v", problems)
	}
	p.becomes(id, "COMPLETED")
}

func TestDoctorLetsTheWebAppsPagesUploadToTheBucket(t *testing.T) {
	t.Parallel()
	b := testbucket.New(t)
	a := start(t, bucketSettings(b)...)
	if out, err := a.command("doctor"); err == nil || strings.Count(out, "wrong  ") != 1 || !strings.Contains(out, "pages of https://app.example.com cannot upload") {
		t.Errorf("before: %v\n%s", err, out)
	}
	if out, err := a.command("doctor", "--fix"); err != nil || !strings.Contains(out, "fixed") {
		t.Errorf("fixing: %v\n%s", err, out)
	}
	out, err := a.command("doctor")
	if err != nil || strings.Contains(out, "fixed") {
		t.Errorf("after: %v\n%s", err, out)
	}
	if strings.Contains(out, b.SecretAccessKey) {
		t.Errorf("the key is shown:\n%s", out)
	}
	a.cmd.Env = append(a.cmd.Env, "R2_SECRET_ACCESS_KEY=another-one-0123456789")
	if out, err := a.command("doctor"); err == nil || !strings.Contains(out, "SignatureDoesNotMatch") || strings.Contains(out, "another-one") {
		t.Errorf("with a wrong key: %v\n%s", err, out)
	}
}
