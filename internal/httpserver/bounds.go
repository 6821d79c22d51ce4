package httpserver

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// limitBody refuses a body that says it is longer before a byte of it is read, and cuts one that lies or
// does not say. For the second the handler sees http.MaxBytesError.
func limitBody(most int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > most {
			w.Header().Set("Connection", "close") // else the server reads on to save the connection
			refuse(w, http.StatusRequestEntityTooLarge, codeInvalid, "An operation has at most "+strconv.FormatInt(most>>10, 10)+" KiB.")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		next.ServeHTTP(w, r)
	})
}

// unambiguous makes a request in chunks the last of its connection. It may have said a length too, which
// net/http drops without a word: a proxy that believed the length sees another end of it, and what stands
// behind would be the next visitor's request. RFC 9112 asks for the end; who sends a length loses nothing.
func unambiguous(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// limitTime ends the context; handlers and the database give up with it and answer in their own words.
func limitTime(most time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), most)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// limitWrite replaces the server's own limit for an answer that is long.
func limitWrite(most time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A writer that has no deadlines, as in a test of a handler, has nothing to be extended.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(most))
		next.ServeHTTP(w, r)
	})
}

// byGet lets websockets pass, which have no bounds of a request, and queries that no page of another site
// can send without asking.
func byGet(sockets, queries http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case isUpgrade(r):
			sockets.ServeHTTP(w, r)
		case r.Method == http.MethodGet && r.Header.Get(preflightHeader) != "":
			queries.ServeHTTP(w, r)
		default:
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed, codeInvalid, "Send POST to this address; a query by GET needs the header "+preflightHeader+".")
		}
	})
}

func isUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && has(r.Header, "Connection", "upgrade") && has(r.Header, "Upgrade", "websocket")
}

func has(header http.Header, name, word string) bool {
	for part := range strings.SplitSeq(strings.Join(header.Values(name), ","), ",") {
		if strings.EqualFold(strings.TrimSpace(part), word) {
			return true
		}
	}
	return false
}
