package graph

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

func TestAddressIsReadAsTheBodyOfAPostWouldBe(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, `/graphql?query=%7Ba%7D&operationName=b&variables=%7B%22n%22%3A12345678901234567890%7D&extensions=&other=x&other=y`, nil)
	var params graphql.RawParams
	if refused := address(r, &params); refused != nil {
		t.Fatalf("refused: %s", refused.message)
	}
	if params.Query != "{a}" || params.OperationName != "b" || params.Variables["n"] != json.Number("12345678901234567890") || params.Extensions != nil {
		t.Errorf("%+v", params)
	}
}

func TestAddressThatIsNoOperationIsRefused(t *testing.T) {
	t.Parallel()
	for _, query := range []string{
		"", "query=", "query=%zz", "query={a};x=1", "query={a}&query={b}", "query={a}&variables=[]", "query={a}&variables=1", "query={a}&variables={}{}",
		"query={a}&variables={}]", "query={a}&extensions=%22x%22", "query={a}&variables={}&variables={}", "query={a}&operationName=a&operationName=b",
	} {
		r := httptest.NewRequest(http.MethodGet, "/graphql", nil)
		r.URL.RawQuery = query
		if refused := address(r, &graphql.RawParams{}); refused == nil || refused.status != http.StatusBadRequest {
			t.Errorf("%s: %v", query, refused)
		}
	}
}

func TestOnlyQueriesRunByGet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method string
		kind   ast.Operation
		status int
	}{
		{http.MethodGet, ast.Mutation, http.StatusMethodNotAllowed},
		{http.MethodGet, ast.Subscription, http.StatusBadRequest},
		{http.MethodPost, ast.Subscription, http.StatusBadRequest},
	} {
		if refused := elsewhere(c.method, c.kind); refused == nil || refused.status != c.status {
			t.Errorf("%s %s: %v", c.method, c.kind, refused)
		}
	}
	for method, kind := range map[string]ast.Operation{http.MethodGet: ast.Query, http.MethodPost: ast.Mutation} {
		if refused := elsewhere(method, kind); refused != nil {
			t.Errorf("%s %s: %v", method, kind, refused)
		}
	}
}
