package main

import (
	"time"

	"github.com/switchboard-voice/switchboard/graph"
	"github.com/switchboard-voice/switchboard/internal/config"
	"github.com/switchboard-voice/switchboard/internal/limit"
)

// rush is how many seconds' worth may come at once: a page that opens, or all pages after a restart of ours.
const rush = 10

// perSecond is a limit of requests.
func perSecond(n int) *limit.Keyed {
	return limit.New(limit.Config{Amount: n, Per: time.Second, Burst: rush * n})
}

// perMinute is a limit of cost: a document that costs the whole budget must fit many times.
func perMinute(n int) *limit.Keyed {
	return limit.New(limit.Config{Amount: n, Per: time.Minute})
}

func limits(c config.Config) graph.Limits {
	return graph.Limits{
		Users:     graph.Allowance{Requests: perSecond(c.RequestsPerUser), Cost: perMinute(c.CostPerUser), Sockets: c.SocketsPerUser},
		Strangers: graph.Allowance{Requests: perSecond(c.RequestsPerAddress), Cost: perMinute(c.CostPerAddress), Sockets: c.SocketsPerAddress},
		Organizations: graph.Share{
			Requests: perSecond(c.RequestsPerOrganization), Cost: perMinute(c.CostPerOrganization), Streams: limit.NewPlaces(c.SubscriptionsPerOrganization),
		},
	}
}

// budget is what one document may cost.
func budget(c config.Config) graph.Budget {
	b := graph.DefaultBudget()
	for measure, place := range map[config.Measure]*int{
		"BYTES": &b.Bytes, "TOKENS": &b.Tokens, "DEFINITIONS": &b.Definitions, "FRAGMENTS": &b.Fragments, "DIRECTIVES": &b.Directives,
		"ALIASES": &b.Aliases, "DEPTH": &b.Depth, "ROOT_FIELDS": &b.RootFields, "COMPARISONS": &b.Comparisons, "COST": &b.Cost,
	} {
		if most, ok := c.DocumentLimits[measure]; ok {
			*place = most
		}
	}
	return b
}
