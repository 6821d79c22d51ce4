package httpserver

import (
	"io"
	"strings"
	"testing"
)

func TestRequestInChunksIsTheLastOfItsConnection(t *testing.T) {
	t.Parallel()
	s := start(t, all())
	for name, length := range map[string]string{"chunks": "", "chunks and a length": "Content-Length: 4\r\n"} {
		conn := s.dial()
		_, _ = io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\n"+length+"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n")
		text, err := io.ReadAll(conn)
		if err != nil || strings.Count(string(text), "HTTP/1.1 ") != 1 || !strings.Contains(string(text), "Connection: close") {
			t.Errorf("%s: %s %v", name, text, err)
		}
	}
}
