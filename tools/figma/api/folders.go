package api

import (
	"context"

	"github.com/maypok86/otter/v2"
)

// knownForms is of how many accounts it is remembered which form works.
const knownForms = 10_000

// Folders lists the folders at the top of a team, in the form of Figma's API
// that the account may use: folders, or projects as they were called before.
// Which one that is, is remembered for each account.
// Errors: *Unlisted where both want a scope that the token lacks.
func (c *Client) Folders(ctx context.Context, team string) (l FolderList, err error) {
	err = c.either(ctx,
		func() error { l, err = c.TeamFolders(ctx, team); return err },
		func() error { l, err = c.TeamProjects(ctx, team); return err })
	return l, err
}

// Contents are what is in a folder.
type Contents struct {
	FileList
	Folders   []Folder
	NoFolders bool // the form that the account may use knows no folders in folders
}

// FolderContents lists the files of a folder, and the folders in it where inner is
// set, which is a request more; in the form that the account may use.
// Errors: as of Folders.
func (c *Client) FolderContents(ctx context.Context, folder string, inner bool) (l Contents, err error) {
	err = c.either(ctx,
		func() error {
			l = Contents{}
			if l.FileList, err = c.FolderFiles(ctx, folder); err != nil || !inner {
				return err
			}
			within, err := c.Subfolders(ctx, folder)
			l.Folders = within.Folders
			return err
		},
		func() error {
			l = Contents{NoFolders: true}
			l.FileList, err = c.ProjectFiles(ctx, folder)
			return err
		})
	return l, err
}

// Unlisted says that the token may list folders in no form.
type Unlisted struct{ New, Old error }

// Error says what it may not.
func (*Unlisted) Error() string {
	return "this account's token may not list folders: it has neither the scope folders:read nor projects:read"
}

// Unwrap returns what Figma said, of the present form first.
func (u *Unlisted) Unwrap() []error { return []error{u.New, u.Old} }

// forms remembers of accounts whether only the old form works for them.
type forms struct{ old *otter.Cache[string, bool] }

func newForms() *forms {
	return &forms{otter.Must(&otter.Options[string, bool]{MaximumSize: knownForms, Executor: func(f func()) { f() }})}
}

// either calls the form that works for the account, and the other one where that
// is refused. Where a form is known to work, only a missing scope makes the other
// worth a request.
func (c *Client) either(ctx context.Context, present, former func() error) error {
	account, err := c.account(ctx)
	if err != nil {
		return err
	}
	old, known := c.forms.old.GetIfPresent(account)
	first, second := present, former
	if old {
		first, second = former, present
	}
	err = first()
	if err == nil {
		c.forms.old.Set(account, old)
		return nil
	}
	if kind, _ := KindOf(err); !final(err) || known && kind != ScopeMissing {
		return err
	}
	other := second()
	switch {
	case other == nil:
		c.forms.old.Set(account, !old)
		return nil
	case !final(other):
		return other
	case old:
		return both(other, err)
	default:
		return both(err, other)
	}
}

// final reports whether Figma refused for good.
func final(err error) bool {
	kind, _ := KindOf(err)
	return kind == ScopeMissing || kind == Forbidden || kind == NotFound
}

// both is what is told where both forms are refused: that one may not at all
// only where no form says anything else.
func both(present, former error) error {
	a, _ := KindOf(present)
	b, _ := KindOf(former)
	switch {
	case a == ScopeMissing && b == ScopeMissing:
		return &Unlisted{present, former}
	case a == ScopeMissing:
		return former
	default:
		return present
	}
}
