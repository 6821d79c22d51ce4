package stripe

import (
	"strconv"
	"strings"
)

func (p *Price) object() object {
	return shaped("price", object{
		"id": p.ID, "created": int64(1_700_000_000), "currency": p.Currency, "product": productID(p.Product), "nickname": orNull(p.Product),
		"recurring":   object{"aggregate_usage": nil, "interval": p.Interval, "interval_count": 1, "usage_type": "licensed"},
		"unit_amount": p.Amount, "unit_amount_decimal": strconv.FormatInt(p.Amount, 10),
	})
}

func productID(name string) string {
	return "prod_" + strings.ReplaceAll(strings.ToLower(name), " ", "_")
}

func (s *Server) price(id string) *Price {
	for i := range s.config.Prices {
		if s.config.Prices[i].ID == id {
			return &s.config.Prices[i]
		}
	}
	return nil
}

func (s *Server) getPrice(c *call) (any, error) {
	p := s.price(c.PathValue("id"))
	if p == nil {
		return nil, missing(c, "price", "id", c.PathValue("id"))
	}
	return p.object(), nil
}
