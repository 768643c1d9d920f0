package figma

import (
	"context"
	"errors"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

// teamFolders lists the folders at the top of a team.
// Errors: *unlisted, *api.Error.
func (h handlers) teamFolders(ctx context.Context, team string) (api.FolderList, error) {
	list, err := h.api.Folders(ctx, team)
	return list, explain(err)
}

// explain says what Figma does not allow, and what to do instead.
func explain(err error) error {
	var none *api.Unlisted
	if errors.As(err, &none) {
		return &unlisted{none}
	}
	return err
}

// unlisted says that the account's token may not list folders. Figma gives the
// scopes to no public OAuth app.
// Source: https://developers.figma.com/docs/rest-api/scopes/
type unlisted struct{ err error }

// Error says which scope is missing, and why that may be.
func (*unlisted) Error() string {
	return "this account's token may not list a team's files: it lacks the scope folders:read (or projects:read, its older form), which Figma gives to no public OAuth app"
}

// Unwrap returns what Figma said.
func (e *unlisted) Unwrap() error { return e.err }

// Code is figma_scope_missing.
func (*unlisted) Code() string { return "figma_scope_missing" }

// Hint says what works instead.
func (*unlisted) Hint() string {
	return "Give the file's own link to the other tools instead, or have the operator use a private OAuth app of your organisation with folders:read in FIGMA_SCOPES, or a FIGMA_ACCESS_TOKEN with that scope."
}

// Details names the scopes that would do.
func (*unlisted) Details() map[string]string {
	return map[string]string{"needed": "folders:read, projects:read"}
}
