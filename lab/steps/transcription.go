package steps

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/samples"
)

// Transcription is a file that is uploaded and transcribed.
func Transcription() Walk {
	return Walk{
		Name: "transcription", does: upload,
		done: `SELECT EXISTS (SELECT FROM switchboard.transcriptions WHERE status = 'COMPLETED')`,
		once: append(transcribed(), []claim{
			{"uploads", 1, `SELECT count(*) FROM switchboard.uploads`},
			{"stored recordings", 1, `SELECT count(*) FROM switchboard.recordings WHERE status = 'STORED'`},
		}...),
		look: func(_ context.Context, r *rig) (wrong []string) {
			return append(r.submitted(), r.stored()...)
		},
	}
}

// transcribed is what one transcription leaves.
func transcribed() []claim {
	return []claim{
		{"recordings", 1, `SELECT count(*) FROM switchboard.recordings`},
		{"transcriptions", 1, `SELECT count(*) FROM switchboard.transcriptions`},
		{"transcriptions completed at the first attempt", 1, `SELECT count(*) FROM switchboard.transcriptions WHERE status = 'COMPLETED' AND attempt = 1 AND version = 1`},
		{"results", 1, `SELECT count(*) FROM switchboard.transcription_results`},
		{"utterances", len(heard().Turns), `SELECT count(*) FROM switchboard.utterances`},
		{"transcriptions counted", 1, `SELECT count(*) FROM switchboard.billing_usage_things WHERE metric = 'TRANSCRIPTIONS'`},
		{"transcriptions told to be completed", 1, `SELECT count(*) FROM switchboard.activity_events WHERE type = 'TRANSCRIPTION_STATUS_CHANGED' AND status = 'COMPLETED'`},
	}
}

const (
	createUpload = `mutation($in: UploadCreateInput!) { uploadCreate(input: $in) { upload { id } targets { method url headers { name value } } userErrors { message } } }`
	endUpload    = `mutation($in: UploadCompleteInput!) { uploadComplete(input: $in) { transcription { id } userErrors { message } } }`
)

// upload is what a browser does.
func upload(ctx context.Context, r *rig) error {
	audio := samples.Call()
	var begun struct {
		UploadCreate struct {
			Upload  struct{ ID string }
			Targets []client.UploadTarget
		}
	}
	in := map[string]any{"organizationId": r.organization, "filename": "call.wav", "contentType": "audio/wav", "sizeBytes": len(audio), "idempotencyKey": "upload"}
	if err := r.mutate(ctx, createUpload, in, &begun, func() bool { return len(begun.UploadCreate.Targets) == 1 }); err != nil {
		return err
	}
	err := r.insist(ctx, "sending the audio", func(ctx context.Context) (bool, error) {
		err := r.person.Upload(ctx, begun.UploadCreate.Targets[0], strings.NewReader(string(audio)), int64(len(audio)), nil)
		var said *client.Error
		if errors.As(err, &said) && said.Status == http.StatusPreconditionFailed {
			return true, nil // an earlier try brought it all
		}
		return err == nil, err
	})
	if err != nil {
		return err
	}
	var ended struct {
		UploadComplete struct{ Transcription struct{ ID string } }
	}
	in = map[string]any{"uploadId": begun.UploadCreate.Upload.ID, "transcribe": true}
	return r.mutate(ctx, endUpload, in, &ended, func() bool { return ended.UploadComplete.Transcription.ID != "" })
}

// submitted looks whether the provider was given the audio once.
func (r *rig) submitted() []string {
	if n := r.Provider.Stats().Submitted; n != 1 {
		return []string{fmt.Sprintf("submissions that the provider took: %d instead of 1", n)}
	}
	return nil
}

// stored looks whether the bucket holds the audio once.
func (r *rig) stored() []string {
	objects, err := os.ReadDir(filepath.Join(r.Dir, "blobs", "objects"))
	if err != nil || len(objects) != 1 {
		return []string{fmt.Sprintf("objects in the bucket: %d instead of 1 (%v)", len(objects), err)}
	}
	return nil
}
