package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// uploadRoom has room for one sample, and none for a second beside the ballast.
	uploadRoom = 2 << 20
	// ballast is the name of the file that fills a disk.
	ballast = "ballast"
	// probeSize is more than what a write needs before it notices that there is no room.
	probeSize = 64 << 10
)

// smallDisk mounts a file system of so many bytes, which any user can enter.
func (l *stage) smallDisk(size int) (string, error) {
	dir, err := l.home("switchboard-disk-")
	if err != nil {
		return "", err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0711", size)); err != nil {
		return "", fmt.Errorf("mounting a small file system, which takes root on Linux: %w", err)
	}
	l.AtEnd(func() error { return syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir, nil
}

// fill writes until the disk is full; free makes room again.
func fill(dir string) (free func() error, err error) {
	name := filepath.Join(dir, ballast)
	file, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("making the ballast: %w", err)
	}
	defer file.Close()
	// Large blocks first, then bytes: what is left must not be enough for anybody.
	for _, block := range []int{probeSize, 4 << 10, 1} {
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, block))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return nil, fmt.Errorf("filling the disk: %w", err)
		}
	}
	return func() error { return os.Remove(name) }, nil
}

// uploadDisk fills the disk of the bucket.
func uploadDisk(ctx context.Context, l *stage) error {
	calls, err := l.Seed(ctx, lab.Organizations)
	if err != nil {
		return err
	}
	disk, err := l.smallDisk(uploadRoom)
	if err != nil {
		return err
	}
	if err := l.Server.Stop(); err != nil {
		return err
	}
	if l.Server, err = l.Launch(ctx, "BLOB_DIR="+disk, soon); err != nil {
		return err
	}
	c, who := calls[0], as(calls[0], l.Server.URL)
	l.walks(ctx, l.Server, c, "while there is room")
	free, err := fill(disk)
	if err != nil {
		return err
	}
	target, complete, err := announce(ctx, who, c)
	if err != nil {
		return err
	}
	before, err := files(disk)
	if err != nil {
		return err
	}
	refused := put(ctx, who, target)
	var answer *client.Error
	l.promise(errors.As(refused, &answer) && answer.Status == http.StatusInsufficientStorage, "an upload to a full disk: %v", refused)
	after, err := files(disk)
	l.promise(err == nil && after == before, "files on the disk: %d before, %d after", before, after)
	l.othersWork(ctx, calls[1])
	if err := free(); err != nil {
		return err
	}
	err = put(ctx, who, target)
	if err == nil {
		err = complete(ctx)
	}
	l.promise(err == nil, "the same upload after room was made: no error %s", said(err))
	return nil
}

// othersWork looks at what needs no room on that disk.
func (l *stage) othersWork(ctx context.Context, c lab.Call) {
	answer, err := l.Ask(ctx, http.DefaultClient, c.Token, "query($id: ID!) { transcription(id: $id) { status } }", map[string]any{"id": c.Transcription.String()})
	l.promise(err == nil && strings.Contains(answer, `"PROCESSING"`), "a query meanwhile: %.80s %s", answer, said(err))
	status, err := l.deliver(l.Server.URL, "beside")
	l.promise(err == nil && status == http.StatusOK, "a webhook meanwhile: %d %s", status, said(err))
	status, _, err = lab.Get(l.Server.URL + "/ready")
	l.promise(err == nil && status == http.StatusOK, "readiness meanwhile: %d %s", status, said(err))
}

// deliver sends one webhook that asks for no work.
func (l *stage) deliver(url, name string) (int, error) {
	_, body := l.Knock(name)
	request, err := http.NewRequest(http.MethodPost, url+"/api/webhooks/assemblyai", strings.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("making a webhook: %w", err)
	}
	request.Header.Set("X-Webhook-Secret", l.Webhook)
	response, err := (&http.Client{Timeout: lab.Patience}).Do(request)
	if err != nil {
		return 0, fmt.Errorf("sending a webhook: %w", err)
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}

// announce gives where a sample may be put, and what to call once it is there.
func announce(ctx context.Context, who *client.Client, c lab.Call) (client.UploadTarget, func(context.Context) error, error) {
	about, err := os.Stat(sample)
	if err != nil {
		return client.UploadTarget{}, nil, fmt.Errorf("looking for the sample: %w", err)
	}
	var out struct {
		Organization struct{ ID string }
		UploadCreate struct {
			Upload  struct{ ID string }
			Targets []client.UploadTarget
		}
	}
	if err := who.Do(ctx, `query($s: String!) { organization(slug: $s) { id } }`, map[string]any{"s": c.Slug}, &out); err != nil {
		return client.UploadTarget{}, nil, fmt.Errorf("asking for the organization: %w", err)
	}
	in := map[string]any{"organizationId": out.Organization.ID, "filename": "call.wav", "contentType": "audio/wav", "sizeBytes": about.Size()}
	err = who.Do(ctx, `mutation($in: UploadCreateInput!) { uploadCreate(input: $in) { upload { id } targets { method url headers { name value } } } }`, map[string]any{"in": in}, &out)
	if err != nil || len(out.UploadCreate.Targets) != 1 {
		return client.UploadTarget{}, nil, fmt.Errorf("announcing an upload, %d targets: %w", len(out.UploadCreate.Targets), err)
	}
	complete := func(ctx context.Context) error {
		in := map[string]any{"uploadId": out.UploadCreate.Upload.ID, "transcribe": true}
		var done struct {
			UploadComplete struct{ Transcription struct{ ID string } }
		}
		err := who.Do(ctx, `mutation($in: UploadCompleteInput!) { uploadComplete(input: $in) { transcription { id } } }`, map[string]any{"in": in}, &done)
		if err != nil {
			return fmt.Errorf("completing the upload: %w", err)
		}
		return who.Follow(ctx, done.UploadComplete.Transcription.ID, nil)
	}
	return out.UploadCreate.Targets[0], complete, nil
}

func put(ctx context.Context, who *client.Client, target client.UploadTarget) error {
	file, err := os.Open(sample)
	if err != nil {
		return fmt.Errorf("opening the sample: %w", err)
	}
	defer file.Close()
	about, err := file.Stat()
	if err != nil {
		return fmt.Errorf("reading the sample: %w", err)
	}
	return who.Upload(ctx, target, file, about.Size(), nil)
}

// files counts what lies on a disk beside the ballast.
func files(dir string) (n int, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() != ballast {
			n++
		}
		return err
	})
	return n, err
}
