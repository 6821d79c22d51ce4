// Command handwritten is the yardstick of the benchmarks: the same answers as Switchboard's, by net/http,
// pgx and encoding/json, with the SQL that a person would write for exactly these pages. It has none of
// the rest: one fixed token is all that it asks of a visitor.
package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"
)

const (
	// conns are as many as Switchboard's own pool has.
	conns = 10
	// headerTimeout and drainTimeout are generous for a peer on the same machine.
	headerTimeout, drainTimeout = 5 * time.Second, 5 * time.Second
)

type server struct {
	pool            *pgxpool.Pool
	bearer, webhook [32]byte // hashes, so that comparing takes the same time for any length
	public          string   // our own address, as the telephone provider signs it
	signing         []byte   // its key
	stripeKey       []byte
}

func main() {
	if err := run(); err != nil {
		slog.Error("the hand-written server ended", "error", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		return errors.New("DATABASE_URL cannot be read") // the cause would show the password
	}
	config.MaxConns = conns
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap())
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("opening the pool: %w", err)
	}
	defer pool.Close()
	s := &server{pool: pool, bearer: sha256.Sum256([]byte("Bearer " + os.Getenv("TOKEN"))), webhook: sha256.Sum256([]byte(os.Getenv("WEBHOOK_SECRET")))}
	s.public, s.signing = os.Getenv("BACKEND_URL"), []byte(os.Getenv("SIGNALWIRE_SIGNING_KEY"))
	s.stripeKey = []byte(os.Getenv("STRIPE_WEBHOOK_SECRET"))
	web := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: s.routes(), ReadHeaderTimeout: headerTimeout}
	go func() {
		<-ctx.Done()
		ending, cancel := context.WithTimeout(context.Background(), drainTimeout)
		defer cancel()
		_ = web.Shutdown(ending) // what hangs at the end of a benchmark ends with the process
	}()
	if err := web.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, r *http.Request) { reply(w, "ready", s.pool.Ping(r.Context())) })
	mux.HandleFunc("GET /list", s.signedIn(s.list))
	mux.HandleFunc("GET /transcript", s.signedIn(s.transcript))
	mux.HandleFunc("POST /webhook", s.keep)
	mux.HandleFunc("GET /calls", s.signedIn(s.calls))
	mux.HandleFunc("POST /callback", s.callback)
	mux.HandleFunc("POST /stripe", s.stripe)
	return mux
}

// signedIn lets one token in and writes what answer gives.
func (s *server) signedIn(answer func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !same(r.Header.Get("Authorization"), s.bearer) {
			stranger(w)
			return
		}
		body, err := answer(r)
		reply(w, map[string]any{"data": body}, err)
	}
}

func same(sent string, want [32]byte) bool {
	got := sha256.Sum256([]byte(sent))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

func reply(w http.ResponseWriter, body any, err error) {
	if err != nil {
		slog.Error("answering failed", "error", err)
		http.Error(w, "this did not work", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // fails only when the client has left
}
