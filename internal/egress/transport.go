package egress

import "net/http"

// Transport carries what other clients ask at addresses that users gave, with the same guard as Get. It bounds
// how long an answer may keep us waiting; its length is bounded by whoever reads it. Error: ErrAddress.
func (c *Client) Transport() http.RoundTripper { return carrier{c} }

type carrier struct{ client *Client }

func (c carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := c.client.Check(r.URL.String()); err != nil {
		return nil, err
	}
	response, err := c.client.http.Transport.RoundTrip(r)
	if err != nil {
		return nil, told(r.Context(), err)
	}
	return response, nil
}
