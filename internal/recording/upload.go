package recording

import (
	"context"
	"encoding/hex"
	"fmt"
	"mime"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/switchboard-voice/switchboard/internal/postgres"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// UploadStatus says how far an upload is.
type UploadStatus string

const (
	UploadPending   UploadStatus = "PENDING"
	UploadCompleted UploadStatus = "COMPLETED"
	UploadAborted   UploadStatus = "ABORTED"
	UploadExpired   UploadStatus = "EXPIRED"
)

// Upload is audio on its way from a browser to the bucket.
type Upload struct {
	ID             ids.ID
	OrganizationID ids.ID
	Status         UploadStatus
	Filename       string
	ContentType    string
	SizeBytes      int64
	ExpiresAt      time.Time
	RecordingID    *ids.ID // set once it is completed
	createdBy      uuid.UUID
	objectKey      string
	sha256         []byte
}

// uploadLife is how long the signed link and the upload live: enough for 2 GB over a slow line.
const uploadLife = 6 * time.Hour

// UploadInput is what a client says of the file that it wants to send.
type UploadInput struct {
	OrganizationID ids.ID
	Filename       string
	ContentType    string
	SizeBytes      int64
	SHA256         *string // hex; when given, the bucket takes no other bytes
	IdempotencyKey *string // the same key gives the same upload
}

// Target is the request that sends a file: every header exactly as given, the signature covers them.
type Target struct {
	Method  string
	URL     string
	Headers []Header
}

// Header is one header of a Target.
type Header struct{ Name, Value string }

// CreateUpload makes room for a file and the signed request that sends it; size, type and a SHA-256
// are part of the signature. There is no request when the upload of this key has ended. Errors: NotFound, Forbidden
// below Operator, Invalid, Conflict for a key that was used for another file.
func (s *Service) CreateUpload(ctx context.Context, viewer access.Viewer, in UploadInput) (*Upload, []Target, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Operator)
	if err != nil {
		return nil, nil, err
	}
	sum, err := s.check(&in)
	if err != nil {
		return nil, nil, err
	}
	id := ids.New(ids.Upload)
	row, err := s.store.InsertUpload(ctx, db.InsertUploadParams{
		ID: id.UUID, OrganizationID: scope.OrganizationID, CreatedBy: scope.UserID, Filename: in.Filename,
		ContentType: in.ContentType, SizeBytes: in.SizeBytes, Sha256: sum, IdempotencyKey: in.IdempotencyKey,
		ObjectKey: "uploads/" + scope.OrganizationID.String() + "/" + id.UUID.String(), LivesFor: uploadLife,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("inserting the upload: %w", err)
	}
	up := uploadFromRow(row)
	if up.Filename != in.Filename || up.SizeBytes != in.SizeBytes || up.ContentType != in.ContentType {
		return nil, nil, fault.Conflict("This idempotency key was used for another file.")
	}
	left := min(up.ExpiresAt.Sub(s.jobs.Now()), uploadLife) // of an upload that this key began earlier: bytes that come later are nobody's
	if up.Status != UploadPending || left < time.Second {
		return &up, []Target{}, nil
	}
	link, err := s.bucket.PresignPut(ctx, blob.PutLink{Key: up.objectKey, Size: up.SizeBytes, ContentType: up.ContentType, SHA256: up.sha256, Expires: left})
	if err != nil {
		return nil, nil, fault.Unavailable(fmt.Errorf("signing the upload: %w", err))
	}
	target := Target{Method: link.Method, URL: link.URL, Headers: make([]Header, len(link.Headers))}
	for i, h := range link.Headers {
		target.Headers[i] = Header(h)
	}
	return &up, []Target{target}, nil
}

// GetUpload finds an upload in the viewer's organizations. Error: NotFound.
func (s *Service) GetUpload(ctx context.Context, viewer access.Viewer, id ids.ID) (*Upload, error) {
	if !id.Is(ids.Upload) {
		return nil, fault.NotFound("upload")
	}
	row, err := s.store.GetUpload(ctx, id.UUID, viewer.Organizations())
	if err != nil {
		return nil, postgres.NotFound(err, "upload")
	}
	up := uploadFromRow(row)
	return &up, viewer.Enter(row.OrganizationID)
}

// check refuses what can never be an upload and brings the rest into one form.
func (s *Service) check(in *UploadInput) (sum []byte, err error) {
	if n := utf8.RuneCountInString(in.Filename); n == 0 || n > 255 || strings.IndexFunc(in.Filename, unicode.IsControl) >= 0 || !utf8.ValidString(in.Filename) {
		return nil, fault.Invalid("filename", "Give a file name of 1 to 255 characters.")
	}
	if in.SizeBytes < 1 || in.SizeBytes > s.maxSize {
		return nil, fault.Invalid("sizeBytes", "A file has 1 to %d bytes.", s.maxSize)
	}
	kind, _, err := mime.ParseMediaType(in.ContentType)
	if err != nil || !couldBeAudio(kind) {
		return nil, fault.Invalid("contentType", "Send audio: for example audio/wav, audio/mpeg, audio/mp4, audio/ogg, audio/webm or audio/flac.")
	}
	in.ContentType = kind
	if k := in.IdempotencyKey; k != nil && (len(*k) == 0 || len(*k) > 255 || strings.ContainsRune(*k, 0) || !utf8.ValidString(*k)) {
		return nil, fault.Invalid("idempotencyKey", "An idempotency key has 1 to 255 bytes.")
	}
	if in.SHA256 == nil {
		return nil, nil
	}
	sum, err = hex.DecodeString(*in.SHA256)
	if err != nil || len(sum) != 32 {
		return nil, fault.Invalid("sha256", "Give the SHA-256 of the file as 64 hexadecimal digits.")
	}
	return sum, nil
}

// couldBeAudio is about the word only; uploadComplete looks at the bytes.
func couldBeAudio(kind string) bool {
	switch kind {
	case "application/ogg", "application/octet-stream", "video/mp4", "video/webm":
		return true
	}
	return strings.HasPrefix(kind, "audio/")
}

func uploadFromRow(r *db.Upload) Upload {
	up := Upload{
		ID: ids.Of(ids.Upload, r.ID), OrganizationID: ids.Of(ids.Organization, r.OrganizationID), Status: UploadStatus(r.Status),
		Filename: r.Filename, ContentType: r.ContentType, SizeBytes: r.SizeBytes, ExpiresAt: r.ExpiresAt,
		createdBy: r.CreatedBy, objectKey: r.ObjectKey, sha256: r.Sha256,
	}
	if r.RecordingID != nil {
		id := ids.Of(ids.Recording, *r.RecordingID)
		up.RecordingID = &id
	}
	return up
}
