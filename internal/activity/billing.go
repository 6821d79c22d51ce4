package activity

// billed is one sentence for what happened to the plan and its payment.
func (e Event) billed() string {
	switch e.Type {
	case BillingStatusChanged:
		if before, now := e.Detail["previousPlan"], e.Detail["plan"]; before != now {
			return "The plan went from " + before + " to " + now + "."
		}
		return "The subscription to " + e.Detail["plan"] + " is " + e.Status + "."
	case BillingRequested:
		return "A member asked for a change of the billing."
	case BillingAlert:
		return "Something about the billing needs to be looked at."
	case BillingRepaired:
		return "The billing was compared with Stripe and corrected."
	}
	return ""
}
