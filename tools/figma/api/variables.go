package api

import "context"

// VariableNames are the names of the variables that a file has or uses, by id.
// Figma gives them in Enterprise plans alone.
func (c *Client) VariableNames(ctx context.Context, file string) (map[string]string, error) {
	var out struct {
		Meta struct {
			Variables map[string]struct {
				Name string `json:"name"`
			} `json:"variables"`
		} `json:"meta"`
	}
	if err := c.read(ctx, ask{tier: Tier2, file: file, path: "/v1/files/" + segment(file) + "/variables/local"}, &out); err != nil {
		return nil, err
	}
	names := make(map[string]string, len(out.Meta.Variables))
	for id, v := range out.Meta.Variables {
		names[id] = v.Name
	}
	return names, nil
}
