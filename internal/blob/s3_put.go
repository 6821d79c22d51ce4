package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/minio/minio-go/v7"
)

// partSize is held in memory for each object that is stored. S3 takes 10,000 parts of at least 5 MiB, so
// that MaxSize fits with this many times over.
const partSize = 8 << 20

// Put stores what the server made. Each part's SHA-256 is signed with it, so the bucket refuses bytes that
// changed on the way; and the library neither frames the body nor buffers it once more.
func (s *S3) Put(ctx context.Context, key, contentType string, size int64, body io.Reader) (Object, error) {
	if err := checkPut(key, contentType, size); err != nil {
		return Object{}, err
	}
	in := &measured{body: untilDone{ctx, body}, size: size, sum: sha256.New()}
	tag, err := s.put(ctx, key, contentType, in)
	if err != nil {
		return Object{}, fmt.Errorf("storing object: %w", told(err))
	}
	return Object{
		Key: key, Size: in.n, ContentType: contentType, SHA256: hex.EncodeToString(in.sum.Sum(nil)), ETag: quoted(tag), StoredAt: time.Now().UTC(),
	}, nil
}

func (s *S3) put(ctx context.Context, key, contentType string, in *measured) (tag string, err error) {
	part := make([]byte, in.partSize())
	n, last, err := in.fill(part)
	if err != nil {
		return "", err
	}
	if !last {
		return s.putParts(ctx, key, contentType, part, in)
	}
	stored, err := s.core.PutObject(ctx, s.bucket, key, bytes.NewReader(part[:n]), int64(n), "", sumOf(part[:n]), minio.PutObjectOptions{
		ContentType: contentType, DisableContentSha256: true, // of the stream; the sum is already there
	})
	return stored.ETag, err
}

// putParts begins with a part that is read already. The object appears when all parts are there, or never.
func (s *S3) putParts(ctx context.Context, key, contentType string, part []byte, in *measured) (tag string, err error) {
	upload, err := s.core.NewMultipartUpload(ctx, s.bucket, key, minio.PutObjectOptions{ContentType: contentType})
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(told(err), s.abort(ctx, key, upload))
		}
	}()
	var parts []minio.CompletePart
	for n, last := len(part), false; n > 0; {
		stored, err := s.core.PutObjectPart(ctx, s.bucket, key, upload, len(parts)+1, bytes.NewReader(part[:n]), int64(n), minio.PutObjectPartOptions{
			Sha256Hex: sumOf(part[:n]), DisableContentSha256: true,
		})
		if err != nil {
			return "", err
		}
		parts = append(parts, minio.CompletePart{PartNumber: len(parts) + 1, ETag: stored.ETag})
		if last {
			break
		}
		if n, last, err = in.fill(part); err != nil {
			return "", err
		}
	}
	stored, err := s.core.CompleteMultipartUpload(ctx, s.bucket, key, upload, parts, minio.PutObjectOptions{})
	return stored.ETag, err
}

// abort frees the parts also when the caller has left: they cost money and nobody sees them.
func (s *S3) abort(ctx context.Context, key, upload string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	if err := told(s.core.AbortMultipartUpload(ctx, s.bucket, key, upload)); err != nil {
		return fmt.Errorf("freeing the parts: %w", err)
	}
	return nil
}

// measured reads a body part by part and holds it to its size.
type measured struct {
	body io.Reader
	size int64 // or SizeUnknown
	n    int64
	sum  hash.Hash
}

// partSize has room for one byte more than announced, which tells a body that is too long.
func (m *measured) partSize() int64 {
	if m.size == SizeUnknown {
		return partSize
	}
	return min(m.size+1, partSize)
}

// fill reads until part is full or the body has ended. io.ReadFull would not do: to it, a body that was cut
// off looks like one that has ended.
func (m *measured) fill(part []byte) (n int, last bool, err error) {
	for n < len(part) && !last {
		var k int
		k, err = m.body.Read(part[n:])
		n += k
		if last = errors.Is(err, io.EOF); err != nil && !last {
			return n, false, err
		}
	}
	m.n += int64(n)
	m.sum.Write(part[:n])
	limit := m.size
	if limit == SizeUnknown {
		limit = MaxSize
	}
	if m.n > limit || (last && m.size != SizeUnknown && m.n != m.size) {
		return n, last, fmt.Errorf("%w: %d bytes of %d", ErrSize, m.n, limit)
	}
	return n, last, nil
}

func sumOf(part []byte) string {
	sum := sha256.Sum256(part)
	return hex.EncodeToString(sum[:])
}
