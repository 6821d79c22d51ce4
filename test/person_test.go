package test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// person is a member of one organization, with a token.
type person struct {
	*client.Client
	t            *testing.T
	app          *app
	user         uuid.UUID
	organization ids.ID
	slug         string
	token        string
}

// person makes a member; an organization that is not there is made too.
func (a *app) person(slug, role string) *person {
	a.t.Helper()
	p := &person{t: a.t, app: a, user: uuid.Must(uuid.NewV7()), slug: slug}
	email := strings.ToLower(p.user.String()) + "@example.com"
	a.exec(`INSERT INTO switchboard.users (id, email, name) VALUES ($1, $2, 'Somebody')`, p.user, email)
	a.exec(`INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, $2, $2) ON CONFLICT DO NOTHING`, uuid.Must(uuid.NewV7()), slug)
	a.exec(`INSERT INTO switchboard.memberships (id, organization_id, user_id, role)
		SELECT $1, id, $2, $3 FROM switchboard.organizations WHERE slug = $4`, uuid.Must(uuid.NewV7()), p.user, role, slug)
	p.token = a.tokenFor(p.user, time.Hour)
	p.Client = client.New(client.Config{Server: a.url, Token: p.token})
	var out struct{ Organization struct{ ID ids.ID } }
	p.must(`query($s: String!) { organization(slug: $s) { id } }`, vars{"s": slug}, &out)
	p.organization = out.Organization.ID
	return p
}

// at is the same person at another process.
func (p *person) at(other *process) *person {
	moved := *p
	moved.Client = client.New(client.Config{Server: other.url, Token: p.token})
	return &moved
}

func (a *app) tokenFor(user uuid.UUID, life time.Duration) string {
	a.t.Helper()
	keys, err := authjs.NewKeys([]string{a.secrets.auth})
	if err != nil {
		a.t.Fatal(err)
	}
	now := time.Now()
	token, err := keys.Mint(authjs.SessionCookie, authjs.Claims{Subject: user.String(), ID: uuid.NewString(), IssuedAt: now, ExpiresAt: now.Add(life)})
	if err != nil {
		a.t.Fatal(err)
	}
	return token
}

type vars = map[string]any

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// must runs an operation that has to succeed.
func (p *person) must(query string, variables vars, out any) {
	p.t.Helper()
	if err := p.Do(within(p.t), query, variables, out); err != nil {
		p.t.Fatalf("running %.60s: %v", query, err)
	}
}

// fails runs an operation that has to be refused, and gives the code.
func (p *person) fails(query string, variables vars) string {
	p.t.Helper()
	err := p.Do(within(p.t), query, variables, nil)
	var refused *client.Error
	if !errors.As(err, &refused) {
		p.t.Fatalf("want an error with a code, got %v", err)
	}
	return refused.Code
}

// problem is a userError.
type problem struct {
	Code    string
	Message string
	Path    []string
}

// mutate runs a mutation with a payload of one entity's id and userErrors.
func (p *person) mutate(query string, variables vars) (id string, problems []problem) {
	p.t.Helper()
	var out map[string]map[string]json.RawMessage
	p.must(query, variables, &out)
	for _, payload := range out {
		for field, raw := range payload {
			if field == "userErrors" {
				_ = json.Unmarshal(raw, &problems)
				continue
			}
			var entity struct{ ID string }
			if json.Unmarshal(raw, &entity) == nil && entity.ID != "" {
				id = entity.ID
			}
		}
	}
	return id, problems
}

// refused runs a mutation that has to answer with one userError, and gives its code.
func (p *person) refused(query string, variables vars) string {
	p.t.Helper()
	id, problems := p.mutate(query, variables)
	if id != "" || len(problems) != 1 || problems[0].Message == "" {
		p.t.Fatalf("want one userError and nothing else, got id %q and %v", id, problems)
	}
	return problems[0].Code
}

const (
	uploadCreate = `mutation($in: UploadCreateInput!) { uploadCreate(input: $in) {
		upload { id status } targets { method url headers { name value } } userErrors { code message path } } }`
	uploadComplete = `mutation($in: UploadCompleteInput!) { uploadComplete(input: $in) {
		transcription { id } userErrors { code message path } } }`
	statusOf = `query($id: ID!) { transcription(id: $id) { status attempt version failure { code message retryable } recording { id } } }`
)

