package stripe

import (
	"context"
	"fmt"
	"time"

	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/charge"
	"github.com/stripe/stripe-go/v76/dispute"
	"github.com/stripe/stripe-go/v76/paymentmethod"
	"github.com/stripe/stripe-go/v76/refund"
)

// PaymentMethod is a card or another way to pay. The list of types is open: the vendor adds to it.
type PaymentMethod struct {
	ID                string
	Type              string // card, us_bank_account, sepa_debit, link, …
	Customer          string // empty once it is detached
	Brand             string // of a card
	Last4             string // of a card or an account
	ExpMonth, ExpYear int    // of a card
	BankName          string // of an account
	Created           time.Time
}

func fromPaymentMethod(p *stripego.PaymentMethod) PaymentMethod {
	out := PaymentMethod{ID: p.ID, Type: string(p.Type), Created: at(p.Created)}
	if p.Customer != nil {
		out.Customer = p.Customer.ID
	}
	switch {
	case p.Card != nil:
		out.Brand, out.Last4, out.ExpMonth, out.ExpYear = string(p.Card.Brand), p.Card.Last4, int(p.Card.ExpMonth), int(p.Card.ExpYear)
	case p.USBankAccount != nil:
		out.BankName, out.Last4 = p.USBankAccount.BankName, p.USBankAccount.Last4
	case p.SEPADebit != nil:
		out.BankName, out.Last4 = p.SEPADebit.BankCode, p.SEPADebit.Last4
	}
	return out
}

// PaymentMethods are a customer's, newest first.
func (c *Client) PaymentMethods(ctx context.Context, customer string) ([]PaymentMethod, error) {
	if err := checkID(customer); err != nil {
		return nil, err
	}
	list := c.paymentMethods().List(&stripego.PaymentMethodListParams{ListParams: listing(ctx), Customer: &customer})
	var all []PaymentMethod
	for list.Next() {
		if len(all) == maxListed {
			return nil, fmt.Errorf("listing stripe payment methods: %w", errTooBig)
		}
		all = append(all, fromPaymentMethod(list.PaymentMethod()))
	}
	return all, c.told("listing stripe payment methods", list.Err())
}

// PaymentMethod reads one; detached ones are there for good.
func (c *Client) PaymentMethod(ctx context.Context, id string) (PaymentMethod, error) {
	if err := checkID(id); err != nil {
		return PaymentMethod{}, err
	}
	found, err := c.paymentMethods().Get(id, &stripego.PaymentMethodParams{Params: reading(ctx)})
	if err != nil {
		return PaymentMethod{}, c.told("reading a stripe payment method", err)
	}
	return fromPaymentMethod(found), nil
}

// Detach takes a payment method from its customer, for good.
func (c *Client) Detach(ctx context.Context, key, id string) (PaymentMethod, error) {
	if err := checkWrite(key, id); err != nil {
		return PaymentMethod{}, err
	}
	gone, err := c.paymentMethods().Detach(id, &stripego.PaymentMethodDetachParams{Params: writing(ctx, key)})
	if err != nil {
		return PaymentMethod{}, c.told("detaching a stripe payment method", err)
	}
	return fromPaymentMethod(gone), nil
}

// SetDefault has a customer's invoices collected from this payment method.
func (c *Client) SetDefault(ctx context.Context, key, customer, method string) (Customer, error) {
	if err := checkWrite(key, customer, method); err != nil {
		return Customer{}, err
	}
	params := &stripego.CustomerParams{Params: writing(ctx, key), InvoiceSettings: &stripego.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &method}}
	changed, err := c.customers().Update(customer, params)
	if err != nil {
		return Customer{}, c.told("setting a stripe customer's default payment method", err)
	}
	return fromCustomer(changed), nil
}

// Charge is money that was taken.
type Charge struct {
	ID             string
	Customer       string
	Invoice        string
	Status         string // ChargeSucceeded, pending, failed
	Amount         int64
	AmountRefunded int64
	Refunded       bool // all of it
	Disputed       bool
	Currency       string
	Created        time.Time
}

// ChargeSucceeded is the status of a charge whose money is there.
const ChargeSucceeded = string(stripego.ChargeStatusSucceeded)

// Charge reads one.
func (c *Client) Charge(ctx context.Context, id string) (Charge, error) {
	if err := checkID(id); err != nil {
		return Charge{}, err
	}
	client := charge.Client{B: c.backend, Key: c.key}
	found, err := client.Get(id, &stripego.ChargeParams{Params: reading(ctx)})
	if err != nil {
		return Charge{}, c.told("reading a stripe charge", err)
	}
	out := Charge{
		ID: found.ID, Status: string(found.Status), Amount: found.Amount, AmountRefunded: found.AmountRefunded,
		Refunded: found.Refunded, Disputed: found.Disputed, Currency: string(found.Currency), Created: at(found.Created),
	}
	if found.Customer != nil {
		out.Customer = found.Customer.ID
	}
	if found.Invoice != nil {
		out.Invoice = found.Invoice.ID
	}
	return out, nil
}

// Refund gives back what is left of a charge that should not have been made, never more than was taken.
func (c *Client) Refund(ctx context.Context, key, charge string) error {
	if err := checkWrite(key, charge); err != nil {
		return err
	}
	client := refund.Client{B: c.backend, Key: c.key}
	_, err := client.New(&stripego.RefundParams{Params: writing(ctx, key), Charge: &charge, Reason: stripego.String(string(stripego.RefundReasonDuplicate))})
	return c.told("giving back a stripe charge", err)
}

// Dispute is a charge that its bank wants back. Whose it is, the charge says.
type Dispute struct {
	ID       string
	Charge   string
	Status   string // needs_response, under_review, won, lost, warning_…
	Reason   string
	Amount   int64
	Currency string
	Created  time.Time
}

// Dispute reads one.
func (c *Client) Dispute(ctx context.Context, id string) (Dispute, error) {
	if err := checkID(id); err != nil {
		return Dispute{}, err
	}
	client := dispute.Client{B: c.backend, Key: c.key}
	found, err := client.Get(id, &stripego.DisputeParams{Params: reading(ctx)})
	if err != nil {
		return Dispute{}, c.told("reading a stripe dispute", err)
	}
	out := Dispute{
		ID: found.ID, Status: string(found.Status), Reason: string(found.Reason), Amount: found.Amount,
		Currency: string(found.Currency), Created: at(found.Created),
	}
	if found.Charge != nil {
		out.Charge = found.Charge.ID
	}
	return out, nil
}

func (c *Client) paymentMethods() paymentmethod.Client {
	return paymentmethod.Client{B: c.backend, Key: c.key}
}
