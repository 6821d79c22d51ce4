package billing

// Webhooks are the types that Stripe's endpoint has to be set to: each that changes what we keep, or that
// somebody must know of. invoice.created is none of them: an endpoint that listens to it and does not answer
// holds renewals back for days.
func Webhooks() []string {
	return []string{
		"checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed", "checkout.session.expired",
		"customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted", "customer.subscription.paused",
		"customer.subscription.resumed", "customer.subscription.trial_will_end", "customer.updated", "customer.deleted",
		"invoice.finalized", "invoice.paid", "invoice.payment_failed", "invoice.payment_action_required", "invoice.voided", "invoice.marked_uncollectible",
		"payment_method.attached", "payment_method.detached", "payment_method.updated",
		"payment_method.automatically_updated", "charge.refunded", "charge.dispute.created",
	}
}
