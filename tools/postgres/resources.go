package postgres

import (
	"context"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
)

// resources are what a client can attach to a conversation by itself.
func (h handlers) resources() []tools.Resource {
	return []tools.Resource{{
		URI: "flux://schema", Name: "schema", Title: "Database schema", MIMEType: "text/plain",
		Description: "All readable tables in brief, as the schema tool shows them.",
		Read: func(ctx context.Context) (string, error) {
			res, err := h.schema(ctx, schemaArgs{Budget: schemaSpec.Ranges["budget"].Default})
			return res.Text(), err
		},
	}}
}

func (h handlers) templates() []tools.ResourceTemplate {
	return []tools.ResourceTemplate{{
		URITemplate: "flux://table/{name}", Name: "table", Title: "Database table", MIMEType: "text/plain",
		Description: "One table, as describe_table shows it.",
		Complete:    map[string]tools.Completer{"name": h.completeTable},
		Read: func(ctx context.Context, values map[string]string) (string, error) {
			res, err := h.describeTable(ctx, describeArgs{Table: values["name"]})
			if err != nil {
				return "", err
			}
			return res.Text(), nil
		},
	}}
}

// completeTable lists table names: those that begin with prefix, then those
// that contain it.
func (h handlers) completeTable(ctx context.Context, prefix string) ([]string, error) {
	if err := h.catalog.Ensure(ctx); err != nil {
		return nil, err
	}
	list, err := h.tables.List(ctx)
	if err != nil {
		return nil, err
	}
	prefix = strings.ToLower(prefix)
	var begin, contain []string
	for _, t := range list {
		name := t.FullName()
		switch lower := strings.ToLower(name); {
		case t.Partition:
		case strings.HasPrefix(lower, prefix):
			begin = append(begin, name)
		case strings.Contains(lower, prefix):
			contain = append(contain, name)
		}
	}
	return append(begin, contain...), nil
}
