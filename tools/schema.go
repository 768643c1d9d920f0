package tools

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
)

// inputSchema describes In: a closed object, with the ranges of spec.
func inputSchema[In any](spec Spec) json.RawMessage {
	s := infer[In](spec.Name)
	for name, r := range spec.Ranges {
		p := s.Properties[name]
		if p == nil {
			panic(fmt.Sprintf("tools: %s has a range for %q, which is no argument", spec.Name, name))
		}
		lo, hi := float64(r.Min), float64(r.Max)
		p.Minimum, p.Maximum = &lo, &hi
		p.Default = json.RawMessage(fmt.Sprint(r.Default))
	}
	for name, choices := range spec.Choices {
		p := s.Properties[name]
		if p == nil || p.Type != "string" {
			panic(fmt.Sprintf("tools: %s has choices for %q, which is no text argument", spec.Name, name))
		}
		for _, c := range choices {
			p.Enum = append(p.Enum, c)
		}
		p.Default, _ = json.Marshal(choices[0]) // a text encodes
	}
	if p := s.Properties[spec.Preview]; spec.Preview != "" && (p == nil || p.Type != "boolean") {
		panic(fmt.Sprintf("tools: %s has %q as its preview, which is no boolean argument", spec.Name, spec.Preview))
	}
	return marshalSchema(spec.Name, s)
}

// outputSchema describes Out; nil where that is text alone.
func outputSchema[Out any](spec Spec) json.RawMessage {
	if reflect.TypeFor[Out]() == reflect.TypeFor[Text]() {
		return nil
	}
	return marshalSchema(spec.Name, infer[Out](spec.Name))
}

func infer[T any](tool string) *jsonschema.Schema {
	s, err := jsonschema.For[T](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[json.RawMessage](): {}, // any JSON value
	}})
	if err != nil {
		panic(fmt.Sprintf("tools: schema of %s: %v", tool, err))
	}
	if s.Type != "object" {
		panic(fmt.Sprintf("tools: %s takes or returns something that is not a struct", tool))
	}
	plainLists(s)
	return s
}

// plainLists removes null from the types of lists: ours are never null.
func plainLists(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if len(s.Types) == 2 && slices.Contains(s.Types, "null") && slices.Contains(s.Types, "array") {
		s.Types, s.Type = nil, "array"
	}
	plainLists(s.Items)
	plainLists(s.AdditionalProperties)
	for _, p := range s.Properties {
		plainLists(p)
	}
}

func marshalSchema(tool string, s *jsonschema.Schema) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("tools: schema of %s: %v", tool, err))
	}
	return b
}
