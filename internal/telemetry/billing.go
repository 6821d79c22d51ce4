package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Billing are the numbers of what went wrong between Stripe and us.
type Billing struct {
	alerts   *prometheus.CounterVec
	repaired prometheus.Counter
}

// Billing makes them; kinds is the closed list of alerts, each of which is shown from the start, so that
// the first one is an increase. It is called once.
func (m *Metrics) Billing(kinds []string) *Billing {
	b := &Billing{
		alerts:   counter("billing_alerts_total", "What somebody must look at in the billing, once each, by kind.", "kind"),
		repaired: prometheus.NewCounter(prometheus.CounterOpts{Name: "switchboard_billing_repaired_total", Help: "Organizations of which a comparison with Stripe corrected something that no webhook had told."}),
	}
	m.registry.MustRegister(b.alerts, b.repaired)
	for _, kind := range kinds {
		b.alerts.WithLabelValues(kind)
	}
	return b
}

// Alert counts one.
func (b *Billing) Alert(kind string) { b.alerts.WithLabelValues(kind).Inc() }

// Repair counts an organization that was corrected.
func (b *Billing) Repair() { b.repaired.Inc() }
