package config

import "slices"

// Check says what forbids to serve, all of it at once. Error: Problems.
func (c Config) Check() error {
	var problems Problems
	if c.PooledURL() == "" {
		problems.add("NEON_PG_CONN or DATABASE_URL is missing: it says where the database is.")
	}
	c.checkSecrets(&problems)
	c.Telephony.check(&problems)
	c.checkBilling(&problems)
	switch public := c.PublicURL(); {
	case public == "":
		problems.add("BACKEND_URL is missing: it says where providers and browsers reach this service.")
	case insecure(public):
		problems.add("%s must begin with https://: webhook secrets and session cookies go there.", c.publicName())
	}
	c.checkSignIn(&problems)
	if insecure(c.AssemblyAIBaseURL) {
		problems.add("ASSEMBLYAI_BASE_URL must begin with https://: the API key goes there.")
	}
	if insecure(c.R2Endpoint) {
		problems.add("R2_ENDPOINT must begin with https://: audio goes there.")
	}
	if len(c.EgressAllow) > 0 && !(local(c.PublicURL()) && local(c.AssemblyAIBaseURL)) {
		problems.add("EGRESS_ALLOW is for tests, with BACKEND_URL and ASSEMBLYAI_BASE_URL on this machine or network: it lets users reach into private networks.")
	}
	if c.Port != 0 && c.Port == c.MetricsPort {
		problems.add("METRICS_PORT and PORT are the same: metrics would be public.")
	}
	return problems.orNil()
}

func (c Config) publicName() string {
	if c.BackendURL == "" {
		return "NEXT_PUBLIC_APP_URL"
	}
	return "BACKEND_URL"
}

// insecure leaves out what does not pass the internet.
func insecure(raw string) bool {
	u, ok := webAddress(raw)
	return ok && u.Scheme != "https" && !local(raw)
}

// Warnings are what is allowed and may still surprise.
func (c Config) Warnings() (all []string) {
	warn := func(when bool, sentence string) {
		if when {
			all = append(all, sentence)
		}
	}
	warn(c.BackendURL == "" && len(c.AppURLs) > 0, "BACKEND_URL is not set: webhooks and links go to NEXT_PUBLIC_APP_URL, which must pass them on to this service.")
	warn(c.NeonConn != "" && c.DatabaseURL != "" && c.NeonConn != c.DatabaseURL, "NEON_PG_CONN and DATABASE_URL differ: NEON_PG_CONN wins.")
	warn(c.PooledURL() != "" && !c.HasDirect(), "DATABASE_URL_UNPOOLED is not set and the database is behind a pooler: changes are found by polling, and migrations may fail.")
	warn(len(c.Origins()) == 0, "NEXT_PUBLIC_APP_URL and ALLOWED_ORIGINS are not set: no page of another address may call this service.")
	warn(slices.ContainsFunc(c.Origins(), insecure), "NEXT_PUBLIC_APP_URL or ALLOWED_ORIGINS names a page without https: whoever is on its network can use its sessions.")
	warn(c.Calls() && local(c.PublicURL()) && !local(c.SignalWireBaseURL()), "BACKEND_URL cannot be reached by SignalWire: no call can be answered.")
	warn(c.SMTPHost == "", "SMTP_HOST is not set: no mail is sent, so that nobody can sign up, be invited or choose a new password.")
	warn(local(c.PublicURL()), "BACKEND_URL cannot be reached from the internet.")
	warn(c.UploadsAudio(), "ASSEMBLYAI_UPLOAD: audio is sent to the provider, as it cannot fetch it from the bucket.")
	warn(c.PollsProvider(), "ASSEMBLYAI_UPLOAD: the provider's answer is polled for, as no webhook can reach this service.")
	warn(c.UsesR2() && c.BlobDir != "", "R2_ENDPOINT and BLOB_DIR are both set: R2_ENDPOINT wins, and what is in the folder is not found.")
	warn(len(c.EgressAllow) > 0, "EGRESS_ALLOW is set: users can reach into these networks.")
	warn(c.SellsPlans() && len(c.Prices()) < 6, "not all of STRIPE_PRICE_* are set: what is left out cannot be bought, and a subscription to it is an alert.")
	warn(c.GraphiQL, "GRAPHIQL is on.")
	warn(c.Introspection, "INTROSPECTION is on: everybody can read the schema.")
	return all
}
