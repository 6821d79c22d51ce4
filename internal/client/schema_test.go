package client

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

func TestDocumentsFitTheServersSchema(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../graph/*.graphqls")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d files of the schema, %v", len(files), err)
	}
	sources := make([]*ast.Source, len(files))
	for i, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources[i] = &ast.Source{Name: name, Input: string(text)}
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range []string{askViewer, createUpload, completeUpload, watchStatus, readTranscript, askDownload, streamHead, startCall, watchCall, watchRecordings, readCall, askStanding, askPrices, openCheckout, endSubscription, watchBilling} {
		if _, err := gqlparser.LoadQuery(schema, document); err != nil {
			t.Errorf("%v in %s", err, document)
		}
	}
}
