package websocket

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	gorilla "github.com/gorilla/websocket"
)

const subprotocol = "graphql-transport-ws"

// ErrTryLater is what Config.Init returns, wrapped or not, when it could not decide: the socket closes
// with 1013 and the client comes back, instead of being sent away as if it had no right to be here.
var ErrTryLater = errors.New("try again later")

// ErrComeAgain is Still's for a viewer who may see other things than when the socket was opened.
var ErrComeAgain = errors.New("what may be seen has changed")

// Config says who may open a socket and what one may cost. A zero limit takes its default.
type Config struct {
	// Init decides about a connection_init: an error refuses it (4403, or 1013 for ErrTryLater; its text
	// is not shown). ctx ends with the socket, r is the upgrade request, payload is nil when there was
	// none and holds numbers as json.Number. Without Init everyone is let in, as nobody.
	Init func(ctx context.Context, r *http.Request, payload map[string]any) (Session, error)

	// AllowOrigin says whether pages of this origin ("https://app.example.com") may open a socket. It
	// should compare whole origins. A request without Origin comes from no browser and is not asked
	// about. Without AllowOrigin no page may: websockets ignore CORS, this is the only defence.
	AllowOrigin func(origin string) bool

	InitTimeout    time.Duration // from the upgrade to connection_ack; default 10 s
	WriteTimeout   time.Duration // for one message to be taken by the peer; default 10 s
	PingInterval   time.Duration // default 20 s: proxies cut idle sockets at about 100 s
	PongTimeout    time.Duration // silence after which a peer is gone; default 60 s: three pings, for busy pages
	ShutdownWindow time.Duration // over which Shutdown spreads the closes; default 5 s

	ReadLimit         int64 // bytes of one message; default 256 KiB, the limit of the HTTP body
	MaxOperations     int   // running on one socket; default 50
	MaxSockets        int   // open at once; default 10,000: at 40 KB each they fit 400 MB
	MaxSocketsPerUser int   // open at once for one Session.User; default 20 tabs
}

// Transport is the graphql.Transport. Make it with New; it must not be copied.
type Transport struct {
	config   Config
	upgrader gorilla.Upgrader
	buffers  sync.Pool // write buffers, shared by all sockets

	mu      sync.Mutex
	sockets map[*socket]struct{}
	users   map[string]int // sockets a Session.User holds
	idle    chan struct{}  // not nil once draining; closes when the last goroutine is gone

	running    sync.WaitGroup // every goroutine of every socket
	operations atomic.Int64
	opened     atomic.Uint64
	refused    atomic.Uint64
	cut        atomic.Uint64
}

var _ graphql.Transport = (*Transport)(nil)

// New makes a transport that serves until Shutdown.
func New(c Config) *Transport {
	c.InitTimeout = cmp.Or(c.InitTimeout, 10*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 10*time.Second)
	c.PingInterval = cmp.Or(c.PingInterval, 20*time.Second)
	c.PongTimeout = cmp.Or(c.PongTimeout, 60*time.Second)
	c.ShutdownWindow = cmp.Or(c.ShutdownWindow, 5*time.Second)
	c.ReadLimit = cmp.Or(c.ReadLimit, 256<<10)
	c.MaxOperations = cmp.Or(c.MaxOperations, 50)
	c.MaxSockets = cmp.Or(c.MaxSockets, 10_000)
	c.MaxSocketsPerUser = cmp.Or(c.MaxSocketsPerUser, 20)
	t := &Transport{config: c, sockets: map[*socket]struct{}{}, users: map[string]int{}}
	t.upgrader = gorilla.Upgrader{
		HandshakeTimeout: c.WriteTimeout,
		ReadBufferSize:   512,     // held by each socket: what clients send is short
		WriteBufferSize:  4 << 10, // borrowed for one write: most responses leave in one packet
		WriteBufferPool:  &t.buffers,
		Subprotocols:     []string{subprotocol},
		CheckOrigin:      t.originAllowed,
	}
	return t
}

// Supports says whether r asks for a websocket.
func (t *Transport) Supports(r *http.Request) bool { return gorilla.IsWebSocketUpgrade(r) }

// Do upgrades the request and returns: the socket lives on in goroutines of its own, so that the buffers
// and the stack of the HTTP request are free again. An upgrade is refused with 403 for a foreign origin
// and with 503 and Retry-After while shutting down.
func (t *Transport) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	if t.draining() {
		t.refused.Add(1)
		w.Header().Set("Retry-After", "1")
		http.Error(w, "shutting down", http.StatusServiceUnavailable)
		return
	}
	conn, err := t.upgrader.Upgrade(hijacker{w}, r, nil)
	if err != nil { // the upgrader has answered
		t.refused.Add(1)
		return
	}
	s := newSocket(t, conn, r, exec)
	if why := t.admit(s); why != nil {
		t.refused.Add(1)
		s.refuse(why)
	}
}

func (t *Transport) originAllowed(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return true
	}
	return len(origins) == 1 && t.config.AllowOrigin != nil && t.config.AllowOrigin(origins[0])
}
