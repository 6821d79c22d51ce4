package audio

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// Elements of EBML (RFC 8794) and Matroska (RFC 9559).
const (
	idEBML          = 0x1A45DFA3
	idDocType       = 0x4282
	idSegment       = 0x18538067
	idInfo          = 0x1549A966
	idTimestampUnit = 0x2AD7B1
	idDuration      = 0x4489
	idTracks        = 0x1654AE6B
	idTrack         = 0xAE
	idTrackType     = 0x83
	idCodec         = 0x86
	idAudio         = 0xE1
	idSamplingRate  = 0xB5
	idChannels      = 0x9F
	idCluster       = 0x1F43B675
	idTimestamp     = 0xE7
	idSimpleBlock   = 0xA3
	idBlockGroup    = 0xA0
	idBlock         = 0xA1
)

const soundTrack = 2 // a TrackType

// webm is what the headers before the first cluster say.
type webm struct {
	contentType string
	unit        uint64  // nanoseconds in a tick
	ticks       float64 // 0 in what a browser records: it did not know when it wrote the header
	tracks      bool
	sound       bool
	channels    int
	rate        float64
}

// inspectWebM reads the headers before the first cluster and, where they do not tell the length, the times
// in the last cluster.
func inspectWebM(s *source) (Info, error) {
	w := webm{unit: uint64(time.Millisecond), channels: 1, rate: 8000} // the defaults of RFC 9559
	if err := w.readHeaders(s); err != nil {
		return Info{}, err
	}
	switch {
	case !w.tracks:
		return Info{}, truncated("a WebM file without tracks")
	case !w.sound:
		return Info{}, unsupported("a video without sound")
	case w.unit == 0 || w.unit > uint64(time.Second):
		return Info{}, unsupported("a WebM file with a broken clock")
	case !(w.rate >= 1 && w.rate <= maxRate): // also not a number
		return Info{}, unsupported("a WebM file with a broken sample rate")
	}
	info := Info{Format: WebM, ContentType: w.contentType, Channels: w.channels, SampleRate: int(w.rate)}
	ns := w.ticks * float64(w.unit)
	if !(ns >= 1) {
		last, err := lastTimestamp(s)
		if err != nil {
			return info, err
		}
		ns = float64(last) * float64(w.unit)
	}
	if !(ns <= float64(maxDuration)) {
		return info, unsupported("audio whose header claims more than %.0f hours", maxDuration.Hours())
	}
	info.Duration = time.Duration(ns)
	return info, nil
}

func (w *webm) readHeaders(s *source) error {
	header, err := readElement(s, 0, s.size)
	if err != nil {
		return err
	}
	if err := eachElement(s, header.data, header.end, w.docType); err != nil {
		return err
	}
	if w.contentType == "" {
		return unsupported("an EBML file that is neither WebM nor Matroska")
	}
	segment, err := readElement(s, header.end, s.size)
	if err != nil {
		return err
	}
	if segment.id != idSegment {
		return unsupported("a WebM file without a segment")
	}
	return eachElement(s, segment.data, segment.end, w.segment)
}

func (w *webm) docType(s *source, e element) (bool, error) {
	if e.id != idDocType {
		return true, nil
	}
	name, err := e.bytes(s, 8)
	switch string(name) {
	case "webm":
		w.contentType = "audio/webm"
	case "matroska":
		w.contentType = "audio/x-matroska"
	}
	return false, err
}

func (w *webm) segment(s *source, e element) (bool, error) {
	switch e.id {
	case idInfo:
		return true, eachElement(s, e.data, e.end, w.info)
	case idTracks:
		w.tracks = true
		return true, eachElement(s, e.data, e.end, w.track)
	case idCluster:
		return false, nil
	}
	return true, e.skippable()
}

func (w *webm) info(s *source, e element) (more bool, err error) {
	switch e.id {
	case idTimestampUnit:
		w.unit, err = e.uint(s)
	case idDuration:
		w.ticks, err = e.float(s)
	}
	return true, err
}

// track takes the first track with sound.
func (w *webm) track(s *source, e element) (bool, error) {
	if e.id != idTrack {
		return true, nil
	}
	var kind uint64
	var sound element
	opus := false
	err := eachElement(s, e.data, e.end, func(s *source, child element) (more bool, err error) {
		switch child.id {
		case idTrackType:
			kind, err = child.uint(s)
		case idCodec:
			opus = child.holds(s, "A_OPUS")
		case idAudio:
			sound = child
		}
		return true, err
	})
	if err != nil || kind != soundTrack {
		return true, err
	}
	w.sound = true
	err = eachElement(s, sound.data, sound.end, w.audio)
	if opus {
		w.rate = opusRate // some writers note the rate before encoding instead
	}
	return false, err
}

func (w *webm) audio(s *source, e element) (more bool, err error) {
	switch e.id {
	case idSamplingRate:
		w.rate, err = e.float(s)
	case idChannels:
		var n uint64
		n, err = e.uint(s)
		w.channels = int(min(n, maxChannels+1))
	}
	return true, err
}

// lastTimestamp is the tick at which the last block begins: at most one block, some 20 to 60 milliseconds,
// before the end.
func lastTimestamp(s *source) (uint64, error) {
	var base, last uint64
	var cluster element
	found, err := s.findLast(binary.BigEndian.AppendUint32(nil, idCluster), func(off int64) (ok bool, err error) {
		cluster, ok, err = clusterAt(s, off)
		return ok, unlessRefused(err)
	})
	if err != nil {
		return 0, err
	}
	if found < 0 {
		return 0, unsupported("a WebM file that does not say how long it is")
	}
	err = eachElement(s, cluster.data, cluster.end, func(s *source, e element) (more bool, err error) {
		switch e.id {
		case idTimestamp:
			base, err = e.uint(s)
			last = max(last, base)
		case idSimpleBlock:
			last, err = e.blockTime(s, base, last)
		case idBlockGroup:
			err = eachElement(s, e.data, e.end, func(s *source, block element) (more bool, err error) {
				if block.id == idBlock {
					last, err = block.blockTime(s, base, last)
				}
				return true, err
			})
		}
		return e.id>>24 == 0, err // elements with four bytes of id come after the cluster
	})
	if last > 0 && errors.Is(err, ErrTruncated) {
		return last, nil // a recording that was cut off still has the blocks before
	}
	return last, err
}

// clusterAt says whether there is a cluster, not just its four bytes: its time comes first.
func clusterAt(s *source, off int64) (element, bool, error) {
	cluster, err := readElement(s, off, s.size)
	if err != nil {
		return cluster, false, err
	}
	first, err := readElement(s, cluster.data, cluster.end)
	return cluster, err == nil && first.id == idTimestamp && first.end-first.data <= 8, err
}

// blockTime is the later of last and the tick of a block: its cluster's, moved by a signed number that follows
// the track's number.
func (e element) blockTime(s *source, base, last uint64) (uint64, error) {
	_, width, err := readVint(s, e.data)
	if err != nil {
		return last, err
	}
	b, err := s.bytes(e.data+int64(width), 2)
	if err != nil {
		return last, err
	}
	at := float64(base) + float64(int16(binary.BigEndian.Uint16(b)))
	if at < 0 || at > math.MaxInt64 {
		return last, unsupported("a WebM file with a broken clock")
	}
	return max(last, uint64(at)), nil
}
