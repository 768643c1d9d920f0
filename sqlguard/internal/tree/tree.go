// Package tree visits PostgreSQL parse trees by reflection over every message field, so that no child can be forgotten.
// It knows the shape of the trees and no rule about them.
package tree

import (
	"reflect"
	"sync"

	pgquery "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Plan says how to visit one message type. Plans are built once for the process and never change.
type Plan struct {
	Name   string // the message's Go name, e.g. "SelectStmt"
	ID     int    // below Count(), for tables of rules
	fields []field
}

type field struct {
	index int // of the struct field
	name  string
	kind  kind
	child *Plan                  // of a message or list field
	oneof map[reflect.Type]*Plan // of a oneof field, by wrapper type
}

type kind uint8

const (
	single kind = iota
	list
	oneof
)

// Visitor is told of every message before its children.
type Visitor interface {
	// Enter reports whether to visit the children of message, a pointer to the type p is the plan of. A nil plan stands
	// for a message type that the parser's description does not have.
	Enter(p *Plan, message reflect.Value) bool
}

// plans holds a plan for every message type reachable from a parse result.
type plans struct{ byType map[reflect.Type]*Plan }

var compiled = sync.OnceValue(func() *plans {
	p := &plans{byType: map[reflect.Type]*Plan{}}
	p.compile(reflect.TypeOf(pgquery.ParseResult{}))
	return p
})

// Plans returns the plan of every message type a parse result can hold, in order of their IDs.
func Plans() []*Plan {
	all := make([]*Plan, len(compiled().byType))
	for _, p := range compiled().byType {
		all[p.ID] = p
	}
	return all
}

// Of returns the plan of a message, given as a pointer; nil for a type that no parse result holds.
func Of(message any) *Plan { return compiled().byType[reflect.TypeOf(message).Elem()] }

// Without returns a copy of p that skips one field.
func (p *Plan) Without(name string) *Plan {
	rest := &Plan{Name: p.Name, ID: p.ID}
	for _, f := range p.fields {
		if f.name != name {
			rest.fields = append(rest.fields, f)
		}
	}
	return rest
}

// Fields returns the names of the fields p visits.
func (p *Plan) Fields() []string {
	names := make([]string, len(p.fields))
	for i, f := range p.fields {
		names[i] = f.name
	}
	return names
}

// Walk visits message, given as a pointer, and everything below it.
func Walk(message any, v Visitor) {
	if value := reflect.ValueOf(message); !value.IsNil() {
		visit(value, Of(message), v)
	}
}

func visit(message reflect.Value, p *Plan, v Visitor) {
	if v.Enter(p, message) {
		p.Children(message, v)
	}
}

// Children visits everything below message, a pointer to the type p is the plan of, but not message itself.
func (p *Plan) Children(message reflect.Value, v Visitor) {
	s := message.Elem()
	for i := range p.fields {
		f := &p.fields[i]
		value := s.Field(f.index)
		switch {
		case f.kind == list:
			for j := range value.Len() {
				if item := value.Index(j); !item.IsNil() {
					visit(item, f.child, v)
				}
			}
		case value.IsNil():
		case f.kind == single:
			visit(value, f.child, v)
		default:
			member(value.Elem(), f, v)
		}
	}
}

// member visits the one message a oneof holds.
func member(wrapper reflect.Value, f *field, v Visitor) {
	inner := wrapper.Elem().Field(0)
	child, known := f.oneof[wrapper.Type()]
	switch {
	case !known:
		v.Enter(nil, inner)
	case child != nil && !inner.IsNil():
		visit(inner, child, v)
	}
}

// Inspect calls f for message and everything below it; f reports whether to go below what it was given.
func Inspect(message any, f func(message any) bool) { Walk(message, inspector(f)) }

type inspector func(message any) bool

func (f inspector) Enter(p *Plan, message reflect.Value) bool {
	return p != nil && f(message.Interface())
}

// Texts returns the strings of a list of names; what is no string becomes an empty one. The result has at least one
// element.
func Texts(nodes []*pgquery.Node) []string {
	if len(nodes) == 0 {
		return []string{""}
	}
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = n.GetString_().GetSval()
	}
	return out
}

// Last returns the last string of a list of names: the name without its schema.
func Last(nodes []*pgquery.Node) string {
	if len(nodes) == 0 {
		return ""
	}
	return nodes[len(nodes)-1].GetString_().GetSval()
}

func (p *plans) compile(t reflect.Type) *Plan {
	if done, ok := p.byType[t]; ok {
		return done
	}
	made := &Plan{Name: t.Name(), ID: len(p.byType)}
	p.byType[t] = made
	for i := range t.NumField() {
		sf := t.Field(i)
		if !sf.IsExported() {
			continue
		}
		switch ft := sf.Type; {
		case isMessage(ft):
			made.fields = append(made.fields, field{index: i, name: sf.Name, kind: single, child: p.compile(ft.Elem())})
		case ft.Kind() == reflect.Slice && isMessage(ft.Elem()):
			made.fields = append(made.fields, field{index: i, name: sf.Name, kind: list, child: p.compile(ft.Elem().Elem())})
		case ft.Kind() == reflect.Interface:
			made.fields = append(made.fields, field{index: i, name: sf.Name, kind: oneof, oneof: p.wrappers(t)})
		}
	}
	return made
}

func isMessage(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

// wrappers finds the wrapper types of a message's oneof through its descriptor: Go's reflection cannot list the types
// that implement an interface.
func (p *plans) wrappers(t reflect.Type) map[reflect.Type]*Plan {
	found := map[reflect.Type]*Plan{}
	message := reflect.New(t).Interface().(protoreflect.ProtoMessage).ProtoReflect()
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if fd.ContainingOneof() == nil {
			continue
		}
		filled := message.New()
		filled.Set(fd, filled.NewField(fd))
		wrapper := wrapperOf(reflect.ValueOf(filled.Interface()).Elem())
		found[wrapper] = nil // a plain value: nothing below
		if inner := wrapper.Elem().Field(0).Type; isMessage(inner) {
			found[wrapper] = p.compile(inner.Elem())
		}
	}
	return found
}

func wrapperOf(v reflect.Value) reflect.Type {
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Interface && v.Type().Field(i).IsExported() && !f.IsNil() {
			return f.Elem().Type()
		}
	}
	return nil
}
