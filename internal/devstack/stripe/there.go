package stripe

// What there is, for who wants to know that nothing was doubled.

// Customers are the ids of all that were made, oldest first.
func (s *Server) Customers() []string { return ids(s, func() []*customer { return s.customers }) }

// Subscriptions are the ids of those that live.
func (s *Server) Subscriptions() []string {
	return ids(s, func() []*subscription { return some(s.subscriptions, (*subscription).live) })
}

// OpenSessions are the ids of checkouts that can still be paid.
func (s *Server) OpenSessions() []string {
	return ids(s, func() []*session { return some(s.sessions, func(k *session) bool { return k.Status == open }) })
}

// OpenInvoices are the ids of bills that are not paid.
func (s *Server) OpenInvoices() []string {
	return ids(s, func() []*invoice { return some(s.invoices, func(i *invoice) bool { return i.Status == open }) })
}

func ids[T interface{ object() object }](s *Server, all func() []T) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for _, each := range all() {
		found = append(found, each.object()["id"].(string))
	}
	return found
}

func some[T any](all []*T, fits func(*T) bool) []*T {
	var found []*T
	for _, each := range all {
		if fits(each) {
			found = append(found, each)
		}
	}
	return found
}
