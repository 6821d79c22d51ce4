package websocket

// Close codes of the protocol and of RFC 6455. The package documentation says what a client does on each.
const (
	closeTooBig           = 1009
	closeRestart          = 1012
	closeTryLater         = 1013
	closeBadRequest       = 4400
	closeUnauthorized     = 4401
	closeForbidden        = 4403
	closeSubprotocol      = 4406
	closeInitTimeout      = 4408
	closeSubscriberExists = 4409
	closeTooManyInits     = 4429
	closeInternalError    = 4500
)

// maxReason is what a close frame has room for after the code, in bytes.
const maxReason = 123

// refusal is why a socket is closed by us.
type refusal struct {
	code   int
	reason string
}

func (r *refusal) Error() string { return r.reason }

// badRequest refuses a message that the protocol does not know; why is shown to the client.
func badRequest(why string) error {
	return &refusal{closeBadRequest, "Invalid message received: " + why}
}
