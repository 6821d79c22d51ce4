package recording

import (
	"context"
	"io"

	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/egress"
)

// body is audio that comes in. Err says how reading failed, so that it is known which end failed.
type body interface {
	io.Reader
	Err() error
	Close()
}

// open begins to read from where the recording is.
func (c *Copies) open(ctx context.Context, row *db.Recording) (from body, size int64, err error) {
	if row.ProviderID != nil {
		return c.resume(ctx, Source(row.Source), *row.ProviderID)
	}
	fetched, err := c.client.Get(ctx, *row.SourceUrl, egress.Limits{Bytes: c.maxSize, Time: copyTime})
	if err != nil {
		return nil, 0, err
	}
	return fetched, max(fetched.Size, blob.SizeUnknown), nil
}
