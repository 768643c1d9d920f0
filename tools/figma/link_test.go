package figma

import (
	"slices"
	"strings"
	"testing"
)

func TestParseFile(t *testing.T) {
	const key = "AbCdEf0123456789"
	for _, c := range []struct {
		name, file, want string
		nodes            []string
	}{
		{"a key", key, key, nil},
		{"the URL of a design with a node", "https://www.figma.com/design/AbCdEf0123456789/Site?node-id=1-2&t=x-0", key, []string{"1:2"}},
		{"an older URL", "https://www.figma.com/file/AbCdEf0123456789/Site", key, nil},
		{"a board", " https://www.figma.com/board/AbCdEf0123456789 ", key, nil},
		{"a prototype with its start", "https://www.figma.com/proto/AbCdEf0123456789/Site?starting-point-node-id=12%3A34", key, []string{"12:34"}},
		{"a prototype's own node comes first", "https://www.figma.com/proto/AbCdEf0123456789/S?node-id=5-6&starting-point-node-id=12%3A34", key, []string{"5:6"}},
		{"slides", "https://www.figma.com/slides/AbCdEf0123456789/Talk", key, nil},
		{"a site", "https://www.figma.com/site/AbCdEf0123456789/S", key, nil},
		{"a branch is its own file", "https://www.figma.com/design/AbCdEf0123456789/branch/ZyXwVu9876543210/Site", "ZyXwVu9876543210", nil},
		{"several nodes", "https://www.figma.com/design/AbCdEf0123456789/Site?node-id=1-2,3-4", key, []string{"1:2", "3:4"}},
		{"a node in an instance", "https://www.figma.com/design/AbCdEf0123456789/Site?node-id=I1-2%3B3-4", key, []string{"I1:2;3:4"}},
		{"a URL without its scheme", "www.figma.com/design/AbCdEf0123456789/Site", key, nil},
		{"an embedded file", "https://www.figma.com/embed?embed_host=share&url=https%3A%2F%2Fwww.figma.com%2Fdesign%2FAbCdEf0123456789%2FSite%3Fnode-id%3D1-2", key, []string{"1:2"}},
		{"an embedded file of the newer form", "https://embed.figma.com/design/AbCdEf0123456789/Site?node-id=1-2", key, []string{"1:2"}},
		{"a government cloud", "https://www.figma-gov.com/design/AbCdEf0123456789/Site", key, nil},
		{"one of our resources", "figma://file/AbCdEf0123456789/node/1:2", key, []string{"1:2"}},
		{"one of our resources, of a file", "figma://file/AbCdEf0123456789", key, nil},
		{"a path into the API is refused", "../me", "", nil},
		{"an escaped path is refused", "..%2Fme", "", nil},
		{"a key with a slash is refused", "AbCdEf0123456789/../../me", "", nil},
		{"a URL of no file is refused", "https://www.figma.com/@someone", "", nil},
		{"the URL of a team is refused", "https://www.figma.com/files/team/1170245155647481000", "", nil},
		{"a path in the place of the key is refused", "https://www.figma.com/design/..%2F..%2Fv1%2Fme/Site", "", nil},
		{"dots in the place of the key are refused", "https://www.figma.com/design/../Site", "", nil},
		{"a control character is refused", "AbCdEf0123456789\x00", "", nil},
		{"nothing is refused", "", "", nil},
		{"a long text is refused", strings.Repeat("a", 10_000), "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseFile(c.file)
			if got.Key != c.want || (err != nil) != (c.want == "") || !slices.Equal(got.Nodes, c.nodes) {
				t.Errorf("%q: got %+v, %v, want %q with %q", c.file, got, err, c.want, c.nodes)
			}
		})
	}
}

func TestParseNodes(t *testing.T) {
	for _, c := range []struct {
		name  string
		given []string
		want  string // empty: refused
	}{
		{"as in answers", []string{"1:2"}, "1:2"},
		{"as in links", []string{"1-2"}, "1:2"},
		{"several in one text", []string{"1-2, 3:4"}, "1:2 3:4"},
		{"the order is kept, and one of each", []string{"3:4", "1:2", "3-4"}, "3:4 1:2"},
		{"in instances", []string{"I1:2;3:4", "I5-6;7-8"}, "I1:2;3:4 I5:6;7:8"},
		{"a whole link", []string{"https://www.figma.com/design/AbCdEf0123456789/Site?node-id=1-2"}, "1:2"},
		{"escaped", []string{"1%3A2"}, "1:2"},
		{"a name is refused", []string{"Hero"}, ""},
		{"a path is refused", []string{"../1:2"}, ""},
		{"a query is refused", []string{"1:2&geometry=paths"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseNodes(c.given)
			if strings.Join(got, " ") != c.want || (err != nil) != (c.want == "") {
				t.Errorf("%q: got %q, %v, want %q", c.given, got, err, c.want)
			}
		})
	}
}
