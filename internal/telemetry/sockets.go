package telemetry

import "github.com/prometheus/client_golang/prometheus"

// SocketStats are counts of websockets at one moment.
type SocketStats struct {
	Sockets    int    // open now
	Operations int    // running now
	Opened     uint64 // since start
	Refused    uint64 // since start
	Cut        uint64 // since start, because they did not read
}

// Sockets has the websockets counted at each scrape. It is called once.
func (m *Metrics) Sockets(read func() SocketStats) {
	m.registry.MustRegister(sockets{
		read:       read,
		open:       prometheus.NewDesc("switchboard_sockets_open", "Websockets that are open.", nil, nil),
		operations: prometheus.NewDesc("switchboard_socket_operations", "Operations that run on websockets.", nil, nil),
		total:      prometheus.NewDesc("switchboard_sockets_total", "Websockets since start by outcome: opened, refused or cut.", []string{"outcome"}, nil),
	})
}

// sockets reads once a scrape, so that the numbers of one scrape belong together.
type sockets struct {
	read                    func() SocketStats
	open, operations, total *prometheus.Desc
}

func (s sockets) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{s.open, s.operations, s.total} {
		to <- desc
	}
}

func (s sockets) Collect(to chan<- prometheus.Metric) {
	now := s.read()
	to <- prometheus.MustNewConstMetric(s.open, prometheus.GaugeValue, float64(now.Sockets))
	to <- prometheus.MustNewConstMetric(s.operations, prometheus.GaugeValue, float64(now.Operations))
	for outcome, n := range map[string]uint64{"opened": now.Opened, "refused": now.Refused, "cut": now.Cut} {
		to <- prometheus.MustNewConstMetric(s.total, prometheus.CounterValue, float64(n), outcome)
	}
}
