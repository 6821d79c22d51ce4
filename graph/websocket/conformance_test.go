package websocket_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	gorilla "github.com/gorilla/websocket"

	"github.com/switchboard-voice/switchboard/graph/websocket"
)

func TestSocketWithoutTheSubprotocolClosesWith4406(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{})
	for _, offered := range [][]string{nil, {"graphql-ws"}} {
		conn, _, err := s.upgrade(http.Header{}, offered...)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		(&client{t, conn}).wantClose(4406)
	}
}

func TestMissingInitClosesWith4408(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{InitTimeout: 50 * time.Millisecond})
	s.dial(t).wantClose(4408)
}

func TestSecondInitClosesWith4429(t *testing.T) {
	t.Parallel()
	c := start(t, websocket.Config{}).connect(t)
	c.send(`{"type":"connection_init"}`)
	c.wantClose(4429)
}

func TestSubscribeBeforeAckClosesWith4401(t *testing.T) {
	t.Parallel()
	c := start(t, websocket.Config{}).dial(t)
	c.subscribe("1", "{hello}")
	c.wantClose(4401)
}

func TestDuplicateIDClosesWith4409(t *testing.T) {
	t.Parallel()
	c := start(t, websocket.Config{}).connect(t)
	c.subscribe("same", `subscription{feed(name:"a")}`)
	c.subscribe("same", "{hello}")
	if reason := c.wantClose(4409); reason != "Subscriber for same already exists" {
		t.Errorf("reason %q", reason)
	}
}

