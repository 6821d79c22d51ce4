package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// insistEvery is how soon somebody who got no answer presses the button again.
	insistEvery = 100 * time.Millisecond
	// insisting is how long: the promise after a death, and as much again for a busy machine.
	insisting = 3 * time.Minute
	// resting is how long the jobs of the dead are waited for once the person has what they came for: only by running
	// again they show that they do nothing twice.
	resting = 90 * time.Second
)

// seed makes an organization with one owner and one telephone number.
func (r *rig) seed(ctx context.Context) error {
	organization := uuid.Must(uuid.NewV7())
	for _, table := range []struct {
		name    string
		columns []string
		row     []any
	}{
		{"users", []string{"id", "email", "name"}, []any{r.user, r.user.String() + "@example.com", "Somebody"}},
		{"organizations", []string{"id", "name", "slug"}, []any{organization, "Ours", "ours"}},
		{"memberships", []string{"id", "organization_id", "user_id", "role"}, []any{uuid.Must(uuid.NewV7()), organization, r.user, "OWNER"}},
		{"phone_numbers", []string{"id", "organization_id", "number"}, []any{uuid.Must(uuid.NewV7()), organization, ourNumber}},
	} {
		if err := r.Insert(ctx, table.name, table.columns, [][]any{table.row}); err != nil {
			return err
		}
	}
	var err error
	if r.token, err = r.Token(r.user); err != nil {
		return err
	}
	r.organization = ids.Of(ids.Organization, organization).String()
	r.person = client.New(client.Config{Server: r.balancer.URL, Token: r.token})
	return nil
}

// insist asks until there is an answer that will do, each time in the same words: with the same key.
func (r *rig) insist(ctx context.Context, what string, ask func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, insisting)
	defer cancel()
	for {
		enough, err := ask(ctx)
		if enough && err == nil {
			return nil
		}
		if lab.Pause(ctx, insistEvery) != nil {
			return fmt.Errorf("%s: never answered well: %w", what, err)
		}
	}
}

// mutate repeats a mutation until its answer names what was made.
func (r *rig) mutate(ctx context.Context, mutation string, input map[string]any, out any, made func() bool) error {
	return r.insist(ctx, fmt.Sprintf("%.30s…", mutation), func(ctx context.Context) (bool, error) {
		err := r.person.Do(ctx, mutation, map[string]any{"in": input}, out)
		return made(), err
	})
}
