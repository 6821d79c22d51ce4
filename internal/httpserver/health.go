package httpserver

import (
	"context"
	"net/http"
	"time"
)

// readyTimeout is below what probes wait: an answer that nobody reads is no answer.
const readyTimeout = 3 * time.Second

// state is the body of both probes. The name tells an operator who checks BACKEND_URL that it leads here.
type state struct {
	Service string `json:"service"`
	Status  string `json:"status"`
}

// health says that the process is alive. It asks nothing: a platform that restarts us because the
// database is down makes an outage longer.
func health(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, state{"switchboard", "alive"})
}

// ready says whether requests should come here. Why not is for the log: it may name hosts.
func ready(h Handlers) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := h.check(ctx); err != nil {
			h.log().WarnContext(ctx, "not ready", "error", err)
			notReady(w)
			return
		}
		answer(w, http.StatusOK, state{"switchboard", "ready"})
	})
}

func notReady(w http.ResponseWriter) {
	answer(w, http.StatusServiceUnavailable, state{"switchboard", "not ready"})
}

func (h Handlers) check(ctx context.Context) error {
	if h.Ready == nil {
		return nil
	}
	return h.Ready(ctx)
}
