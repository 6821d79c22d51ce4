package config

// Limits are what one may ask of one process in a while, but for the transcriptions, which Postgres counts for
// all. 0 switches one off.
type Limits struct {
	RequestsPerUser              int   `env:"LIMIT_REQUESTS_PER_USER" envDefault:"50"`
	RequestsPerAddress           int   `env:"LIMIT_REQUESTS_PER_ADDRESS" envDefault:"50"`
	RequestsPerOrganization      int   `env:"LIMIT_REQUESTS_PER_ORGANIZATION" envDefault:"500"`
	CostPerUser                  int   `env:"LIMIT_COST_PER_USER" envDefault:"600000"`
	CostPerAddress               int   `env:"LIMIT_COST_PER_ADDRESS" envDefault:"600000"`
	CostPerOrganization          int   `env:"LIMIT_COST_PER_ORGANIZATION" envDefault:"6000000"`
	SocketsPerUser               int   `env:"LIMIT_SOCKETS_PER_USER" envDefault:"20"`
	SocketsPerAddress            int   `env:"LIMIT_SOCKETS_PER_ADDRESS" envDefault:"20"`
	SubscriptionsPerOrganization int   `env:"LIMIT_SUBSCRIPTIONS_PER_ORGANIZATION" envDefault:"4000"`
	SignInsPerAddress            int   `env:"LIMIT_SIGN_IN_PER_ADDRESS" envDefault:"10"`
	WebhooksPerAddress           int   `env:"LIMIT_WEBHOOKS_PER_ADDRESS" envDefault:"200"`
	LiveTranscriptions           int32 `env:"LIMIT_LIVE_TRANSCRIPTIONS" envDefault:"100"`
}

// limits are numbers of which 0 means that there is none.
func (l Limits) limits() map[string]int {
	return map[string]int{
		"LIMIT_COST_PER_ADDRESS":               l.CostPerAddress,
		"LIMIT_COST_PER_ORGANIZATION":          l.CostPerOrganization,
		"LIMIT_COST_PER_USER":                  l.CostPerUser,
		"LIMIT_LIVE_TRANSCRIPTIONS":            int(l.LiveTranscriptions),
		"LIMIT_REQUESTS_PER_ADDRESS":           l.RequestsPerAddress,
		"LIMIT_REQUESTS_PER_ORGANIZATION":      l.RequestsPerOrganization,
		"LIMIT_REQUESTS_PER_USER":              l.RequestsPerUser,
		"LIMIT_SOCKETS_PER_ADDRESS":            l.SocketsPerAddress,
		"LIMIT_SOCKETS_PER_USER":               l.SocketsPerUser,
		"LIMIT_SUBSCRIPTIONS_PER_ORGANIZATION": l.SubscriptionsPerOrganization,
		"LIMIT_SIGN_IN_PER_ADDRESS":            l.SignInsPerAddress,
		"LIMIT_WEBHOOKS_PER_ADDRESS":           l.WebhooksPerAddress,
	}
}
