package audio

import "bytes"

// Tags of the descriptors in an esds box (ISO 14496-1 section 7.2.2.1).
const (
	tagStream  = 0x03
	tagDecoder = 0x04
	tagConfig  = 0x05
)

// maxDescriptor is far above the some 40 bytes of an esds box.
const maxDescriptor = 512

// aacChannels reads the channels from the decoder's configuration, in the boxes of a sample description:
// the description's own number is 2 for mono, too, with most writers. It answers 0 for other codecs.
func aacChannels(s *source, off, end int64) (int, error) {
	var descriptor []byte
	err := eachBox(s, off, end, func(b box) (bool, error) {
		if b.kind != "esds" {
			return true, nil
		}
		v, err := b.bytes(s, 0, int(min(maxDescriptor, b.end-b.data)))
		descriptor = bytes.Clone(v)
		return false, err
	})
	if len(descriptor) < 4 {
		return 0, unlessRefused(err) // QuickTime's older descriptions have other fields here, no boxes
	}
	stream := inner(descriptor[4:], tagStream)
	if len(stream) < 3 || stream[2]&0xe0 != 0 { // with optional fields, which files do not have
		return 0, nil
	}
	decoder := inner(stream[3:], tagDecoder)
	if len(decoder) < 13 {
		return 0, nil
	}
	return configuredChannels(inner(decoder[13:], tagConfig)), nil
}

// inner is the content of a descriptor: a tag, a length of 1 to 4 bytes of 7 bits, and so many bytes.
func inner(b []byte, tag byte) []byte {
	if len(b) == 0 || b[0] != tag {
		return nil
	}
	length := 0
	for i, c := range b[1:min(len(b), 5)] {
		length = length<<7 | int(c&0x7f)
		if c&0x80 == 0 {
			rest := b[2+i:]
			return rest[:min(length, len(rest))]
		}
	}
	return nil
}

// configuredChannels reads an AudioSpecificConfig (ISO 14496-3 section 1.6.2.1): 5 bits of object type, 4 of
// sampling frequency, 4 of channels.
func configuredChannels(b []byte) int {
	const escape, parametricStereo, seven1 = 31, 29, 7
	if len(b) < 2 || b[0]>>3 == escape || b[0]&7 == 7 && b[1]>>7 == 1 { // longer forms of rare codecs
		return 0
	}
	switch channels := int(b[1] >> 3 & 15); {
	case b[0]>>3 == parametricStereo:
		return 2
	case channels == seven1:
		return 8
	case channels < seven1:
		return channels
	}
	return 0
}
