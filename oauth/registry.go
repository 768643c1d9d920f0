package oauth

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

//go:embed providers.yaml
var embedded string

//go:embed providers.schema.json
var schema string

// Example is the text of the providers that come with fluxmcp, as a pattern for
// others.
func Example() string { return embedded }

// Schema is the JSON Schema of provider files, for editors.
func Schema() string { return schema }

// Registry holds providers. It does not change, and is safe for concurrent use.
type Registry struct{ byName map[string]Provider }

// Load reads the providers that come with fluxmcp, then those of each YAML text
// of the operator: one of the same name takes the place of the one before.
// Errors: *BadProvider.
func Load(extra ...[]byte) (*Registry, error) {
	r := &Registry{byName: map[string]Provider{}}
	if err := r.add("providers.yaml", []byte(embedded)); err != nil {
		return nil, err
	}
	for i, text := range extra {
		if err := r.add(fmt.Sprintf("provider file %d", i+1), text); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// All are the providers, sorted by name.
func (r *Registry) All() []Provider {
	list := make([]Provider, 0, len(r.byName))
	for _, name := range slices.Sorted(maps.Keys(r.byName)) {
		list = append(list, r.byName[name])
	}
	return list
}

// Get is the provider of a name.
func (r *Registry) Get(name string) (Provider, bool) {
	p, ok := r.byName[name]
	return p, ok
}

const maxFile = 1 << 20

// add reads one text. Its providers are decoded one by one, so that an error
// can name the provider.
func (r *Registry) add(source string, text []byte) error {
	parts, err := split(text)
	if err != nil {
		return bad(source, "", err)
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		e, err := decode(name, parts[name])
		if err != nil {
			return bad(source, name, err)
		}
		r.byName[name] = newProvider(name, e)
	}
	return nil
}

// split takes a text apart, into its providers by name.
func split(text []byte) (map[string]ast.Node, error) {
	if len(text) > maxFile {
		return nil, &BadProvider{Problem: "is larger than 1 MiB", hint: hintShape}
	}
	var whole struct {
		Providers map[string]ast.Node `json:"providers"`
	}
	d := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := d.Decode(&whole); err != nil && err != io.EOF {
		return nil, err
	}
	var more any
	if d.Decode(&more) != io.EOF {
		return nil, &BadProvider{Problem: "has a second document", hint: "Put all providers under one providers."}
	}
	if len(whole.Providers) == 0 {
		return nil, &BadProvider{Field: "providers", Problem: "is missing or empty", hint: hintShape}
	}
	return whole.Providers, nil
}

func decode(name string, node ast.Node) (entry, error) {
	var e entry
	if node == nil {
		return e, &BadProvider{Problem: "is empty", hint: hintShape}
	}
	if err := yaml.NodeToValue(node, &e, yaml.Strict()); err != nil {
		return e, err
	}
	if wrong := check(name, e); wrong != nil {
		return e, wrong
	}
	return e, nil
}

// BadProvider says what is wrong in a provider's data.
type BadProvider struct {
	Source   string // providers.yaml, or which file of the operator's
	Provider string // may be empty
	Field    string // such as bases.api; may be empty
	Problem  string // what follows the field's name in a sentence
	hint     string
}

// Error names file, provider and field.
func (e *BadProvider) Error() string {
	text := ""
	for _, part := range []string{e.Source, e.Provider, e.Field} {
		if part != "" {
			text += part + ": "
		}
	}
	return text + e.Problem
}

// Code is bad_setting.
func (e *BadProvider) Code() string { return "bad_setting" }

// Hint says how to write it.
func (e *BadProvider) Hint() string { return e.hint }

// bad says in which file and provider err is; of the YAML package's errors it
// keeps [line:column] and leaves out the excerpt.
func bad(source, provider string, err error) *BadProvider {
	var told *BadProvider
	if !errors.As(err, &told) {
		told = &BadProvider{Problem: yaml.FormatError(err, false, false), hint: hintShape}
	}
	told.Source, told.Provider = source, provider
	return told
}
