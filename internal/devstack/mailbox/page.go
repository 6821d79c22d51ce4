package mailbox

import (
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"
)

var page = template.Must(template.New("mailbox").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Mail</title><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:48em;margin:2em auto;padding:0 1em;color:#18181b}td{padding:.3em 1em .3em 0}a{color:inherit}small{color:#52525b}</style></head>
<body><h1>Mail</h1><p><small>Everything that this service sent. It went nowhere else.</small></p>
{{if .}}<table>{{range .}}<tr><td><small>{{.At.Format "15:04:05"}}</small></td><td>{{.To}}</td><td><a href="message?id={{.ID}}">{{.Subject}}</a></td></tr>
{{end}}</table>{{else}}<p>There is none yet.</p>{{end}}</body></html>
`))

var letter = template.Must(template.New("message").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Subject}}</title><meta name="viewport" content="width=device-width">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:48em;margin:2em auto;padding:0 1em;color:#18181b}iframe{width:100%;height:28em;border:1px solid #d4d4d8;border-radius:8px}pre{white-space:pre-wrap;word-break:break-all}</style></head>
<body><p><a href=".">All mail</a></p><h1>{{.Subject}}</h1><p>To {{.To}}, from {{.From}}, {{.At.Format "2006-01-02 15:04:05"}}</p>
<iframe sandbox="allow-top-navigation-by-user-activation allow-popups" srcdoc="{{.HTML}}"></iframe>
<h2>Text</h2><pre>{{.Text}}</pre>
<ul>{{range .Links}}<li><a href="{{.}}">{{.}}</a></li>{{end}}</ul></body></html>
`))

// ServeHTTP shows the list at /, one message at /message?id=, and all of it as JSON at /messages?to=.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	switch r.URL.Path {
	case "/":
		_ = page.Execute(w, s.Messages(""))
	case "/messages":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Messages(r.URL.Query().Get("to")))
	case "/message":
		id, _ := strconv.Atoi(r.URL.Query().Get("id"))
		for _, m := range s.Messages("") {
			if m.ID == id {
				_ = letter.Execute(w, m)
				return
			}
		}
		http.NotFound(w, r)
	default:
		http.NotFound(w, r)
	}
}
