package mailbox

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
)

var link = regexp.MustCompile(`https?://[^\s<>"]+`)

// read takes a message apart as a mail program does.
func read(r io.Reader) (Message, error) {
	raw, err := mail.ReadMessage(r)
	if err != nil {
		return Message{}, fmt.Errorf("reading a message: %w", err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(raw.Header.Get("Subject"))
	if err != nil {
		return Message{}, fmt.Errorf("reading a subject: %w", err)
	}
	m := Message{Subject: subject}
	if err := m.part(textproto.MIMEHeader(raw.Header), raw.Body); err != nil {
		return Message{}, err
	}
	m.Links = link.FindAllString(m.Text, -1)
	return m, nil
}

func (m *Message) part(header textproto.MIMEHeader, body io.Reader) error {
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("reading a content type: %w", err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		return m.parts(multipart.NewReader(body, parameters["boundary"]))
	}
	text, err := io.ReadAll(decoded(header.Get("Content-Transfer-Encoding"), body))
	if err != nil {
		return fmt.Errorf("decoding a part: %w", err)
	}
	switch whole := strings.ReplaceAll(string(text), "\r\n", "\n"); kind {
	case "text/plain":
		m.Text = whole
	case "text/html":
		m.HTML = whole
	}
	return nil
}

func (m *Message) parts(r *multipart.Reader) error {
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading a part: %w", err)
		}
		if err := m.part(p.Header, p); err != nil {
			return err
		}
	}
}

func decoded(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	}
	return body
}
