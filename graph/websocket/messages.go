package websocket

import (
	"bytes"
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// message is one message of a client that the protocol knows.
type message struct {
	kind    string
	id      string            // of subscribe and complete, never empty
	params  graphql.RawParams // of subscribe
	object  map[string]any    // the payload of connection_init
	payload json.RawMessage   // the payload of ping, an object or nothing
}

// fields are an object's members by their exact names: decoding into a struct would take "ID" for "id".
type fields map[string]json.RawMessage

// parse reads what a client sent. Every error is a refusal with 4400.
func parse(data []byte) (message, error) {
	var f fields
	if err := json.Unmarshal(data, &f); err != nil || f == nil {
		return message{}, badRequest("not a JSON object")
	}
	kind, ok := f.text("type")
	if !ok {
		return message{}, badRequest("type must be a string")
	}
	m := message{kind: kind}
	switch kind {
	case "connection_init":
		m.object, ok = f.object("payload")
	case "ping", "pong":
		m.payload = f["payload"]
		ok = f.absent("payload") || m.payload[0] == '{'
	case "subscribe":
		return m, m.subscription(f)
	case "complete":
		return m, m.identify(f)
	default:
		return message{}, badRequest("unknown type")
	}
	if !ok {
		return message{}, badRequest("payload must be an object")
	}
	return m, nil
}

func (m *message) identify(f fields) error {
	id, ok := f.text("id")
	if !ok || id == "" {
		return badRequest("id must be a string that is not empty")
	}
	m.id = id
	return nil
}

func (m *message) subscription(f fields) error {
	if err := m.identify(f); err != nil {
		return err
	}
	var payload fields
	if err := json.Unmarshal(f["payload"], &payload); err != nil || payload == nil {
		return badRequest("payload must be an object")
	}
	var ok bool
	if m.params.Query, ok = payload.text("query"); !ok {
		return badRequest("query must be a string")
	}
	if m.params.OperationName, ok = payload.text("operationName"); !ok && !payload.absent("operationName") {
		return badRequest("operationName must be a string")
	}
	if m.params.Variables, ok = payload.object("variables"); !ok {
		return badRequest("variables must be an object")
	}
	if m.params.Extensions, ok = payload.object("extensions"); !ok {
		return badRequest("extensions must be an object")
	}
	return nil
}

// absent says whether a member is missing or null, which the protocol takes for the same.
func (f fields) absent(name string) bool {
	return len(f[name]) == 0 || string(f[name]) == "null"
}

func (f fields) text(name string) (value string, ok bool) {
	if raw := f[name]; len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	return value, json.Unmarshal(f[name], &value) == nil
}

// object reads an optional object; numbers keep their digits, as everywhere in gqlgen.
func (f fields) object(name string) (value map[string]any, ok bool) {
	if f.absent(name) {
		return nil, true
	}
	decoder := json.NewDecoder(bytes.NewReader(f[name]))
	decoder.UseNumber()
	return value, decoder.Decode(&value) == nil
}

func (m message) pong() []byte {
	if len(m.payload) == 0 || m.payload[0] != '{' {
		return []byte(`{"type":"pong"}`)
	}
	return append(append([]byte(`{"type":"pong","payload":`), m.payload...), '}')
}

// start begins a message for an id, up to where its type's name or its payload goes on.
func start(id string, rest string, room int) []byte {
	quoted, _ := json.Marshal(id) // a string always can
	b := make([]byte, 0, len(`{"id":,`)+len(quoted)+len(rest)+room)
	return append(append(append(append(b, `{"id":`...), quoted...), ','), rest...)
}

func completeMessage(id string) []byte { return start(id, `"type":"complete"}`, 0) }

// nextMessage wraps a response. The data is JSON that gqlgen just wrote: it is copied once, where
// marshalling the response would parse and write it twice more.
func nextMessage(id string, r *graphql.Response) ([]byte, error) {
	const head = `"type":"next","payload":`
	if len(r.Data) > 0 && len(r.Errors) == 0 && len(r.Extensions) == 0 && r.HasNext == nil && r.Label == "" && r.Path == nil {
		b := append(start(id, head+`{"data":`, len(r.Data)+2), r.Data...)
		return append(b, "}}"...), nil
	}
	payload, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return append(append(start(id, head, len(payload)+1), payload...), '}'), nil
}

// errorMessage always has at least one error: clients refuse an empty list.
func errorMessage(id string, errs gqlerror.List) []byte {
	payload, err := json.Marshal(errs)
	if err != nil || len(errs) == 0 {
		payload = []byte(`[{"message":"internal system error"}]`)
	}
	return append(append(start(id, `"type":"error","payload":`, len(payload)+1), payload...), '}')
}
