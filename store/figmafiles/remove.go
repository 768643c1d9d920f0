package figmafiles

import (
	"context"
	"fmt"

	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

const removeSQL own.SQL = `DELETE FROM fluxmcp.figma_files_cache WHERE file_key = $4 AND account = $3
	AND user_id = (SELECT id FROM fluxmcp.users WHERE issuer = $1 AND subject = $2)`

// Remove forgets the file of k: its account may not see it any more.
func (f *Files) Remove(ctx context.Context, k Key) error {
	if !k.keeps("") {
		return nil // it cannot be there
	}
	if _, err := f.own.Exec(ctx, removeSQL, k.Person.Issuer, k.Person.Subject, k.Account, k.File); err != nil {
		return fmt.Errorf("remove a cached file: %w", err)
	}
	return nil
}
