package main

import (
	"reflect"
	"testing"

	"github.com/switchboard-voice/switchboard/graph"
	"github.com/switchboard-voice/switchboard/internal/config"
)

func TestEveryLimitOfADocumentCanBeSetAndChangesNoOther(t *testing.T) {
	t.Parallel()
	if b := budget(config.Config{}); b != graph.DefaultBudget() {
		t.Errorf("with nothing set: %+v", b)
	}
	changed := map[string]bool{}
	for _, measure := range config.Measures() {
		c, err := config.Load(map[string]string{"LIMIT_DOCUMENT": string(measure) + "=7"})
		if err != nil {
			t.Fatal(err)
		}
		is, was := reflect.ValueOf(budget(c)), reflect.ValueOf(graph.DefaultBudget())
		for i := range is.NumField() {
			if n := is.Field(i).Int(); n == 7 {
				changed[is.Type().Field(i).Name] = true
			} else if n != was.Field(i).Int() {
				t.Errorf("%s changes %s", measure, is.Type().Field(i).Name)
			}
		}
	}
	if all := reflect.TypeFor[graph.Budget]().NumField(); len(changed) != all {
		t.Errorf("only %v of %d can be set", changed, all)
	}
}
