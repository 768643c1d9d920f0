package files

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

// Variables are the names of a file's variables by id, where Figma tells them to
// this account: few plans have that, and few apps the scope. They are an extra,
// so there is no error; where they are refused, they are not asked for again
// within Life.
func (s *Source) Variables(ctx context.Context, file string) map[string]string {
	v, err := s.Look(ctx, file)
	if err != nil || v.Stale {
		return nil
	}
	for _, key := range []string{v.key, v.account} {
		if until, ok := s.nameless.GetIfPresent(key); ok && s.cfg.Now().Before(until) {
			return nil
		}
	}
	key := smallKey(v, "variables")
	names := map[string]string{}
	if value, ok := s.small(ctx, key); ok && json.Unmarshal(value, &names) == nil {
		return names
	}
	names, err = once(ctx, &s.flight, key, func(ctx context.Context) (map[string]string, error) {
		return s.cfg.API.VariableNames(ctx, file)
	})
	if err != nil {
		s.withoutNames(v, err)
		return nil
	}
	if value, err := json.Marshal(names); err == nil {
		s.keep(ctx, key, value, Life)
	}
	return maps.Clone(names)
}

// withoutNames remembers who is not told the names of variables: an account
// without the scope, or of a file in such a plan.
func (s *Source) withoutNames(v View, err error) {
	until := s.cfg.Now().Add(Life)
	switch kind, _ := api.KindOf(err); kind {
	case api.ScopeMissing:
		s.nameless.Set(v.account, until)
	case api.Forbidden, api.NotFound, api.BadRequest:
		s.nameless.Set(v.key, until)
	}
}
