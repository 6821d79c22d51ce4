// Package ids makes the opaque ids that leave the service: a prefix that names the type and a UUIDv7 in
// 26 lower-case letters and digits, e.g. trn_069gtb20jrekv8z0y5w9k8c9y4. The prefix keeps ids of two
// types apart and makes them easy to find in a log; inside, rows have plain UUIDs.
package ids

import (
	"encoding/base32"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// Kind is the prefix of an id.
type Kind string

const (
	Activity      Kind = "act"
	Call          Kind = "call"
	CallNote      Kind = "note"
	Subscription  Kind = "bsu" // of billing
	Invoice       Kind = "ivc"
	PaymentMethod Kind = "pmt"
	Price         Kind = "prc"
	APIToken      Kind = "tok"
	Invite        Kind = "inv"
	Membership    Kind = "mem"
	Organization  Kind = "org"
	PhoneNumber   Kind = "num"
	Recording     Kind = "rec"
	Session       Kind = "ses"
	Transcription Kind = "trn"
	Upload        Kind = "upl"
	User          Kind = "usr"
	Webhook       Kind = "whk"
)

// ID is a typed id. The zero ID belongs to nothing.
type ID struct {
	Kind Kind
	UUID uuid.UUID
}

// encoding keeps the order of the bytes, so that ids of one kind sort by time. Letters that look like
// digits are left out.
var encoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// Of gives a row's UUID its type.
func Of(kind Kind, id uuid.UUID) ID { return ID{Kind: kind, UUID: id} }

// New makes an id. It panics only when the machine has no randomness left.
func New(kind Kind) ID { return Of(kind, uuid.Must(uuid.NewV7())) }

// String is the form that clients see.
func (id ID) String() string {
	if id.Kind == "" {
		return ""
	}
	return string(id.Kind) + "_" + encoding.EncodeToString(id.UUID[:])
}

// Parse reads an id of any kind.
func Parse(s string) (ID, error) {
	prefix, rest, ok := strings.Cut(s, "_")
	if !ok || len(rest) != encoding.EncodedLen(16) || len(prefix) > 8 {
		return ID{}, fmt.Errorf("parsing id: not of the form prefix_26characters")
	}
	raw, err := encoding.DecodeString(rest)
	if err != nil {
		return ID{}, fmt.Errorf("parsing id: %w", err)
	}
	if len(raw) != 16 { // the decoder passes over line ends
		return ID{}, fmt.Errorf("parsing id: not in its one spelling")
	}
	id := ID{Kind: Kind(prefix), UUID: uuid.UUID(raw)}
	if id.String() != s { // the last character has two bits to spare: one id, one spelling
		return ID{}, fmt.Errorf("parsing id: not in its one spelling")
	}
	return id, nil
}

// Is says whether the id is of this kind.
func (id ID) Is(kind Kind) bool { return id.Kind == kind }

// MarshalGQL writes the id as GraphQL's ID.
func (id ID) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(id.String())) }

// UnmarshalGQL reads any string. One that is no id becomes the zero ID, which no room ever finds: a
// client cannot tell a malformed id from an unknown one.
func (id *ID) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("an id is a string")
	}
	*id, _ = Parse(s)
	return nil
}

// MarshalText and UnmarshalText let ids stand in JSON of our own.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText refuses what is not an id.
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = Parse(string(b))
	return err
}
