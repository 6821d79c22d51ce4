package graph

import "github.com/vektah/gqlparser/v2/validator/rules"

// noHints are the rules of validation that do not guess what was meant. gqlgen's own switch leaves the
// guesses at arguments, types and values, which spell out a schema whose introspection is off; where it is on, a
// guess at a type is measured against every type there is, and an editor knows better.
func noHints() *rules.Rules {
	r := rules.NewDefaultRules()
	r.ReplaceRule(rules.KnownArgumentNamesRule.Name, rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc)
	r.ReplaceRule(rules.KnownTypeNamesRule.Name, rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc)
	r.ReplaceRule(rules.ValuesOfCorrectTypeRule.Name, rules.ValuesOfCorrectTypeRuleWithoutSuggestions.RuleFunc)
	return r
}
