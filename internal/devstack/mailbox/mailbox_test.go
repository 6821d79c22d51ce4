package mailbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/mailbox"
	"github.com/switchboard-voice/switchboard/internal/mail"
)

func open(t *testing.T) (*mailbox.Server, *mail.SMTP) {
	t.Helper()
	box, err := mailbox.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	sender, err := mail.NewSMTP(mail.Config{Host: box.Host(), Port: box.Port(), From: "Switchboard <no-reply@example.com>"})
	if err != nil {
		t.Fatal(err)
	}
	return box, sender
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestALetterArrivesAsTextAndHTMLWithItsLink(t *testing.T) {
	t.Parallel()
	box, sender := open(t)
	const link = "https://app.example.com/api/auth/verify?token=abc&email=ada%40example.com"
	if err := sender.Send(within(t), mail.Pen{App: "Vöice"}.Verify("ada@example.com", link)); err != nil {
		t.Fatal(err)
	}
	m, err := box.Wait(within(t), "ADA@example.com", "Confirm", 0)
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "Confirm your address · Vöice" || m.From != "no-reply@example.com" || len(m.Links) != 1 || m.Links[0] != link {
		t.Errorf("got %+v", m)
	}
	if !strings.Contains(m.Text, "Vöice") || !strings.Contains(m.HTML, `href="https://app.example.com/api/auth/verify?token=abc&amp;email=ada%40example.com"`) {
		t.Errorf("text %q\nhtml %q", m.Text, m.HTML)
	}
}

func TestANameInALetterIsOnlyAName(t *testing.T) {
	t.Parallel()
	m := mail.Pen{App: "Voice"}.Invite("eve@example.com", "Ada", "Free <b>money</b>\r\nBcc: all@example.com\n\nhttps://evil.example "+strings.Repeat("x", 500), "https://app.example.com/i")
	if strings.ContainsAny(m.Subject, "\r\n") || strings.Contains(m.HTML, "<b>") || strings.Contains(m.Text, "https://evil") || len(m.Subject) > 250 {
		t.Errorf("got %q\n%s\n%s", m.Subject, m.Text, m.HTML)
	}
}

func TestARelaysNoForGoodIsToldApart(t *testing.T) {
	t.Parallel()
	box, sender := open(t)
	pen := mail.Pen{App: "Voice"}
	if err := sender.Send(within(t), pen.EmailChanged("refused@example.com")); !errors.Is(err, mail.ErrRefused) || strings.Contains(err.Error(), "refused@") {
		t.Errorf("refused: %v", err)
	}
	if err := sender.Send(within(t), pen.EmailChanged("no address")); !errors.Is(err, mail.ErrRefused) {
		t.Errorf("no address: %v", err)
	}
	_ = box.Close()
	if err := sender.Send(within(t), pen.EmailChanged("ada@example.com")); err == nil || errors.Is(err, mail.ErrRefused) {
		t.Errorf("no relay: %v", err)
	}
}

func TestTheInternetSeesNoLetterInClear(t *testing.T) {
	t.Parallel()
	box, _ := open(t)
	// A name that leads here and does not look like this machine: the catcher offers no TLS.
	sender, err := mail.NewSMTP(mail.Config{Host: "localhost.", Port: box.Port(), From: "no-reply@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(within(t), mail.Pen{}.EmailChanged("ada@example.com")); err == nil || len(box.Messages("")) != 0 {
		t.Errorf("sent in clear: %v", err)
	}
}

func TestMailCanBeReadInABrowserAndByPrograms(t *testing.T) {
	t.Parallel()
	box, sender := open(t)
	if err := sender.Send(within(t), mail.Pen{App: "Voice"}.MagicLink("ada@example.com", "https://app.example.com/link")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/": "Sign in · Voice", "/message?id=1": `href="https://app.example.com/link"`, "/message?id=2": "not found"} {
		w := httptest.NewRecorder()
		if box.ServeHTTP(w, httptest.NewRequest("GET", path, nil)); !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
	w := httptest.NewRecorder()
	box.ServeHTTP(w, httptest.NewRequest("GET", "/messages?to=ada@example.com", nil))
	var list []mailbox.Message
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list) != 1 || list[0].Links[0] != "https://app.example.com/link" {
		t.Errorf("%v: %s", err, w.Body)
	}
}
