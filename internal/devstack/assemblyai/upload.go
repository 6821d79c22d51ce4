package assemblyai

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/uuid"
)

const (
	// maxAudio is 9 hours of a phone call as WAV, or a day as MP3.
	maxAudio = 1 << 30
	// maxUploads and maxUploadBytes bound the scratch folder; the oldest goes first, as at the vendor,
	// which keeps uploads for a day.
	maxUploads     = 100
	maxUploadBytes = 4 * maxAudio
)

// uploadPath begins the addresses that we give to uploads. Nobody can read there, like at the vendor.
const uploadPath = "/upload/"

type upload struct {
	url, file string
	size      int64
}

func (s *Server) upload(r *http.Request) (any, error) {
	id := uuid.NewString()
	u := upload{url: s.base(r) + uploadPath + id, file: filepath.Join(s.uploadDir(), id)}
	var err error
	if u.size, err = store(s.uploadDir(), u.file, r.Body); err != nil {
		return nil, err
	}
	if u.size == 0 {
		_ = os.Remove(u.file) // an empty file that stays harms nobody
		return nil, errEmpty
	}
	s.keepUpload(u)
	return map[string]string{"upload_url": u.url}, nil
}

func (s *Server) keepUpload(u upload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uploads = append(s.uploads, u)
	total := int64(0)
	for _, kept := range s.uploads {
		total += kept.size
	}
	for len(s.uploads) > maxUploads || total > maxUploadBytes {
		total -= s.uploads[0].size
		_ = os.Remove(s.uploads[0].file) // emptied at the next start at the latest
		s.uploads = s.uploads[1:]
	}
}

// takeUpload gives a job an uploaded file under a name of its own, which stays when the upload goes.
func (s *Server) takeUpload(address, name string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.uploads, func(u upload) bool { return u.url == address })
	if i < 0 {
		return false, nil
	}
	if err := os.MkdirAll(s.audioDir(), 0o700); err != nil {
		return false, fmt.Errorf("making the scratch folder: %w", err)
	}
	if err := os.Link(s.uploads[i].file, name); err != nil {
		return false, fmt.Errorf("taking the upload: %w", err)
	}
	return true, nil
}

func (s *Server) removeUpload(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uploads = slices.DeleteFunc(s.uploads, func(u upload) bool {
		if u.url == address {
			_ = os.Remove(u.file) // emptied at the next start at the latest
		}
		return u.url == address
	})
}

// store writes a stream to a file, whole or not at all.
func store(dir, name string, from io.Reader) (size int64, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, fmt.Errorf("making the scratch folder: %w", err)
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("making a scratch file: %w", err)
	}
	size, err = io.Copy(file, from)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		return size, nil
	}
	_ = os.Remove(name) // emptied at the next start at the latest
	var large *http.MaxBytesError
	var disk *fs.PathError
	if errors.As(err, &large) || errors.As(err, &disk) {
		return 0, fmt.Errorf("storing audio: %w", err)
	}
	return 0, errAborted
}
