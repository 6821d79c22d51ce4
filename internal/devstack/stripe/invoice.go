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
	ID, Number, Customer, Subscription, Status, Reason string
	Currency                                           string
	Lines                                              []line
	Starting                                           int64 // the customer's credit, as a negative number
	Due, PaidAmount                                    int64
	Created, Start, End                                int64
	Attempts, NextAttempt                              int64
	FinalizedAt, PaidAt, VoidedAt, GivenUpAt           int64
	Charge, Base                                       string
	Prorated                                           int64 // when, of an upcoming one
}

type line struct {
	Words      string
	Amount     int64
	Price      *Price
	Start, End int64
	Proration  bool
}

func (i *invoice) total() (sum int64) {
	for _, l := range i.Lines {
		sum += l.Amount
	}
	return sum
}

func (i *invoice) object() object {
	total := i.total()
	var lines []object
	for n, l := range i.Lines {
		lines = append(lines, l.object(i, n))
	}
	o := shaped("invoice", object{
		"number": orNull(i.Number), "customer": i.Customer, "subscription": orNull(i.Subscription), "status": i.Status, "billing_reason": i.Reason,
		"currency": i.Currency, "lines": listed("/v1/invoices/"+i.ID+"/lines", lines, false), "starting_balance": i.Starting, "created": i.Created,
		"subtotal": total, "subtotal_excluding_tax": total, "total": total, "total_excluding_tax": total,
		"amount_due": i.Due, "amount_paid": i.PaidAmount, "amount_remaining": i.Due - i.PaidAmount, "paid": i.Status == paid,
		"period_start": i.Start, "period_end": i.End, "attempt_count": i.Attempts, "attempted": i.Attempts > 0, "auto_advance": i.Status == open,
		"next_payment_attempt": orNull(i.NextAttempt), "charge": orNull(i.Charge),
		"status_transitions": object{"finalized_at": orNull(i.FinalizedAt), "marked_uncollectible_at": orNull(i.GivenUpAt), "paid_at": orNull(i.PaidAt), "voided_at": orNull(i.VoidedAt)},
	})
	if i.ID == "" { // upcoming
		o["subscription_proration_date"] = i.Prorated
		return o
	}
	o["id"] = i.ID
	if i.Status != "draft" {
		o["hosted_invoice_url"], o["invoice_pdf"] = i.Base+"/i/"+i.ID, i.Base+"/i/"+i.ID+"/pdf"
	}
	return o
}

func (l line) object(i *invoice, n int) object {
	return shaped("line_item", object{
		"id": fmt.Sprintf("il_%s_%d", i.ID, n), "amount": l.Amount, "amount_excluding_tax": l.Amount, "currency": i.Currency, "description": l.Words,
		"period": object{"start": l.Start, "end": l.End}, "price": l.Price.object(), "proration": l.Proration, "subscription": orNull(i.Subscription),
		"unit_amount_excluding_tax": strconv.FormatInt(l.Amount, 10),
	})
}

// bill makes an invoice and finalizes it at once; the vendor takes an hour for renewals.
func (s *Server) bill(b *subscription, reason string, lines ...line) *invoice {
	now, u := s.now(), s.customer(b.Customer)
	i := &invoice{
		ID: newID("in"), Customer: b.Customer, Subscription: b.ID, Status: "draft", Reason: reason, Currency: b.Price.Currency, Lines: lines,
		Created: now, Start: b.Start, End: b.End, Base: b.Base,
	}
	i.settle(u.Balance)
	s.invoices = append(s.invoices, i)
	s.emit("invoice.created", i.object(), nil)
	u.Balance = min(0, u.Balance+i.total())
	i.Number, i.Status, i.FinalizedAt = fmt.Sprintf("%s-%04d", u.ID[len(u.ID)-8:], len(s.invoices)), open, now
	b.Invoice = i.ID
	s.emit("invoice.finalized", i.object(), nil)
	return i
}

// settle uses the customer's credit.
func (i *invoice) settle(balance int64) {
	i.Starting, i.Due = balance, max(0, i.total()+balance)
}

func (s *Server) invoice(id string) *invoice {
	return find(s.invoices, func(i *invoice) bool { return i.ID == id })
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
		return (customer == "" || i.Customer == customer) && (subscription == "" || i.Subscription == subscription) && (status == "" || i.Status == status)
	}))
}

// whole is a period at its full price; of a trial, at none.
func (b *subscription) whole() line {
	l := line{Words: "1 × " + b.Price.Product, Amount: b.Price.Amount, Price: b.Price, Start: b.Start, End: b.End}
	if b.Status == trialing {
		l.Words, l.Amount = "Trial period for "+b.Price.Product, 0
	}
	return l
}
