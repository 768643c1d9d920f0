package files

import (
	"context"
	"errors"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

// View is what Figma says of a file before it is read.
type View struct {
	Meta  api.Meta // zero where Stale, or where the account may not ask for it
	Stamp string   // another one where the contents are others
	Stale bool     // Figma could not be asked; Stamp is the last one that is known

	account, file, key string
	until              time.Time // how long this holds
	why                error     // of Stale
}

func newView(account, file string) View {
	return View{account: account, file: file, key: account + "\x00" + file}
}

// again is how long Figma is left alone after it could not be asked: less than
// callers are told to wait.
const again = 3 * time.Second

// unmarked is how long contents count as the same where Figma does not tell the
// account their version.
const unmarked = 5 * time.Minute

// Look asks for the version of a file, which is a cheap request, unless that was
// just done.
func (s *Source) Look(ctx context.Context, file string) (View, error) {
	account, err := s.cfg.Account(ctx)
	if err != nil {
		return View{}, err
	}
	v := newView(account, file)
	if known, ok := s.views.GetIfPresent(v.key); ok {
		if s.cfg.Now().Before(known.until) {
			return known, nil
		}
		v.Stamp = known.Stamp
	}
	return once(ctx, &s.flight, "look "+v.key, func(ctx context.Context) (View, error) { return s.ask(ctx, v) })
}

func (s *Source) ask(ctx context.Context, v View) (View, error) {
	meta, err := s.cfg.API.Meta(ctx, v.file)
	now := s.cfg.Now()
	kind, _ := api.KindOf(err)
	switch {
	case err == nil:
		v.Meta, v.Stamp, v.until = meta, meta.Version+"@"+meta.LastTouchedAt.UTC().Format(time.RFC3339Nano), now.Add(s.cfg.Fresh)
	case kind == api.ScopeMissing: // contents may be allowed though the version is not
		slot := now.Truncate(unmarked)
		v.Stamp, v.until = "unmarked@"+slot.UTC().Format(time.RFC3339), slot.Add(unmarked)
	case waits(err):
		v.Stale, v.why, v.until = true, err, now.Add(min(s.cfg.Fresh, again))
	default:
		if refused(err) {
			s.forget(ctx, v)
		}
		return View{}, err
	}
	s.views.Set(v.key, v)
	return v, nil
}

// waits tells what may be answered from what there is: Figma is away, or the
// limit of the account is reached.
func waits(err error) bool {
	kind, ok := api.KindOf(err)
	return ok && (kind == api.Limited || kind == api.Away)
}

// refused tells that Figma does not show the file to the account, or not any
// longer, or does not know its token.
func refused(err error) bool {
	kind, ok := api.KindOf(err)
	return ok && (kind == api.NotFound || kind == api.Forbidden || kind == api.TokenRefused || kind == api.ScopeMissing || kind == api.BadRequest)
}

// tooLarge tells that less must be asked for at once.
func tooLarge(err error) bool {
	kind, ok := api.KindOf(err)
	return (ok && (kind == api.RequestTooLarge || kind == api.AnswerTooLarge)) || errors.As(err, new(*design.TooLarge))
}

// UnknownVersion says that a file has no such version in its history.
type UnknownVersion struct{ ID string }

// Error names the version.
func (e *UnknownVersion) Error() string { return "the file has no version " + e.ID }

// Code is unknown_version.
func (*UnknownVersion) Code() string { return "unknown_version" }

// Hint says where versions are.
func (*UnknownVersion) Hint() string {
	return "Call figma_list_versions with the file alone for the ids of its versions."
}

// TooLarge says that a file cannot be read whole.
type TooLarge struct{ err error }

// Error says so.
func (*TooLarge) Error() string { return "the file is too large to be read as a whole" }

// Unwrap returns what Figma said.
func (e *TooLarge) Unwrap() error { return e.err }

// Code is figma_file_too_large.
func (*TooLarge) Code() string { return "figma_file_too_large" }

// Hint says what to do.
func (*TooLarge) Hint() string {
	return "Call figma_get_file with depth 1 or 2, then figma_get_node with the ids of the parts that matter."
}
