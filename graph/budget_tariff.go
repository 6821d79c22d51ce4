package graph

import (
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// tariff is what the schema says about prices. It is made once and only read.
type tariff struct {
	weights map[*ast.FieldDefinition]float64 // of those that do not weigh 1
	lengths map[*ast.FieldDefinition]float64 // of lists whose length the schema knows: introspection
}

// meta is the weight of a field of introspection. It is made anew for each answer, but reads nothing.
const meta = 1

func newTariff(schema *ast.Schema) tariff {
	t := tariff{weights: map[*ast.FieldDefinition]float64{}, lengths: map[*ast.FieldDefinition]float64{}}
	for _, def := range schema.Types {
		for _, field := range def.Fields {
			if strings.HasPrefix(def.Name, "__") {
				t.weights[field] = meta
			}
			cost := field.Directives.ForName("cost")
			if cost == nil || cost.Arguments.ForName("weight") == nil {
				continue
			}
			if n, err := strconv.ParseFloat(cost.Arguments.ForName("weight").Value.Raw, 64); err == nil {
				t.weights[field] = n
			}
		}
	}
	t.introspection(schema)
	return t
}

func (t tariff) weight(field *ast.FieldDefinition) float64 {
	if weight, ok := t.weights[field]; ok {
		return weight
	}
	return 1
}

// introspection knows how many types there are and how many fields one has on the average; assuming a
// fixed length instead would price the honest question of GraphiQL like an attack.
func (t tariff) introspection(schema *ast.Schema) {
	var fields, args, inputs, interfaces, values, possible, widest, directiveArgs float64
	for _, def := range schema.Types {
		interfaces += float64(len(def.Interfaces))
		values += float64(len(def.EnumValues))
		if def.Kind == ast.InputObject {
			inputs += float64(len(def.Fields))
			continue
		}
		if def.IsAbstractType() {
			possible += float64(len(schema.PossibleTypes[def.Name]))
		}
		fields += float64(len(def.Fields))
		widest = max(widest, float64(len(def.Fields)))
		for _, field := range def.Fields {
			args += float64(len(field.Arguments))
		}
	}
	for _, def := range schema.Directives {
		directiveArgs += float64(len(def.Arguments))
	}
	types, directives := float64(len(schema.Types)), float64(len(schema.Directives))
	for name, length := range map[string]map[string]float64{
		"__Schema":        {"types": types, "directives": directives},
		"__Type":          {"fields": fields / types, "interfaces": interfaces / types, "possibleTypes": possible / types, "enumValues": values / types, "inputFields": inputs / types},
		"__Field":         {"args": args / fields},
		"__Directive":     {"args": directiveArgs / directives},
		schema.Query.Name: {"__type": widest / (fields / types)}, // one type, which may be the widest
	} {
		for field, n := range length {
			if def := schema.Types[name]; def != nil && def.Fields.ForName(field) != nil {
				t.lengths[def.Fields.ForName(field)] = n
			}
		}
	}
}
