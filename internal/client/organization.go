package client

import (
	"context"
	"fmt"
	"strings"
)

// membership is an organization of the viewer's.
type membership struct{ Organization struct{ ID, Slug string } }

const askViewer = `query { viewer { memberships { organization { id slug } } } }`

// organization finds the id of the one that was named, or of the only one there is.
func (c *Client) organization(ctx context.Context, named string) (string, error) {
	var out struct {
		Viewer *struct{ Memberships []membership }
	}
	if err := c.Do(ctx, askViewer, nil, &out); err != nil {
		return "", fmt.Errorf("asking who is signed in: %w", err)
	}
	if out.Viewer == nil {
		return "", &Error{Code: "UNAUTHENTICATED", Message: "The server does not know this token."}
	}
	all := out.Viewer.Memberships
	if named == "" && len(all) == 1 {
		return all[0].Organization.ID, nil
	}
	slugs := make([]string, len(all))
	for i, m := range all {
		if named != "" && (m.Organization.ID == named || m.Organization.Slug == named) {
			return m.Organization.ID, nil
		}
		slugs[i] = m.Organization.Slug
	}
	return "", noOrganization(named, slugs)
}

func noOrganization(named string, slugs []string) error {
	switch {
	case len(slugs) == 0:
		return &Error{Code: "FORBIDDEN", Message: "You belong to no organization."}
	case named == "":
		return &Error{Code: "INVALID", Message: "Choose one of your organizations: " + strings.Join(slugs, ", ") + "."}
	}
	return &Error{Code: "NOT_FOUND", Message: fmt.Sprintf("You do not belong to %q, but to: %s.", named, strings.Join(slugs, ", "))}
}
