package stripe

import (
	"context"
	"time"

	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/invoice"
)

// InvoiceStatus is the vendor's. A payment that failed leaves an invoice open.
type InvoiceStatus string

// All there are.
const (
	InvoiceDraft         InvoiceStatus = "draft"
	InvoiceOpen          InvoiceStatus = "open"
	InvoicePaid          InvoiceStatus = "paid"
	InvoiceVoid          InvoiceStatus = "void"
	InvoiceUncollectible InvoiceStatus = "uncollectible"
)

// FirstBill is the reason of a subscription's first invoice.
const FirstBill = string(stripego.InvoiceBillingReasonSubscriptionCreate)

// Invoice is a bill.
type Invoice struct {
	ID              string
	Number          string // what the customer sees; empty: a draft
	Customer        string
	Subscription    string // empty: for something else
	Status          InvoiceStatus
	BillingReason   string
	AmountDue       int64
	AmountPaid      int64
	AmountRemaining int64
	Total           int64
	Currency        string
	Created         time.Time
	DueAt           time.Time
	FinalizedAt     time.Time
	PaidAt          time.Time
	VoidedAt        time.Time
	PeriodStart     time.Time
	PeriodEnd       time.Time
	AttemptCount    int64
	NextAttempt     time.Time // when the vendor tries to collect again; zero: never
	HostedURL       string    // where it is paid by hand
	PDF             string
	Charge          string
}

func fromInvoice(i *stripego.Invoice) Invoice {
	out := Invoice{
		ID: i.ID, Number: i.Number, Status: InvoiceStatus(i.Status), BillingReason: string(i.BillingReason),
		AmountDue: i.AmountDue, AmountPaid: i.AmountPaid, AmountRemaining: i.AmountRemaining, Total: i.Total, Currency: string(i.Currency),
		Created: at(i.Created), DueAt: at(i.DueDate), PeriodStart: at(i.PeriodStart), PeriodEnd: at(i.PeriodEnd),
		AttemptCount: i.AttemptCount, NextAttempt: at(i.NextPaymentAttempt), HostedURL: i.HostedInvoiceURL, PDF: i.InvoicePDF,
	}
	if i.Customer != nil {
		out.Customer = i.Customer.ID
	}
	if i.Subscription != nil {
		out.Subscription = i.Subscription.ID
	}
	if i.Charge != nil {
		out.Charge = i.Charge.ID
	}
	if t := i.StatusTransitions; t != nil {
		out.FinalizedAt, out.PaidAt, out.VoidedAt = at(t.FinalizedAt), at(t.PaidAt), at(t.VoidedAt)
	}
	return out
}

// Invoice reads a bill.
func (c *Client) Invoice(ctx context.Context, id string) (Invoice, error) {
	if err := checkID(id); err != nil {
		return Invoice{}, err
	}
	found, err := c.invoices().Get(id, &stripego.InvoiceParams{Params: reading(ctx)})
	if err != nil {
		return Invoice{}, c.told("reading a stripe invoice", err)
	}
	return fromInvoice(found), nil
}

// Invoices is a page of a customer's bills, newest first; more says whether there are others after it.
func (c *Client) Invoices(ctx context.Context, customer string, page Page) (all []Invoice, more bool, err error) {
	if err := checkID(customer); err != nil {
		return nil, false, err
	}
	list := c.invoices().List(&stripego.InvoiceListParams{ListParams: page.params(ctx), Customer: &customer})
	for list.Next() {
		all = append(all, fromInvoice(list.Invoice()))
	}
	if err := list.Err(); err != nil {
		return nil, false, c.told("listing stripe invoices", err)
	}
	return all, list.Meta().HasMore, nil
}

func (c *Client) invoices() invoice.Client { return invoice.Client{B: c.backend, Key: c.key} }
