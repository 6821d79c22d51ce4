package stripe

import (
	"fmt"
	"strconv"
)

const (
	void          = "void"
	uncollectible = "uncollectible"
)

type invoice struct {
	id, number, customer, subscription, status, reason string
	currency                                           string
	lines                                              []line
	starting                                           int64 // the customer's credit, as a negative number
	due, paidAmount                                    int64
	created, start, end                                int64
	attempts, nextAttempt                              int64
	finalizedAt, paidAt, voidedAt, givenUpAt           int64
	charge, base                                       string
	prorated                                           int64 // when, of an upcoming one
}

type line struct {
	words      string
	amount     int64
	price      *Price
	start, end int64
	proration  bool
}

func (i *invoice) total() (sum int64) {
	for _, l := range i.lines {
		sum += l.amount
	}
	return sum
}

func (i *invoice) object() object {
	total := i.total()
	var lines []object
	for n, l := range i.lines {
		lines = append(lines, l.object(i, n))
	}
	o := shaped("invoice", object{
		"number": orNull(i.number), "customer": i.customer, "subscription": orNull(i.subscription), "status": i.status, "billing_reason": i.reason,
		"currency": i.currency, "lines": listed("/v1/invoices/"+i.id+"/lines", lines, false), "starting_balance": i.starting, "created": i.created,
		"subtotal": total, "subtotal_excluding_tax": total, "total": total, "total_excluding_tax": total,
		"amount_due": i.due, "amount_paid": i.paidAmount, "amount_remaining": i.due - i.paidAmount, "paid": i.status == paid,
		"period_start": i.start, "period_end": i.end, "attempt_count": i.attempts, "attempted": i.attempts > 0, "auto_advance": i.status == open,
		"next_payment_attempt": orNull(i.nextAttempt), "charge": orNull(i.charge),
		"status_transitions": object{"finalized_at": orNull(i.finalizedAt), "marked_uncollectible_at": orNull(i.givenUpAt), "paid_at": orNull(i.paidAt), "voided_at": orNull(i.voidedAt)},
	})
	if i.id == "" { // upcoming
		o["subscription_proration_date"] = i.prorated
		return o
	}
	o["id"] = i.id
	if i.status != "draft" {
		o["hosted_invoice_url"], o["invoice_pdf"] = i.base+"/i/"+i.id, i.base+"/i/"+i.id+"/pdf"
	}
	return o
}

func (l line) object(i *invoice, n int) object {
	return shaped("line_item", object{
		"id": fmt.Sprintf("il_%s_%d", i.id, n), "amount": l.amount, "amount_excluding_tax": l.amount, "currency": i.currency, "description": l.words,
		"period": object{"start": l.start, "end": l.end}, "price": l.price.object(), "proration": l.proration, "subscription": orNull(i.subscription),
		"unit_amount_excluding_tax": strconv.FormatInt(l.amount, 10),
	})
}

// bill makes an invoice and finalizes it at once; the vendor takes an hour for renewals.
func (s *Server) bill(b *subscription, reason string, lines ...line) *invoice {
	now, u := s.now(), s.customer(b.customer)
	i := &invoice{
		id: newID("in"), customer: b.customer, subscription: b.id, status: "draft", reason: reason, currency: b.price.Currency, lines: lines,
		created: now, start: b.start, end: b.end, base: b.base,
	}
	i.settle(u.balance)
	s.invoices = append(s.invoices, i)
	s.emit("invoice.created", i.object(), nil)
	u.balance = min(0, u.balance+i.total())
	i.number, i.status, i.finalizedAt = fmt.Sprintf("%s-%04d", u.id[len(u.id)-8:], len(s.invoices)), open, now
	b.invoice = i.id
	s.emit("invoice.finalized", i.object(), nil)
	return i
}

// settle uses the customer's credit.
func (i *invoice) settle(balance int64) {
	i.starting, i.due = balance, max(0, i.total()+balance)
}

func (s *Server) invoice(id string) *invoice {
	return find(s.invoices, func(i *invoice) bool { return i.id == id })
}

func (s *Server) getInvoice(c *call) (any, error) {
	i := s.invoice(c.PathValue("id"))
	if i == nil {
		return nil, missing(c, "invoice", "id", c.PathValue("id"))
	}
	return i.object(), nil
}

func (s *Server) listInvoices(c *call) (any, error) {
	if err := s.ofSomebody(c); err != nil {
		return nil, err
	}
	customer, subscription, status := c.get("customer"), c.get("subscription"), c.get("status")
	return page(c, "/v1/invoices", newest(s.invoices, func(i *invoice) bool {
		return (customer == "" || i.customer == customer) && (subscription == "" || i.subscription == subscription) && (status == "" || i.status == status)
	}))
}

// whole is a period at its full price; of a trial, at none.
func (b *subscription) whole() line {
	l := line{words: "1 × " + b.price.Product, amount: b.price.Amount, price: b.price, start: b.start, end: b.end}
	if b.status == trialing {
		l.words, l.amount = "Trial period for "+b.price.Product, 0
	}
	return l
}
