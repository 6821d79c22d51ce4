package steps

import (
	"bufio"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"
)

// What Postgres says of the transaction after each answer.
const idle, inTransaction = 'I', 'T'

// conversation is what was said on one connection, as far as it tells when something is committed.
type conversation struct {
	moments *Moments
	life    int

	mu         sync.Mutex
	changed    *sync.Cond // what Postgres said
	over       bool
	status     byte
	statements map[string]string // SQL by the name of the prepared statement
	portals    map[string]string
	simple     string   // SQL of the question under way in the simple protocol
	executed   []string // SQL of those in the extended one, in their order
	completed  int      // so many of them
	failed     bool
	wrote      []string // what the open transaction changed
	committing string   // what is being committed just now; empty: nothing
}

func newConversation(m *Moments, life int) *conversation {
	c := &conversation{moments: m, life: life, status: idle, statements: map[string]string{}, portals: map[string]string{}}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// end is for both sides when one of them has left.
func (c *conversation) end(client, server net.Conn) {
	_ = client.Close()
	_ = server.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.changed.Broadcast()
}

// fromClient looks at what the program says. It holds a commit back until it is counted.
func (c *conversation) fromClient(f frame, out *bufio.Writer) bool {
	if !c.moments.goesOn(c.life) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch f.kind {
	case 'P':
		var m pgproto3.Parse
		if m.Decode(f.body) == nil {
			c.statements[m.Name] = m.Query
		}
	case 'B':
		var m pgproto3.Bind
		if m.Decode(f.body) == nil {
			c.portals[m.DestinationPortal] = c.statements[m.PreparedStatement]
		}
	case 'E':
		var m pgproto3.Execute
		if m.Decode(f.body) == nil {
			c.executed = append(c.executed, c.portals[m.Portal])
		}
	case 'Q':
		var m pgproto3.Query
		if m.Decode(f.body) == nil {
			return c.asks(m.String)
		}
	case 'S':
		return c.syncs(out)
	}
	return true
}

// asks is a question in the simple protocol, which BEGIN and COMMIT are.
func (c *conversation) asks(sql string) bool {
	c.simple = sql
	switch {
	case c.status == inTransaction && isCommit(sql):
		return c.commits()
	case c.status == idle && writes.MatchString(sql):
		c.wrote = []string{label(sql)}
		return c.commits()
	}
	return true
}

// syncs is the end of a question in the extended protocol. Outside a transaction it is what commits: a Flush in
// its place has Postgres say first whether there is anything to commit.
func (c *conversation) syncs(out *bufio.Writer) bool {
	if c.status != idle || !slices.ContainsFunc(c.executed, writes.MatchString) {
		return true
	}
	flush, err := (&pgproto3.Flush{}).Encode(nil)
	if err != nil {
		return false
	}
	if _, err := out.Write(flush); err != nil || out.Flush() != nil {
		return false
	}
	for c.completed < len(c.executed) && !c.failed && !c.over {
		c.changed.Wait()
	}
	return !c.over && (c.failed || c.commits())
}

// commits counts the moment before a commit that changes something.
func (c *conversation) commits() bool {
	if len(c.wrote) == 0 {
		return true
	}
	c.committing = strings.Join(c.wrote, "+")
	return c.moments.pass(c.life, BeforeCommit+c.committing)
}

// fromServer looks at what Postgres says. It holds the word of a commit back until that is counted.
func (c *conversation) fromServer(f frame, _ *bufio.Writer) bool {
	if !c.moments.goesOn(c.life) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.changed.Broadcast()
	switch f.kind {
	case 'C':
		var m pgproto3.CommandComplete
		if m.Decode(f.body) == nil {
			return c.completes(string(m.CommandTag))
		}
	case 'I', 's':
		c.completed++
	case 'E':
		c.failed, c.committing = true, ""
	case 'Z':
		var m pgproto3.ReadyForQuery
		if m.Decode(f.body) == nil {
			return c.ready(m.TxStatus)
		}
	}
	return true
}

func (c *conversation) completes(tag string) bool {
	sql := c.simple
	if sql == "" && c.completed < len(c.executed) {
		sql = c.executed[c.completed]
		c.completed++
	}
	switch {
	case tag == "COMMIT":
		return c.committed()
	case tag == "ROLLBACK":
		c.wrote, c.committing = nil, ""
	case changes(tag, sql) && !isBackground(sql) && !slices.Contains(c.wrote, label(sql)):
		c.wrote = append(c.wrote, label(sql))
	}
	return true
}

// ready is the end of an answer.
func (c *conversation) ready(status byte) bool {
	c.status, c.simple, c.executed, c.completed, c.failed = status, "", nil, 0, false
	if status != idle {
		return true
	}
	defer func() { c.wrote = nil }()
	return c.committed()
}

// committed counts the moment in which only Postgres knows that it is done.
func (c *conversation) committed() bool {
	what := c.committing
	c.wrote, c.committing = nil, ""
	return what == "" || c.moments.pass(c.life, afterCommit+what)
}