// begin announces a file of so many bytes.
func (p *person) begin(size int) (upload string, target client.UploadTarget) {
	p.t.Helper()
	return p.announce(vars{"sizeBytes": size})
}

// announce adds to what is said of a file.
func (p *person) announce(more vars) (upload string, target client.UploadTarget) {
	p.t.Helper()
	var out struct {
		UploadCreate struct {
			Upload     struct{ ID string }
			Targets    []client.UploadTarget
			UserErrors []problem
		}
	}
	in := vars{"organizationId": p.organization.String(), "filename": "call.wav", "contentType": "audio/wav"}
	maps.Copy(in, more)
	p.must(uploadCreate, vars{"in": in}, &out)
	if len(out.UploadCreate.Targets) != 1 {
		p.t.Fatalf("no target: %v", out.UploadCreate.UserErrors)
	}
	return out.UploadCreate.Upload.ID, out.UploadCreate.Targets[0]
}

// sent is an upload whose bytes have arrived.
func (p *person) sent(audio []byte) (upload string) {
	p.t.Helper()
	upload, target := p.begin(len(audio))
	if err := p.Upload(within(p.t), target, strings.NewReader(string(audio)), int64(len(audio)), nil); err != nil {
		p.t.Fatalf("sending: %v", err)
	}
	return upload
}

// transcribe uploads a small call and gives the transcription that this began.
func (p *person) transcribe() (transcription string) {
	p.t.Helper()
	id, problems := p.mutate(uploadComplete, vars{"in": vars{"uploadId": p.sent(wav(2, 100*time.Millisecond)), "transcribe": true}})
	if id == "" {
		p.t.Fatalf("no transcription: %v", problems)
	}
	return id
}

// state is what a transcription looks like to a client.
type state struct {
	Status  string
	Attempt int
	Version int
	Failure *struct {
		Code, Message string
		Retryable     bool
	}
	Recording struct{ ID string }
}

func (p *person) state(transcription string) state {
	p.t.Helper()
	var out struct{ Transcription *state }
	p.must(statusOf, vars{"id": transcription}, &out)
	if out.Transcription == nil {
		p.t.Fatalf("transcription %s is not there", transcription)
	}
	return *out.Transcription
}

// becomes waits for a status.
func (p *person) becomes(transcription, status string) state {
	p.t.Helper()
	var s state
	eventually(p.t, transcription+" to become "+status, func() bool {
		s = p.state(transcription)
		return s.Status == status
	})
	return s
}

// event is one message of transcriptionStatus.
type event struct {
	Cursor         string
	Status         string
	PreviousStatus *string
	Replayed       bool
}

const watchStatus = `subscription($id: ID!, $after: String) { transcriptionStatus(transcriptionId: $id, after: $after) {
	cursor status previousStatus replayed transcription { id status } } }`

// follow reads a status stream to its end.
func (p *person) follow(transcription string, after *string) (events []event) {
	p.t.Helper()
	err := p.Subscribe(within(p.t), watchStatus, vars{"id": transcription, "after": after}, func(raw json.RawMessage) error {
		var data struct{ TranscriptionStatus event }
		if err := json.Unmarshal(raw, &data); err != nil {
			return err
		}
		events = append(events, data.TranscriptionStatus)
		return nil
	})
	if err != nil {
		p.t.Fatalf("following %s: %v", transcription, err)
	}
	return events
}

func statuses(events []event) string {
	words := make([]string, len(events))
	for i, e := range events {
		words[i] = e.Status
	}
	return strings.Join(words, " ")
}

// wav is silence at 8 kHz, 16 bits.
func wav(channels int, length time.Duration) []byte {
	data := make([]byte, int(length.Milliseconds())*8*2*channels)
	b := []byte("RIFF....WAVEfmt ")
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, 8000)
	b = binary.LittleEndian.AppendUint32(b, uint32(8000*2*channels))
	b = binary.LittleEndian.AppendUint16(b, uint16(2*channels))
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}
