package client

import (
	"errors"

	"github.com/gorilla/websocket"
)

// final are the close codes after which the same socket would meet the same end. The list is that of the
// graphql-ws client, with 4403: who may not look now will not be let in by asking again.
func final(code int) bool {
	switch code {
	case 1002, 1003, 1007, 1008, 1009, 1010, 1011, 4400, 4401, 4403, 4406, 4409, 4429, 4500:
		return true
	}
	return false
}

// ended says what the end of a socket means: *Error when the other side closed it for good, else lost.
func ended(err error) error {
	var closed *websocket.CloseError
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		return &stopped{err}
	case !errors.As(err, &closed) || !final(closed.Code):
		return lost{err}
	}
	return &Error{Code: closeCode(closed.Code), Message: closed.Text, Status: closed.Code}
}

func closeCode(code int) string {
	switch code {
	case 4401:
		return "UNAUTHENTICATED"
	case 4403:
		return "FORBIDDEN"
	case 4500:
		return "INTERNAL"
	}
	return ""
}
