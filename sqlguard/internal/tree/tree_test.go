package tree

import (
	"reflect"
	"slices"
	"testing"

	pgquery "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// TestPlansCoverEveryMessageField holds the plans against the parser's own description: a field that can hold a
// message and is in no plan would be a place to hide in.
func TestPlansCoverEveryMessageField(t *testing.T) {
	plans := Plans()
	if len(plans) < 200 {
		t.Fatalf("%d plans, want those of the whole grammar", len(plans))
	}
	for id, p := range plans {
		if p.ID != id {
			t.Errorf("plan %s has ID %d at place %d", p.Name, p.ID, id)
		}
	}
	for typ, p := range compiled().byType {
		fields := reflect.New(typ).Interface().(protoreflect.ProtoMessage).ProtoReflect().Descriptor().Fields()
		planned, members := len(p.fields), 0
		wanted := 0
		for _, f := range p.fields {
			if f.kind == oneof {
				planned--
				members += len(f.oneof)
			}
		}
		for i := range fields.Len() {
			fd := fields.Get(i)
			switch {
			case fd.ContainingOneof() != nil:
				members--
			case fd.Kind() == protoreflect.MessageKind:
				wanted++
			}
		}
		if planned != wanted || members != 0 {
			t.Errorf("%s: the plan visits %d message fields, the description has %d (oneof members off by %d)", p.Name, planned, wanted, members)
		}
	}
}

type recorder struct{ seen []string }

func (r *recorder) Enter(p *Plan, _ reflect.Value) bool {
	if p.Name != "Node" {
		r.seen = append(r.seen, p.Name)
	}
	return p.Name != "FuncCall"
}

func TestWalkGoesInOrderAndStopsWhereTold(t *testing.T) {
	tree, err := pgquery.Parse("SELECT lower(a) FROM t LIMIT 1")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	Walk(tree, r)
	want := []string{"ParseResult", "RawStmt", "SelectStmt", "ResTarget", "FuncCall", "RangeVar", "A_Const", "Integer"}
	if !slices.Equal(r.seen, want) {
		t.Errorf("got  %v\nwant %v", r.seen, want)
	}
	Walk((*pgquery.Node)(nil), r) // a nil message is nothing to visit
}

func TestWithout(t *testing.T) {
	p := Of(&pgquery.SelectStmt{})
	rest := p.Without("WithClause").Fields()
	if slices.Contains(rest, "WithClause") || len(rest) != len(p.Fields())-1 || !slices.Contains(p.Fields(), "WithClause") {
		t.Errorf("got %v\nof  %v", rest, p.Fields())
	}
}
