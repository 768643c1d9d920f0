package oauth

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/jsonschema-go/jsonschema"
)

// file is a YAML text of providers, for the schema; Load takes it apart.
type file struct {
	Providers map[string]entry `json:"providers" jsonschema:"by name: a lower-case letter, then lower-case letters, digits and _; settings begin with it (ACME_CLIENT_ID)"`
}

// inferred is the schema of the Go types.
func inferred(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text := func(pattern string) *jsonschema.Schema { return &jsonschema.Schema{Type: "string", Pattern: pattern} }
	enum := func(of []string) *jsonschema.Schema {
		s := &jsonschema.Schema{Type: "string"}
		for _, v := range of {
			s.Enum = append(s.Enum, v)
		}
		return s
	}
	s, err := jsonschema.For[file](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[link]():       text(linkPattern),
		reflect.TypeFor[path]():       text(pathPattern),
		reflect.TypeFor[span]():       text(`^([0-9]+(\.[0-9]+)?(h|m|s))+$`),
		reflect.TypeFor[separator]():  enum(separator("").oneOf()),
		reflect.TypeFor[clientAuth](): enum(clientAuth("").oneOf()),
		reflect.TypeFor[bodyFormat](): enum(bodyFormat("").oneOf()),
		reflect.TypeFor[method]():     enum(method("").oneOf()),
		reflect.TypeFor[revokeAuth](): enum(revokeAuth("").oneOf()),
		reflect.TypeFor[tokenKind]():  enum(tokenKind("").oneOf()),
	}})
	if err != nil {
		t.Fatal(err)
	}
	withoutNull(s)
	s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", "Providers that people connect accounts at, for fluxmcp"
	s.Properties["providers"].PropertyNames = &jsonschema.Schema{Pattern: namePattern}
	p := s.Properties["providers"].AdditionalProperties
	for _, base := range []string{"authorize", "token", "refresh"} {
		p.Properties["bases"].Properties[base].Pattern = basePattern
	}
	p.Properties["identity"].Properties["method"].Enum = []any{"GET", "POST"}
	return s
}

// withoutNull takes null out of the types that Go can leave out.
func withoutNull(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if len(s.Types) == 2 && s.Types[0] == "null" {
		s.Type, s.Types = s.Types[1], nil
	}
	withoutNull(s.Items)
	withoutNull(s.AdditionalProperties)
	for _, p := range s.Properties {
		withoutNull(p)
	}
}

func TestSchemaIsThatOfTheGoTypes(t *testing.T) {
	want, err := json.MarshalIndent(inferred(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile("providers.schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if Schema() != string(want) {
		t.Error("providers.schema.json is not what the types of entry.go say: run UPDATE_GOLDEN=1 go test ./oauth -run TestSchema")
	}
}

// asJSON is a YAML text as a validator of JSON sees it.
func asJSON(t *testing.T, text string) any {
	t.Helper()
	body, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// plain is the least that a provider has.
const plain = `providers:
  acme:
    title: Acme
    bases: {api: "https://api.acme.example", authorize: "https://acme.example/oauth", token: "{api}/token"}
    client_auth: basic
    pkce: true
    identity: {url: "{api}/me", id: ["{id}"]}
    scopes: []
`

func TestSchemaTakesOurProvidersAndRefusesWrongOnes(t *testing.T) {
	var s jsonschema.Schema
	if err := json.Unmarshal([]byte(Schema()), &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, text string
		valid      bool
	}{
		{"the embedded providers are valid", embedded, true},
		{"the least provider is valid", plain, true},
		{"an unknown member is refused", plain + "    colour: red\n", false},
		{"an unknown client_auth is refused", replaced(t, plain, "basic", "digest"), false},
		{"plain http elsewhere is refused", replaced(t, plain, "https://acme.example", "http://acme.example"), false},
		{"a name in capitals is refused", replaced(t, plain, "  acme:", "  Acme:"), false},
		{"a missing member is refused", replaced(t, plain, "    pkce: true\n", ""), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := resolved.Validate(asJSON(t, c.text)); (err == nil) != c.valid {
				t.Errorf("got %v, want valid: %t", err, c.valid)
			}
		})
	}
}
