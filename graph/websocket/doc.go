// Package websocket serves GraphQL operations over graphql-transport-ws, to the letter, for any gqlgen
// executor. It owns every socket from the upgrade to its last goroutine: who may open one is asked of
// Config.Init, what an operation answers is asked of the executor, and everything between is bounded.
//
// # Messages
//
//	client                 server
//	connection_init        connection_ack, or a close
//	ping (at any time)     pong with the same payload
//	pong (at any time)     nothing
//	subscribe              next*, then complete; or one error and nothing after it
//	complete               nothing more for that id, which is free again
//
// What was wrong before execution (a syntax error, a document that does not fit the schema, an
// operation above the limits) is an error message. What goes wrong while a field resolves is inside next.
// A stream that breaks in the middle ends in error when its producer called [Fail], else in complete.
//
// # Close codes
//
// The graphql-ws client decides by the code whether it comes back: 1002, 1003, 1007 to 1011, 4400, 4401,
// 4406, 4409, 4429 and 4500 end it for good, 1000 brings it back without any pause, and all others bring
// it back after a pause that doubles, as often as retryAttempts says. Hence:
//
//	code  comes back  why we send it
//	1009  no          a message above ReadLimit; the same message would be too big again
//	1012  yes         we are being replaced, spread over ShutdownWindow; or Still answered ErrComeAgain
//	1013  yes         too many sockets, or Init answered ErrTryLater; a pause helps
//	4400  no          not JSON, not text, not a message of the protocol, or a broken frame
//	4401  no          subscribe before connection_ack
//	4403  with pauses Init refused, or the session ended; a client that should stop at once says so in
//	                  its shouldRetry
//	4406  no          the subprotocol graphql-transport-ws was not offered
//	4408  yes         no connection_init, or no answer of Init, within InitTimeout
//	4409  no          an id that is in use
//	4429  no          a second connection_init
//	4500  no          a bug of ours; coming back would meet it again
//
// We never choose 1000, 1002 or 1011. A slow or silent reader is cut without a close frame, which it
// could not read: the client sees 1006 and comes back.
//
// # What a socket costs
//
// One goroutine that reads, and one for each operation; pings and the end of the session are timers. There is no
// goroutine and no queue for writing: an operation holds at most one response and waits in line for its
// turn to write, so a slow reader slows its own producers and memory stays flat.
package websocket
