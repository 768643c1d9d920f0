package design_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

// origin is a line of COMPONENTS.
type origin struct {
	name, id, key string
	remote        bool
	about         string
	props         map[string]string // of a variant
	variants      []*origin
}

// component reads a line of COMPONENTS.
func (r *reading) component(l string) {
	words := split(strings.TrimLeft(l, " "), ' ')
	o := &origin{name: words[0], props: map[string]string{}}
	for _, w := range words {
		parts := split(w, '=')
		switch {
		case strings.HasPrefix(w, "#"):
			o.id = unquote(w[1:])
		case strings.HasPrefix(w, "key="):
			o.key = unquote(w[4:])
		case w == "remote":
			o.remote = true
		case o.id != "" && w[0] == '"':
			o.about = unquote(w)
		case o.id == "" && len(parts) == 2:
			o.props[unquote(parts[0])] = unquote(parts[1])
		}
	}
	if l[0] == ' ' && len(r.components) > 0 {
		set := r.components[len(r.components)-1]
		set.variants = append(set.variants, o)
		return
	}
	r.components = append(r.components, o)
}

// from finds the main component that an instance names.
func (r *reading) from(written string, props map[string]string) *origin {
	at := slices.IndexFunc(r.components, func(o *origin) bool { return o.name == written })
	if at < 0 {
		return nil
	}
	o := r.components[at]
	for _, v := range o.variants {
		all := true
		for key, value := range v.props {
			all = all && props[key] == value
		}
		if all {
			return v
		}
	}
	if len(o.variants) > 0 {
		return nil
	}
	return o
}

// plainName is the name of a component without the id that tells it from others.
func plainName(written string) string {
	if i := strings.LastIndexByte(written, '#'); i > 0 && !strings.HasSuffix(written, `"`) {
		written = written[:i]
	}
	return unquote(written)
}

const library = `"componentSets":{"6:6":{"key":"k66","name":"Button","description":"For what\npeople do","remote":true},"6:7":{"key":"k67","name":"Button"}},` +
	`"components":{"5:1":{"key":"k51","name":"Size=md, State=Very hot","componentSetId":"6:6","remote":true,"description":"Hot"},` +
	`"5:2":{"key":"k52","name":"Size=lg, State=on","componentSetId":"6:6","remote":true},"5:3":{"key":"k53","name":"On=yes","componentSetId":"6:7"},` +
	`"5:4":{"key":"k54","name":"Icon/plus"},"5:5":{"key":"k55","name":"My \"card\"","description":"LONG"},"5:6":{"key":"k56","name":"not used"}}`

func TestComponentsAreNamedWhereTheirInstancesAreShown(t *testing.T) {
	use := func(id, of string) string {
		return fmt.Sprintf(`{"id":"1:%s","type":"INSTANCE","name":"x","componentId":"%s"}`, id, of)
	}
	long := strings.Repeat("é", 121)
	for _, c := range []struct {
		name  string
		nodes []string
		want  string
	}{
		{"a component, once", []string{use("1", "5:4"), use("2", "5:4")}, "Icon/plus #5:4 key=k54 local"},
		{"a description, cut", []string{use("1", "5:5")}, `"My \"card\"" #5:5 key=k55 local "` + strings.Repeat("é", 120) + `…"`},
		{"variants below their set, by a name that is one set's alone", []string{use("1", "5:1"), use("2", "5:2"), use("3", "5:3")},
			"Button#6:6 set #6:6 key=k66 remote \"For what people do\"| Size=lg State=on #5:2 key=k52 remote| Size=md State=\"Very hot\" #5:1 key=k51 remote \"Hot\"|Button#6:7 set #6:7 key=k67 local| On=yes #5:3 key=k53 local"},
		{"none that is only known", []string{`{"id":"1:1","type":"TEXT","characters":"x"}`}, ""},
		{"none that is hidden", []string{`{"id":"1:1","type":"FRAME","name":"x","visible":false,"children":[` + use("2", "5:4") + `]}`}, ""},
		{"an unknown one has no line", []string{use("1", "9:9")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := strings.Replace(wrap(c.nodes...), `"components":{}`, strings.ReplaceAll(library, "LONG", long), 1)
			body := read(t, raw).Text(nil, design.TextOptions{}).Body
			_, rest, _ := strings.Cut(body, "COMPONENTS\n")
			got, _, _ := strings.Cut(rest, "NODES\n")
			if got := strings.ReplaceAll(strings.TrimSuffix(got, "\n"), "\n", "|"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if told := strings.Contains(body, "COMPONENTS says"); told != (c.want != "") {
				t.Errorf("the section is explained: %v", told)
			}
			if !strings.Contains(raw, "9:9") {
				compareText(t, []byte(raw), body)
			}
		})
	}
}

func TestComponentsWithOneNameAreToldApart(t *testing.T) {
	raw := strings.Replace(wrap(`{"id":"1:1","type":"INSTANCE","name":"Button","componentId":"5:3"}`), `"components":{}`, library, 1)
	if got, want := nodesOf(read(t, raw).Text(nil, design.TextOptions{}).Body)[1], ` <Button#6:7 On=yes>#1:1`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	same := strings.ReplaceAll(raw, `"k67"`, `"k66"`)
	if got, want := nodesOf(read(t, same).Text(nil, design.TextOptions{}).Body)[1], ` <Button On=yes>#1:1`; got != want {
		t.Errorf("two entries of one key: got %s, want %s", got, want)
	}
}
