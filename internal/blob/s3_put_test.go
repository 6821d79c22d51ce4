package blob

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestLargeObjectsGoInPartsAndComeBackWhole(t *testing.T) {
	t.Parallel()
	bucket := openS3(t, nil)
	whole := strings.Repeat("0123456789abcdef", partSize/16*2) // two parts to the byte
	for _, body := range []string{whole, whole + "and a rest", whole[:partSize]} {
		for _, size := range []int64{int64(len(body)), SizeUnknown} {
			key := newKey()
			put, err := bucket.Put(t.Context(), key, "audio/wav", size, strings.NewReader(body))
			if err != nil {
				t.Fatalf("storing %d bytes announced as %d: %v", len(body), size, err)
			}
			if put.Size != int64(len(body)) || put.SHA256 != sumOf([]byte(body)) {
				t.Errorf("Put = %+v", put)
			}
			about, err := bucket.Head(t.Context(), key)
			if err != nil || about.Size != put.Size || about.ETag != put.ETag || about.ContentType != "audio/wav" {
				t.Errorf("Head = %+v, %v after Put = %+v", about, err, put)
			}
			read, err := bucket.Open(t.Context(), key, 0, ToEnd)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(read)
			if err := errors.Join(err, read.Close()); err != nil || string(got) != body {
				t.Errorf("%d bytes came back as %d, %v", len(body), len(got), err)
			}
		}
	}
}

func TestAnObjectInPartsThatBreaksLeavesNoPart(t *testing.T) {
	t.Parallel()
	bucket := openS3(t, nil)
	part := strings.Repeat("x", partSize)
	cause := errors.New("the provider hung up")
	for name, c := range map[string]struct {
		size int64
		rest io.Reader
		want error
	}{
		"the source breaks":    {SizeUnknown, failing{cause}, cause},
		"the source is cut":    {SizeUnknown, failing{io.ErrUnexpectedEOF}, io.ErrUnexpectedEOF}, // what HTTP says of half a body
		"longer than said":     {partSize + 1, strings.NewReader("ab"), ErrSize},
		"shorter than said":    {partSize + 9, strings.NewReader("ab"), ErrSize},
		"its caller has left":  {SizeUnknown, failing{context.Canceled}, context.Canceled},
		"ends with its parts":  {2*partSize + 1, strings.NewReader(part), ErrSize},
		"longer by whole part": {partSize, strings.NewReader(part), ErrSize},
	} {
		key := newKey()
		_, err := bucket.Put(t.Context(), key, "audio/wav", c.size, io.MultiReader(strings.NewReader(part), c.rest))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		wantNothing(t, bucket, key)
	}
	left, err := bucket.core.ListMultipartUploads(t.Context(), bucket.bucket, "", "", "", "", 100)
	if err != nil || len(left.Uploads) > 0 {
		t.Errorf("parts are left: %+v, %v", left.Uploads, err)
	}
}

func TestPartsAreFreedWhenTheCallerLeaves(t *testing.T) {
	t.Parallel()
	bucket := openS3(t, nil)
	ctx, leave := context.WithCancel(t.Context())
	rest := readerFunc(func([]byte) (int, error) {
		leave()
		return 0, ctx.Err()
	})
	_, err := bucket.Put(ctx, newKey(), "audio/wav", SizeUnknown, io.MultiReader(strings.NewReader(strings.Repeat("x", partSize)), rest))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v", err)
	}
	left, err := bucket.core.ListMultipartUploads(t.Context(), bucket.bucket, "", "", "", "", 100)
	if err != nil || len(left.Uploads) > 0 {
		t.Errorf("parts are left: %+v, %v", left.Uploads, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
