package stripe

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

// pages are what a browser sees of the vendor.
func (s *Server) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /c/pay/{id}", s.showCheckout)
	mux.HandleFunc("POST /c/pay/{id}", s.pressCheckout)
	mux.HandleFunc("GET /p/session/{id}", s.showPortal)
	mux.HandleFunc("POST /p/session/{id}", s.pressPortal)
	mux.HandleFunc("GET /i/{id}", s.showInvoice)
	mux.HandleFunc("POST /i/{id}", s.pressInvoice)
}

// button is something to press; its word comes back as the form's action.
type button struct{ Action, ID, Words string }

// sheet is one page: what it says, and what can be pressed.
type sheet struct {
	Title   string
	Lines   []string
	Buttons []button
	Back    string
}

var layout = template.Must(template.New("page").Parse(`<!doctype html>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title>
<style>body{font:16px/1.5 sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}button{font:inherit;padding:.4rem .8rem;margin:.2rem 0}small{color:#666}</style>
<h1>{{.Title}}</h1>
<small>The local payment service: no money moves.</small>
{{range .Lines}}<p>{{.}}</p>{{end}}
{{range .Buttons}}<form method="post"><input type="hidden" name="id" value="{{.ID}}"><button name="action" value="{{.Action}}">{{.Words}}</button></form>{{end}}
{{with .Back}}<p><a href="{{.}}">Go back</a></p>{{end}}
`))

func (p sheet) write(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.WriteHeader(status)
	_ = layout.Execute(w, p) // fails only when the client has left
}

func nowhere(w http.ResponseWriter) {
	sheet{Title: "There is no such page", Lines: []string{"It may have been used, or the service was started anew."}}.write(w, http.StatusNotFound)
}

func (s *Server) showCheckout(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.session(r.PathValue("id")); k != nil {
		k.sheet().write(w, http.StatusOK)
		return
	}
	nowhere(w)
}

func (k *session) sheet(more ...string) sheet {
	p := sheet{Title: "Subscribe to " + k.Price.Product, Back: k.Cancel}
	p.Lines = append(p.Lines, fmt.Sprintf("%s a %s", money(k.Price.Amount, k.Price.Currency), k.Price.Interval))
	if k.TrialDays > 0 {
		p.Lines = append(p.Lines, fmt.Sprintf("Free for %d days", k.TrialDays))
	}
	p.Lines = append(p.Lines, more...)
	if k.Status != open {
		p.Lines = append(p.Lines, "This checkout is "+k.Status+".")
		return p
	}
	p.Buttons = []button{{byCard, "", "Pay"}, {byBadCard, "", "Pay with a card that is declined"}, {byBank, "", "Pay from a bank account, which takes days"}}
	return p
}

func (s *Server) pressCheckout(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mu.Lock()
	defer s.leave()
	k := s.session(r.PathValue("id"))
	switch action := r.FormValue("action"); {
	case k == nil:
		nowhere(w)
	case k.Status != open:
		k.sheet().write(w, http.StatusConflict)
	case action != byCard && action != byBadCard && action != byBank:
		k.sheet("Press one of the buttons.").write(w, http.StatusBadRequest)
	case s.buy(k, action):
		k.sheet(errDeclined.sentence).write(w, http.StatusPaymentRequired)
	default:
		http.Redirect(w, r, k.afterwards(), http.StatusSeeOther)
	}
}

func (s *Server) showInvoice(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.invoice(r.PathValue("id")); i != nil {
		i.sheet().write(w, http.StatusOK)
		return
	}
	nowhere(w)
}

func (i *invoice) sheet() sheet {
	p := sheet{Title: "Invoice " + i.Number, Lines: []string{i.Status}}
	for _, l := range i.Lines {
		p.Lines = append(p.Lines, fmt.Sprintf("%s: %s", l.Words, money(l.Amount, i.Currency)))
	}
	p.Lines = append(p.Lines, "Due: "+money(i.Due, i.Currency))
	if i.Status == open {
		p.Buttons = []button{{byCard, "", "Pay"}}
	}
	return p
}

func (s *Server) pressInvoice(w http.ResponseWriter, r *http.Request) {
	if s.PayInvoice(r.PathValue("id")) != nil {
		nowhere(w)
		return
	}
	http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
}

// money is for eyes: currencies without cents are shown as if they had them.
func money(amount int64, currency string) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	return fmt.Sprintf("%s%d.%02d %s", sign, amount/100, amount%100, strings.ToUpper(currency))
}
