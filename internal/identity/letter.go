package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/mail"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Letter is a kind of mail.
type Letter string

const (
	LetterVerify          Letter = "verify"
	LetterMagicLink       Letter = "magic-link"
	LetterReset           Letter = "reset"
	LetterInvite          Letter = "invite"
	LetterEmailChange     Letter = "email-change"
	LetterEmailChanged    Letter = "email-changed"
	LetterPasswordChanged Letter = "password-changed"
)

// letterTries are an hour and a half, at the slowest pause: a relay that is away for longer makes people ask again.
const letterTries = 24

// letterArgs is a mail to be written. It carries no token: who reads the queue must not get in by it. The job
// is the same whether or not the address has an account; only the job finds that out.
type letterArgs struct {
	Letter   Letter    `json:"letter"`
	Email    string    `json:"email"`
	Signup   uuid.UUID `json:"signup,omitzero"`
	User     uuid.UUID `json:"user,omitzero"`
	Invite   uuid.UUID `json:"invite,omitzero"`
	Callback string    `json:"callback,omitempty"` // where a magic link leads in the end
	Asked    time.Time `json:"asked,omitzero"`     // of a new address: what ended all sessions since has ended this
}

func (letterArgs) Kind() string { return "identity.letter" }

// Post writes and sends what the room tells people.
type Post struct {
	store *postgres.Store
	send  mail.Sender
	pen   mail.Pen
	link  func(l Letter, token, callback string) string
	now   func() time.Time
}

// PostDeps is what the post needs.
type PostDeps struct {
	Store *postgres.Store
	Send  mail.Sender
	Pen   mail.Pen
	// Link is the address of a page that shows one button, for a letter and its token. Without a token it is
	// where one signs in, signs up or asks for a new password.
	Link func(l Letter, token, callback string) string
	Now  func() time.Time
}

// NewPost makes the post.
func NewPost(d PostDeps) *Post {
	return &Post{store: d.Store, send: d.Send, pen: d.Pen, link: d.Link, now: d.Now}
}

// Deliver makes the queue send mail.
func (p *Post) Deliver(queue *jobs.Queue) {
	jobs.Handle(queue, jobs.Kind{Queue: jobs.Work, Attempts: letterTries}, func(ctx context.Context, job jobs.Job[letterArgs]) error {
		return p.deliver(ctx, job.Args)
	})
}

func (p *Post) deliver(ctx context.Context, args letterArgs) error {
	message, err := p.write(ctx, args)
	if err != nil || message == nil {
		return err
	}
	if err := p.send.Send(ctx, *message); errors.Is(err, mail.ErrRefused) {
		return jobs.GiveUp(err)
	} else if err != nil {
		return fmt.Errorf("sending a mail: %w", err)
	}
	return nil
}

// write makes a letter with a token of its own; nil when there is nobody to write to, or nothing to say any more.
func (p *Post) write(ctx context.Context, args letterArgs) (message *mail.Message, err error) {
	err = p.store.InTx(ctx, func(tx *postgres.Tx) error {
		message, err = p.compose(ctx, tx, args)
		return err
	})
	if postgres.Missing(err) {
		return nil, nil
	}
	return message, err
}

func (p *Post) compose(ctx context.Context, tx *postgres.Tx, args letterArgs) (*mail.Message, error) {
	switch args.Letter {
	case LetterVerify:
		return p.verify(ctx, tx, args)
	case LetterInvite:
		return p.invite(ctx, tx, args)
	case LetterEmailChanged:
		return letter(p.pen.EmailChanged(args.Email)), nil
	case LetterPasswordChanged:
		return letter(p.pen.PasswordChanged(args.Email, p.link(LetterPasswordChanged, "", ""))), nil
	case LetterEmailChange:
		return p.newAddress(ctx, tx, args)
	}
	return p.toUser(ctx, tx, args)
}

// newAddress writes to an address that somebody wants to have. A letter that waited for its relay must not give away
// an account whose owner has chosen another password meanwhile.
func (p *Post) newAddress(ctx context.Context, tx *postgres.Tx, args letterArgs) (*mail.Message, error) {
	row, err := tx.LockUser(ctx, args.User)
	if err != nil {
		return nil, err
	}
	if row.DisabledAt != nil || row.SessionsValidAfter.After(args.Asked) {
		return nil, nil
	}
	token, err := grant(ctx, tx, changingEmail, p.now(), db.InsertAccountTokenParams{UserID: &args.User, Email: &args.Email})
	return letter(p.pen.EmailChange(args.Email, p.link(args.Letter, token, ""))), err
}

// toUser writes to somebody who has an account, and to nobody else.
func (p *Post) toUser(ctx context.Context, tx *postgres.Tx, args letterArgs) (*mail.Message, error) {
	row, err := tx.GetUserByEmail(ctx, args.Email)
	if err != nil {
		return nil, err
	}
	if row.DisabledAt != nil {
		return nil, nil
	}
	what, write := magicLink, p.pen.MagicLink
	if args.Letter == LetterReset {
		what, write = resetting, p.pen.Reset
	}
	token, err := grant(ctx, tx, what, p.now(), db.InsertAccountTokenParams{UserID: &row.ID, Email: &row.Email})
	if err != nil {
		return nil, err
	}
	return letter(write(row.Email, p.link(args.Letter, token, args.Callback))), nil
}

// verify writes to who began to sign up. Somebody who has an account already is told so, in a mail that only
// they can read.
func (p *Post) verify(ctx context.Context, tx *postgres.Tx, args letterArgs) (*mail.Message, error) {
	known, err := tx.GetUserByEmail(ctx, args.Email)
	if postgres.Missing(err) {
		known = nil // a row that was not found is empty, not nil
	} else if err != nil {
		return nil, err
	}
	of := db.InsertAccountTokenParams{Email: &args.Email}
	switch {
	case known != nil && known.EmailVerifiedAt == nil && args.Signup == uuid.Nil:
		of.UserID = &known.ID
	case known != nil:
		return letter(p.pen.Known(args.Email, p.link(LetterReset, "", ""))), nil
	case args.Signup != uuid.Nil:
		of.SignupID = &args.Signup
	default:
		n, err := tx.CountSignupsOf(ctx, args.Email, p.now())
		if err != nil {
			return nil, err
		}
		if n > 1 { // which of them is the reader's? A stranger's would open with the stranger's password
			return letter(p.pen.SignUpAgain(args.Email, p.link(LetterVerify, "", ""))), nil
		}
		latest, err := tx.GetLatestSignup(ctx, args.Email, p.now())
		if err != nil {
			return nil, err
		}
		of.SignupID = &latest.ID
	}
	token, err := grant(ctx, tx, verifying, p.now(), of)
	if err != nil {
		return nil, err
	}
	return letter(p.pen.Verify(args.Email, p.link(LetterVerify, token, ""))), nil
}

func (p *Post) invite(ctx context.Context, tx *postgres.Tx, args letterArgs) (*mail.Message, error) {
	row, err := tx.GetPendingInvite(ctx, args.Invite, p.now())
	if err != nil {
		return nil, err
	}
	token, hash := secretToken()
	if err := tx.SetInviteToken(ctx, hash, row.ID); err != nil {
		return nil, fmt.Errorf("keeping the token of an invite: %w", err)
	}
	inviter := "Somebody"
	if row.InvitedBy != nil {
		if by, err := tx.GetUser(ctx, *row.InvitedBy); err == nil {
			inviter = by.Email
		}
	}
	return letter(p.pen.Invite(row.Email, inviter, row.OrganizationName, p.link(LetterInvite, token, ""))), nil
}

func letter(m mail.Message) *mail.Message { return &m }
