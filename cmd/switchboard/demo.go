package main

// demoCommand shows what the product does, step by step, on a running server.
type demoCommand struct {
	Checkout demoCheckoutCommand `cmd:"" help:"Buy a plan and show it live, from the limit before to the limit after. The local Stripe takes no money."`
}
