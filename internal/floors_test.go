// Package internal_test holds the house to its plan: which way imports go, who may use which module, and
// what no package does. A new package stands in the table below or fails the tests.
package internal_test

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/switchboard-voice/switchboard/"

// floors: a room imports strictly lower ones. Parts of one room stand together and import each other.
var floors = map[string]int{
	"cmd/switchboard": 11, // builds the rooms: the only place where all of them meet

	"graph": 10, "graph/generated": 10, "graph/graphiql": 10, "graph/model": 10, "graph/websocket": 10, // the face
	"internal/signin":     10, // Auth.js's routes over identity
	"internal/httpserver": 10, // every URL on one page; handlers come from cmd

	"internal/transcription": 8, // needs recordings, and the inbox's event
	"internal/telephony":     8, // hands recordings down, and needs the inbox's event
	"internal/recording":     7,
	"internal/billing":       6, // transcription and telephony count by it; cmd hands it the inbox's events
	"internal/inbox":         6, // its handlers are rooms above, which cmd gives to it
	"internal/identity":      5, // records changes of members and settings as activity
	"internal/activity":      4, // wakes by live
	"internal/jobs":          3, // joins a postgres.Tx
	"internal/live":          3,
	"internal/postgres":      2, // the Tx carries db's queries

	"db/schema": 1, "internal/db": 1,
	"internal/access": 1, "internal/audio": 1, "internal/authjs": 1, "internal/blob": 1, "internal/config": 1, "internal/egress": 1, "internal/limit": 1, "internal/page": 1,
	"internal/password": 1, "internal/mail": 1, "internal/provider/oidc": 1,
	"internal/telemetry": 1, "internal/provider/assemblyai": 1, "internal/provider/signalwire": 1, "internal/provider/stripe": 1,
	"internal/fault": 0, "internal/ids": 0, // what everybody speaks of
}

// beside stands next to the house: it imports ground and its like, and only cmd and tests import it.
var beside = []string{
	"internal/client",
	"internal/devstack/assemblyai", "internal/devstack/database", "internal/devstack/mailbox", "internal/devstack/samples", "internal/devstack/signalwire", "internal/devstack/speech",
	"internal/devstack/speech/recognize", "internal/devstack/stripe", "internal/devstack/testbucket", "internal/devstack/testdb", "internal/devstack/vendor", "internal/devstack/withpostgres",
}

// apart holds tests and tools, which may import everything.
var apart = []string{"test", "bench", "drill", "lab", "tools"}

const ground = 1

// excused are imports against the rules, each with its reason.
var excused = map[[2]string]string{
	{"internal/devstack/testdb", "internal/postgres"}: "hands tests a migrated database; only tests import it",
}

// never are imports that the floors would allow.
var never = []struct {
	from, to []string
	why      string
}{
	{[]string{"graph"}, []string{"internal/db", "internal/postgres", "internal/jobs", "internal/live", "internal/provider", "internal/blob"},
		"the graph shows rooms: what it needs of a row or an object, a room gives"},
	{[]string{"internal", "graph", "db"}, []string{"internal/config"}, "rooms get plain values in Deps; only cmd reads the environment"},
	{[]string{"internal/provider"}, []string{"internal", "graph", "db"}, "a provider package knows the vendor's words and none of ours"},
}

// vendors are the modules of others and who may import them. What is not here is new: decide who needs it.
var vendors = []struct {
	module string
	by     []string
	why    string
}{
	{"github.com/google/uuid", []string{"internal", "graph", "cmd"}, "a value type like time.Time"},
	{"github.com/99designs/gqlgen", []string{"graph"}, "nobody below knows that there is GraphQL"},
	{"github.com/vektah/gqlparser", []string{"graph"}, "as gqlgen"},
	{"github.com/gorilla/websocket", []string{"graph/websocket", "internal/client"}, "one server of sockets, one client"},
	{"github.com/stripe/stripe-go", []string{"internal/provider/stripe"}, "the vendor's words stay in its package"},
	{"github.com/jackc/pgx", []string{"internal/postgres", "internal/jobs", "internal/db"}, "the three that talk to the database"},
	{"github.com/jackc/pgx", []string{"cmd/switchboard"}, "makes the pool that River owns"},
	{"github.com/jackc/pgx", []string{"internal/devstack/database", "internal/devstack/testdb"}, "start servers and make databases for nobody's data"},
	{"github.com/riverqueue/river", []string{"internal/jobs"}, "wrapped thin"},
	{"github.com/riverqueue/river", []string{"internal/postgres"}, "River's tables are migrated with ours"},
	{"github.com/pressly/goose", []string{"internal/postgres"}, "migrations"},
	{"github.com/vgarvardt/pgx-google-uuid", []string{"internal/postgres"}, "UUID columns"},
	{"github.com/go-jose/go-jose", []string{"internal/authjs"}, "JWE"},
	{"github.com/prometheus/client_golang", []string{"internal/telemetry"}, "metrics"},
	{"go.opentelemetry.io", []string{"internal/telemetry"}, "traces: what may be in a span is decided in one place"},
	{"code.dny.dev/ssrf", []string{"internal/egress"}, "knows every special network"},
	{"github.com/minio/minio-go", []string{"internal/blob"}, "signs for S3 and R2"},
	{"github.com/rs/cors", []string{"internal/blob", "internal/httpserver"}, "browsers PUT to the local bucket and POST to the API"},
	{"github.com/nyaruka/phonenumbers", []string{"internal/telephony"}, "which numbers exist, what they cost and where they are"},
	{"golang.org/x/time", []string{"internal/limit"}, "one bucket a key"},
	{"golang.org/x/crypto", []string{"internal/password"}, "argon2id, and what older apps hashed with"},
	{"golang.org/x/text", []string{"internal/password"}, "an é is one key here and two there"},
	{"github.com/wneessen/go-mail", []string{"internal/mail"}, "MIME and SMTP"},
	{"github.com/emersion/go-smtp", []string{"internal/devstack/mailbox"}, "a mail server that keeps what it gets"},
	{"github.com/coreos/go-oidc", []string{"internal/provider/oidc"}, "discovery, keys and ID tokens"},
	{"golang.org/x/oauth2", []string{"internal/provider/oidc"}, "the code flow that OpenID Connect stands on"},
	{"github.com/caarlos0/env", []string{"internal/config"}, "environment to struct"},
	{"github.com/caarlos0/env", []string{"cmd/switchboard"}, "tells apart the errors of the environment that it prints"},
	{"github.com/alecthomas/kong", []string{"cmd/switchboard"}, "the command line"},
}