func TestMessagesOutsideTheProtocolCloseWith4400(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{})
	for name, message := range map[string]string{
		"bad JSON":               `{"type":`,
		"two values":             `{"type":"ping"}{"type":"ping"}`,
		"null":                   `null`,
		"an array":               `[]`,
		"a string":               `"ping"`,
		"empty":                  ``,
		"no type":                `{"id":"1"}`,
		"type in capitals":       `{"TYPE":"ping"}`,
		"type not a string":      `{"type":1}`,
		"unknown type":           `{"type":"start","id":"1","payload":{"query":"{hello}"}}`,
		"a server's message":     `{"type":"connection_ack"}`,
		"next from a client":     `{"type":"next","id":"1","payload":{}}`,
		"ping payload":           `{"type":"ping","payload":"x"}`,
		"pong payload":           `{"type":"pong","payload":[]}`,
		"no id":                  `{"type":"subscribe","payload":{"query":"{hello}"}}`,
		"empty id":               `{"type":"subscribe","id":"","payload":{"query":"{hello}"}}`,
		"id not a string":        `{"type":"subscribe","id":1,"payload":{"query":"{hello}"}}`,
		"null id":                `{"type":"subscribe","id":null,"payload":{"query":"{hello}"}}`,
		"no payload":             `{"type":"subscribe","id":"1"}`,
		"payload not an object":  `{"type":"subscribe","id":"1","payload":"{hello}"}`,
		"null payload":           `{"type":"subscribe","id":"1","payload":null}`,
		"no query":               `{"type":"subscribe","id":"1","payload":{}}`,
		"query not a string":     `{"type":"subscribe","id":"1","payload":{"query":{}}}`,
		"operation name":         `{"type":"subscribe","id":"1","payload":{"query":"{hello}","operationName":5}}`,
		"variables an array":     `{"type":"subscribe","id":"1","payload":{"query":"{hello}","variables":[]}}`,
		"variables a string":     `{"type":"subscribe","id":"1","payload":{"query":"{hello}","variables":"x"}}`,
		"extensions a number":    `{"type":"subscribe","id":"1","payload":{"query":"{hello}","extensions":3}}`,
		"complete without id":    `{"type":"complete"}`,
		"complete with empty id": `{"type":"complete","id":""}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := s.connect(t)
			c.send(message)
			c.wantClose(4400)
		})
	}
}

func TestInitPayloadThatIsNoObjectClosesWith4400(t *testing.T) {
	t.Parallel()
	c := start(t, websocket.Config{}).dial(t)
	c.send(`{"type":"connection_init","payload":"token"}`)
	c.wantClose(4400)
}

func TestBinaryMessageClosesWith4400(t *testing.T) {
	t.Parallel()
	c := start(t, websocket.Config{}).connect(t)
	if err := c.conn.WriteMessage(gorilla.BinaryMessage, []byte(`{"type":"ping"}`)); err != nil {
		t.Fatal(err)
	}
	c.wantClose(4400)
}

func TestNullMeansAbsentWhereTheProtocolSaysSo(t *testing.T) {
	t.Parallel()
	c := start(t, websocket.Config{}).dial(t)
	c.send(`{"type":"connection_init","payload":null}`)
	c.want(`{"type":"connection_ack"}`)
	c.send(`{"type":"ping","payload":null}`)
	c.want(`{"type":"pong"}`)
	c.send(`{"type":"subscribe","id":"1","payload":{"query":"{hello}","operationName":null,"variables":null,"extensions":null}}`)
	c.want(`{"type":"next","id":"1","payload":{"data":{"hello":"world"}}}`)
	c.want(`{"type":"complete","id":"1"}`)
}

func TestPingIsAnsweredAtAnyTime(t *testing.T) {
	t.Parallel()
	c := start(t, websocket.Config{}).dial(t)
	c.send(`{"type":"ping","payload":{"before":["init"]}}`)
	c.want(`{"type":"pong","payload":{"before":["init"]}}`)
	c.send(`{"type":"pong"}`)
	c.init()
	c.send(`{"type":"pong","payload":{"unasked":true}}`)
	c.wantPong()
}

func TestQueriesAndMutationsAnswerOnceAndComplete(t *testing.T) {
	t.Parallel()
	c := start(t, websocket.Config{}).connect(t)
	c.subscribe("q", `{hello}`)
	c.want(`{"type":"next","id":"q","payload":{"data":{"hello":"world"}}}`)
	c.want(`{"type":"complete","id":"q"}`)
	c.send(`{"type":"subscribe","id":"m","payload":{"operationName":"B","query":"mutation A{add(n:1)} mutation B($n:Int!){more:add(n:$n)}","variables":{"n":41}}}`)
	c.want(`{"type":"next","id":"m","payload":{"data":{"more":42}}}`)
	c.want(`{"type":"complete","id":"m"}`)
	c.subscribe("f", `{forever}`)
	c.want(`{"type":"next","id":"f","payload":{"data":{"forever":"world"}}}`)
	c.want(`{"type":"complete","id":"f"}`)
}

func TestResultsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	c := start(t, websocket.Config{}).connect(t)
	c.subscribe("t", `subscription{ticks(to:3)}`)
	c.want(`{"type":"next","id":"t","payload":{"data":{"ticks":1}}}`)
	c.want(`{"type":"next","id":"t","payload":{"data":{"ticks":2}}}`)
	c.want(`{"type":"next","id":"t","payload":{"data":{"ticks":3}}}`)
	c.want(`{"type":"complete","id":"t"}`)
}

func TestWhatIsWrongBeforeExecutionIsAnErrorWithoutComplete(t *testing.T) {
	t.Parallel()
	c := start(t, websocket.Config{}).connect(t)
	for name, query := range map[string]string{
		"syntax": `{`, "validation": `{nosuch}`, "no operation": ``, "a missing variable": `query($t:String!){echo(text:$t)}`,
	} {
		c.subscribe(name, query)
		message, err := c.read()
		if err != nil || !strings.HasPrefix(string(message), `{"id":"`+name+`","type":"error","payload":[{"message":`) {
			t.Fatalf("%s: got %s %v", name, message, err)
		}
		c.wantPong() // and nothing in between
	}
}

func TestWhatFailsWhileExecutingIsInsideNext(t *testing.T) {
	t.Parallel()
	c := start(t, websocket.Config{}).connect(t)
	c.subscribe("f", `{fails}`)
	c.want(`{"type":"next","id":"f","payload":{"errors":[{"message":"resolver failed"}],"data":{"fails":null}}}`)
	c.want(`{"type":"complete","id":"f"}`)
	c.subscribe("r", `subscription{refused}`)
	c.want(`{"type":"next","id":"r","payload":{"errors":[{"message":"resolver refused"}],"data":null}}`)
	c.want(`{"type":"complete","id":"r"}`)
}

func TestStreamThatBreaksEndsInErrorWithoutComplete(t *testing.T) {
	t.Parallel()
	c := start(t, websocket.Config{}).connect(t)
	c.subscribe("b", `subscription{broken}`)
	c.want(`{"type":"next","id":"b","payload":{"data":{"broken":1}}}`)
	c.want(`{"type":"error","id":"b","payload":[{"message":"the stream broke"}]}`)
	c.wantPong()
}

func TestPanicInAResolverEndsItsOperationOnly(t *testing.T) {
	t.Parallel()
	c := start(t, websocket.Config{}).connect(t)
	for _, query := range []string{`{panics}`, `subscription{panicsLater}`} {
		c.subscribe("p", query)
		c.want(`{"type":"error","id":"p","payload":[{"message":"internal system error"}]}`)
		c.wantPong()
	}
}

func TestNothingFollowsTheClientsComplete(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{})
	c := s.connect(t)
	c.subscribe("1", `subscription{stubborn(name:"late")}`)
	s.feed("late") <- `"in time"`
	c.want(`{"type":"next","id":"1","payload":{"data":{"stubborn":"in time"}}}`)
	eventually(t, "it waits for the next", func() bool { return s.stubborn.Load() == 2 })
	c.send(`{"type":"complete","id":"1"}`)
	c.wantPong() // the complete has been read
	s.feed("late") <- `"too late"`
	close(s.feed("late"))
	eventually(t, "the operation has ended", func() bool { return s.Stats().Operations == 0 })
	c.wantPong()
}

func TestIDIsFreeAfterEitherSideCompletes(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{MaxOperations: 200}) // what was completed may take a moment to stop
	c := s.connect(t)
	for range 100 {
		c.subscribe("1", `subscription{feed(name:"a")}`)
		c.send(`{"type":"complete","id":"1"}`)
	}
	for range 100 {
		c.subscribe("1", `{hello}`)
		c.want(`{"type":"next","id":"1","payload":{"data":{"hello":"world"}}}`)
		c.want(`{"type":"complete","id":"1"}`)
	}
	c.send(`{"type":"complete","id":"never heard of"}`)
	c.wantPong()
}

func TestCompleteCancelsTheOperation(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{})
	c := s.connect(t)
	c.subscribe("1", `subscription{feed(name:"a")}`)
	eventually(t, "the operation runs", func() bool { return s.Stats().Operations == 1 })
	c.send(`{"type":"complete","id":"1"}`)
	eventually(t, "the operation has ended", func() bool { return s.Stats().Operations == 0 })
}

func TestClosingTheSocketCancelsItsOperations(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{})
	c := s.connect(t)
	for _, id := range []string{"1", "2", "3"} {
		c.subscribe(id, `subscription{feed(name:"a")}`)
	}
	eventually(t, "the operations run", func() bool { return s.Stats().Operations == 3 })
	c.conn.Close()
	eventually(t, "all is over", func() bool { return s.Stats().Operations == 0 && s.Stats().Sockets == 0 })
}

func TestClientThatClosesIsAnsweredWithItsOwnCode(t *testing.T) {
	t.Parallel()
	c := start(t, websocket.Config{}).connect(t)
	farewell := gorilla.FormatCloseMessage(gorilla.CloseNormalClosure, "Normal Closure")
	if err := c.conn.WriteMessage(gorilla.CloseMessage, farewell); err != nil {
		t.Fatal(err)
	}
	c.wantClose(gorilla.CloseNormalClosure)
}
