package tools

import (
	"context"
	"slices"
)

// The scopes that a token may be limited to. Each holds the ones before it.
const (
	ScopeRead  = "fluxmcp:read"  // call tools that change nothing, and read lists, resources and prompts
	ScopeWrite = "fluxmcp:write" // call every tool
	ScopeAdmin = "fluxmcp:admin" // and run the server: clear caches, read metrics
)

// scopes in the order in which each holds the ones before it.
func scopes() []string { return []string{ScopeRead, ScopeWrite, ScopeAdmin} }

// Scope is what a token must permit for a tool of effect e.
func (e Effect) Scope() string {
	if e == ReadOnly {
		return ScopeRead
	}
	return ScopeWrite
}

// Permits reports whether p's token permits scope. A token that names no scopes
// is limited by none of them; only Admin makes an administrator.
func (p Principal) Permits(scope string) bool {
	if scope == ScopeAdmin && !p.Admin {
		return false
	}
	if !p.Scoped {
		return true
	}
	order := scopes()
	wanted := slices.Index(order, scope)
	return wanted >= 0 && slices.ContainsFunc(order[wanted:], func(s string) bool { return slices.Contains(p.Scopes, s) })
}

// insufficientScope is the failure of a call that its token does not permit. The
// transport refuses such a call before it gets here; this holds where one forgets.
type insufficientScope struct{ scope string }

func (e *insufficientScope) Error() string { return "the token does not permit " + e.scope }
func (e *insufficientScope) Code() string  { return "insufficient_scope" }
func (e *insufficientScope) Hint() string {
	return "Sign in again with the scope " + e.scope + ", or call a tool that needs less."
}

// permitted is nil where the caller of ctx may call t.
func permitted(ctx context.Context, t Tool) error {
	if scope := t.Spec.Effect.Scope(); !PrincipalOf(ctx).Permits(scope) {
		return &insufficientScope{scope}
	}
	return nil
}
