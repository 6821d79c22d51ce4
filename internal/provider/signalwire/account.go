package signalwire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// Reach asks for next to nothing, to learn whether the account lets us in.
func (c *Client) Reach(ctx context.Context) error {
	if _, err := c.call(ctx, http.MethodGet, "/Calls.json?PageSize=1", nil); err != nil {
		return fmt.Errorf("listing signalwire calls: %w", err)
	}
	return nil
}

// Owns says whether a telephone number is the project's. The token needs the scope "Numbers" for this.
func (c *Client) Owns(ctx context.Context, number string) (bool, error) {
	answer, err := c.call(ctx, http.MethodGet, "/IncomingPhoneNumbers.json?"+url.Values{"PhoneNumber": {number}}.Encode(), nil)
	if err != nil {
		return false, fmt.Errorf("looking for a number at signalwire: %w", err)
	}
	var page struct {
		Numbers *[]struct {
			Number string `json:"phone_number"`
		} `json:"incoming_phone_numbers"`
	}
	if err := json.Unmarshal(answer, &page); err != nil {
		return false, fmt.Errorf("reading signalwire's list of numbers: %w", err)
	}
	if page.Numbers == nil {
		return false, errors.New("reading signalwire's list of numbers: there is none in the answer")
	}
	for _, each := range *page.Numbers {
		if each.Number == number { // the vendor also finds parts of one
			return true, nil
		}
	}
	return false, nil
}
