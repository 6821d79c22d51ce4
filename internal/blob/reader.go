package blob

import (
	"context"
	"errors"
	"io"
)

// ReaderAt reads an object by ranges, one request to the bucket a call: for code that looks at the head
// and the tail of a file and must not fetch what lies between.
func ReaderAt(ctx context.Context, bucket Bucket, key string) io.ReaderAt {
	return ranges{ctx: ctx, bucket: bucket, key: key}
}

// ranges holds a context because io.ReaderAt has no room for one; it lives no longer than one inspection.
type ranges struct {
	ctx    context.Context
	bucket Bucket
	key    string
}

func (r ranges) ReadAt(p []byte, off int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	body, err := r.bucket.Open(r.ctx, r.key, off, int64(len(p)))
	if errors.Is(err, ErrRange) && off >= 0 {
		return 0, io.EOF
	}
	if err != nil {
		return 0, err
	}
	defer body.Close()
	n, err := io.ReadFull(body, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return n, io.EOF
	}
	return n, err
}