// twoVendors are rooms of the ground with more than one vendor, each with its reason.
var twoVendors = map[string]string{
	"internal/telemetry":     "metrics and traces have no vendor in common",
	"internal/password":      "the hashes, and the normal form of what is hashed",
	"internal/provider/oidc": "OpenID Connect stands on OAuth: one cannot be had without the other",
	"internal/blob":          "two drivers of one interface: a folder that answers browsers itself, and S3",
}

// below says whether a folder is one of these or stands in one.
func below(dir string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return dir == f || strings.HasPrefix(dir, f+"/") })
}

func TestEveryPackageHasItsFloor(t *testing.T) {
	t.Parallel()
	found := packages(t)
	for dir := range found {
		if _, known := floors[dir]; !known && !slices.Contains(beside, dir) && !below(dir, apart...) {
			t.Errorf("%s stands in no table of this file", dir)
		}
	}
	for _, dir := range slices.Concat(slices.Collect(maps.Keys(floors)), beside) {
		if found[dir] == nil {
			t.Errorf("%s stands in a table and is gone", dir)
		}
	}
}

func TestImportsGoDownNeverSidewaysOrUp(t *testing.T) {
	t.Parallel()
	used := map[[2]string]bool{}
	for dir, p := range packages(t) {
		for to := range p.ours {
			if why := against(dir, to); why == "" || below(dir, apart...) {
				continue
			} else if excused[[2]string{dir, to}] == "" {
				t.Errorf("%s imports %s: %s", dir, to, why)
			}
			used[[2]string{dir, to}] = true
		}
	}
	for edge := range excused {
		if !used[edge] {
			t.Errorf("%s does not import %s any more: no excuse is needed", edge[0], edge[1])
		}
	}
}

// against says which rule of floors an import breaks.
func against(from, to string) string {
	fromFloor, inHouse := floors[from]
	toFloor, toHouse := floors[to]
	switch {
	case slices.Contains(beside, to) && inHouse && from != "cmd/switchboard":
		return "only cmd and tests import what stands beside the house"
	case !inHouse && toHouse && toFloor > ground:
		return "what stands beside the house imports ground only"
	case inHouse && toHouse && toFloor >= fromFloor && !sameRoom(from, to):
		return "its floor is not lower"
	}
	return ""
}

func sameRoom(a, b string) bool {
	room := func(dir string) string {
		parts := strings.SplitN(dir, "/", 3)
		if parts[0] == "internal" {
			return path.Join(parts[:2]...)
		}
		return parts[0]
	}
	return room(a) == room(b)
}

func TestNobodyImportsWhatIsNotTheirs(t *testing.T) {
	t.Parallel()
	for dir, p := range packages(t) {
		for to := range p.ours {
			for _, rule := range never {
				if below(dir, rule.from...) && below(to, rule.to...) && dir != to {
					t.Errorf("%s imports %s: %s", dir, to, rule.why)
				}
			}
		}
	}
}

func TestEveryModuleIsImportedByThoseWhoNeedIt(t *testing.T) {
	t.Parallel()
	for dir, p := range packages(t) {
		if below(dir, apart...) {
			continue
		}
		for to := range p.theirs {
			if why := mayImport(dir, to); why == "" {
				t.Errorf("%s imports %s, which is not its to use", dir, to)
			}
		}
		if floor, inHouse := floors[dir]; inHouse && floor <= ground && len(p.modules()) > 1 && twoVendors[dir] == "" {
			t.Errorf("%s is ground and has more than one vendor: %v", dir, p.modules())
		}
	}
}

// mayImport finds the reason; empty when there is none.
func mayImport(dir, to string) string {
	for _, v := range vendors {
		if below(to, v.module) && below(dir, v.by...) {
			return v.why
		}
	}
	return ""
}

// modules are the vendors of a package, without UUIDs.
func (p *pkg) modules() []string {
	var all []string
	for to := range p.theirs {
		for _, v := range vendors {
			if below(to, v.module) && v.module != "github.com/google/uuid" {
				all = append(all, v.module)
			}
		}
	}
	slices.SortFunc(all, cmp.Compare)
	return slices.Compact(all)
}
