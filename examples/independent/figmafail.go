package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

// refused proves that the server looks at requests at all.
func refused(ctx context.Context, base string) error {
	for _, c := range []struct{ name, method, path, token string }{
		{"no token", http.MethodGet, "/v1/me", ""},
		{"nodes without ids", http.MethodGet, "/v1/files/" + file + "/nodes", "x"},
		{"a picture in a format that there is not", http.MethodGet, "/v1/images/" + file + "?ids=1:2&format=gif", "x"},
		{"a path that there is not", http.MethodGet, "/v1/files/" + file + "/layers", "x"},
		{"a comment without a message", http.MethodPost, "/v1/files/" + file + "/comments", "x"},
	} {
		r, err := http.NewRequestWithContext(ctx, c.method, base+c.path, nil)
		if err != nil {
			return err
		}
		if c.token != "" {
			r.Header.Set("X-Figma-Token", c.token)
		}
		answer, body, err := open(r)
		if err != nil {
			return err
		}
		if answer.StatusCode < 400 || answer.StatusCode >= 500 {
			return fmt.Errorf("%s: got %s %s, want it refused", c.name, answer.Status, body)
		}
	}
	fmt.Println("ok    figma    refuses what the specification does not allow")
	return nil
}

// failures are statuses of Figma's, in the two forms that its specification has.
func failures(ctx context.Context, base string) error {
	calls := []call{
		{"Meta", func(ctx context.Context, c *api.Client) (any, error) { return c.Meta(ctx, file) }},
		{"TeamPublished", func(ctx context.Context, c *api.Client) (any, error) {
			return c.TeamPublished(ctx, team, api.Components, api.Page{})
		}},
	}
	for status, want := range map[int]api.Kind{400: api.BadRequest, 403: api.Forbidden, 404: api.NotFound, 429: api.Limited, 500: api.Away} {
		for _, c := range calls {
			_, err := c.ask(ctx, clientAt(base, status))
			if kind, _ := api.KindOf(err); kind != want {
				return fmt.Errorf("%s, status %d: got %v, want the kind %v", c.method, status, err, want)
			}
		}
	}
	fmt.Println("ok    figma    failures of 400, 403, 404, 429 and 500 told apart, in both forms")
	return nil
}
