package mail

import (
	"html/template"
	"strings"
	"unicode"
)

// letter is what all messages are made of.
type letter struct {
	Subject      string
	Lines        []string
	Button, Link string // empty where there is nothing to do
	Foot         string
}

// page has its colours on the elements: many readers drop a style sheet.
var page = template.Must(template.New("letter").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Subject}}</title></head>
<body style="margin:0;padding:24px;background:#f4f4f5;color:#18181b;font:16px/1.5 system-ui,sans-serif">
<div style="max-width:32em;margin:0 auto;padding:24px;background:#fff;border-radius:8px">
<h1 style="font-size:20px;margin:0 0 16px">{{.Subject}}</h1>
{{range .Lines}}<p>{{.}}</p>
{{end}}{{if .Link}}<p><a href="{{.Link}}" style="display:inline-block;padding:10px 16px;border-radius:6px;background:#18181b;color:#fff;text-decoration:none">{{.Button}}</a></p>
<p style="font-size:13px;color:#52525b;word-break:break-all">Or copy this address into your browser: {{.Link}}</p>
{{end}}<p style="font-size:13px;color:#52525b">{{.Foot}}</p>
</div></body></html>
`))

func (p Pen) write(to string, l letter) Message {
	if p.App != "" {
		l.Subject = line(l.Subject + " · " + p.App)
	}
	var html strings.Builder
	_ = page.Execute(&html, l) // a Builder takes everything, and the template has only texts to show
	return Message{To: to, Subject: l.Subject, Text: l.text(), HTML: html.String()}
}

func (l letter) text() string {
	paragraphs := append([]string{}, l.Lines...)
	if l.Link != "" {
		paragraphs = append(paragraphs, l.Button+":\n"+l.Link)
	}
	return strings.Join(append(paragraphs, l.Foot), "\n\n") + "\n"
}

// maxName is what a name may take of a message: a longer one is somebody's advertisement.
const maxName = 80

// line keeps what people wrote on one line: a name must not add paragraphs, links or headers of its own.
func line(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if runes := []rune(text); len(runes) > 2*maxName {
		text = string(runes[:2*maxName]) + "…"
	}
	return strings.ReplaceAll(text, "://", ":/ /")
}
