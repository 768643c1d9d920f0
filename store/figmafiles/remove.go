package figmafiles

import (
	"context"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store/internal/kept"
)

// Drop forgets a file of everybody, and tells how many had it. After an error
// some of them may still have it.
func (f *Files) Drop(ctx context.Context, file string) (int, error) {
	if !kept.Storable(file) {
		return 0, nil
	}
	dropped := 0
	for {
		n, err := f.shelf.Delete(ctx, dropSQL, file, dropBatch)
		dropped += n
		if err != nil || n < dropBatch {
			return dropped, err
		}
	}
}

// Forget forgets all files of a person.
func (f *Files) Forget(ctx context.Context, p oauth.Person) error {
	_, err := f.shelf.Delete(ctx, forgetSQL, p.Issuer, p.Subject)
	return err
}

// Remove forgets the file of k: its account may not see it any more.
func (f *Files) Remove(ctx context.Context, k Key) error {
	if !k.kept().Keeps("") {
		return nil // it cannot be there
	}
	_, err := f.shelf.Delete(ctx, removeSQL, k.Person.Issuer, k.Person.Subject, k.Account, k.File)
	return err
}
