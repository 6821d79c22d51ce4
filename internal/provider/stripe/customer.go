package stripe

import (
	"context"
	"fmt"
	"time"

	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/customer"
)

// Customer is who pays.
type Customer struct {
	ID                   string
	Deleted              bool // then nothing else is known
	Email, Name          string
	DefaultPaymentMethod string // of invoices; empty: none
	Metadata             map[string]string
	Created              time.Time
}

func fromCustomer(c *stripego.Customer) Customer {
	out := Customer{ID: c.ID, Deleted: c.Deleted, Email: c.Email, Name: c.Name, Metadata: c.Metadata, Created: at(c.Created)}
	if s := c.InvoiceSettings; s != nil && s.DefaultPaymentMethod != nil {
		out.DefaultPaymentMethod = s.DefaultPaymentMethod.ID
	}
	return out
}

// NewCustomer says who is to be made. The same key must come with the same values.
type NewCustomer struct {
	Email, Name string
	Metadata    map[string]string
}

// EnsureCustomer makes a customer once a key.
func (c *Client) EnsureCustomer(ctx context.Context, key string, in NewCustomer) (Customer, error) {
	if err := checkWrite(key); err != nil {
		return Customer{}, err
	}
	params := &stripego.CustomerParams{Params: writing(ctx, key), Metadata: in.Metadata, Email: orNil(in.Email), Name: orNil(in.Name)}
	made, err := c.customers().New(params)
	if err != nil {
		return Customer{}, c.told("making a stripe customer", err)
	}
	return fromCustomer(made), nil
}

// Customer reads one; a deleted one is an answer, not an error.
func (c *Client) Customer(ctx context.Context, id string) (Customer, error) {
	if err := checkID(id); err != nil {
		return Customer{}, err
	}
	found, err := c.customers().Get(id, &stripego.CustomerParams{Params: reading(ctx)})
	if err != nil {
		return Customer{}, c.told("reading a stripe customer", err)
	}
	return fromCustomer(found), nil
}

// FindCustomers are those with an address and a word in their metadata, newest first: how one is found
// whose making ended without an answer.
func (c *Client) FindCustomers(ctx context.Context, email, name, value string) ([]Customer, error) {
	list := c.customers().List(&stripego.CustomerListParams{ListParams: listing(ctx), Email: orNil(email)})
	var found []Customer
	for seen := 0; list.Next(); seen++ {
		if seen == maxListed {
			return nil, fmt.Errorf("looking for a stripe customer: %w", errTooBig)
		}
		if each := list.Customer(); each.Metadata[name] == value {
			found = append(found, fromCustomer(each))
		}
	}
	return found, c.told("looking for a stripe customer", list.Err())
}

func (c *Client) customers() customer.Client { return customer.Client{B: c.backend, Key: c.key} }

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
