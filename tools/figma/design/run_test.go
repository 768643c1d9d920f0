package design_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

// dot is a small circle with an id at x.
func dot(id string, x int, more string) string {
	return fmt.Sprintf(`{"id":"%s","type":"ELLIPSE","name":"P","absoluteBoundingBox":{"x":%d,"y":0,"width":14,"height":14}%s}`, id, x, more)
}

func TestRunsOfAlikeLeavesAreOneLine(t *testing.T) {
	in := func(members string, children ...string) string {
		return `{"id":"1:1","type":"FRAME","name":"F","absoluteBoundingBox":{"x":0,"y":0,"width":99,"height":99}` + members + `,"children":[` + strings.Join(children, ",") + `]}`
	}
	right, grey := `,"constraints":{"horizontal":"RIGHT","vertical":"TOP"}`, `,"fills":[{"type":"SOLID","color":{"r":0.5,"g":0.5,"b":0.5,"a":1}}]`
	for _, c := range []struct{ name, node, want string }{
		{"four", in("", dot("2:1", 0, grey), dot("2:2", 10, grey), dot("2:5", 20, grey), dot("2:6", 30, grey)), ` ellipse "P" 14×14 #808080 ×4: #2:1@0,0 +@10,0 #2:5@20,0 +@30,0`},
		{"three are written out", in("", dot("2:1", 0, ""), dot("2:2", 10, ""), dot("2:3", 20, "")), ` ellipse#2:1 "P" 14×14 @0,0| ellipse#2:2 "P" 14×14 @10,0| ellipse#2:3 "P" 14×14 @20,0`},
		{"others between them", in("", dot("2:1", 0, ""), dot("2:2", 10, ""), dot("2:3", 20, grey), dot("2:4", 30, ""), dot("2:5", 40, "")),
			` ellipse#2:1 "P" 14×14 @0,0| ellipse#2:2 "P" 14×14 @10,0| ellipse#2:3 "P" 14×14 @20,0 #808080| ellipse#2:4 "P" 14×14 @30,0| ellipse#2:5 "P" 14×14 @40,0`},
		{"that keep to an edge", in("", dot("2:1", 0, right), dot("2:2", 10, right), dot("2:3", 20, right), dot("2:4", 30, right)), ` ellipse "P" 14×14 right ×4: #2:1@0,0 +@10,0 +@20,0 +@30,0`},
		{"that keep to other edges than their neighbours", in("", dot("2:1", 0, right), dot("2:2", 10, ""), dot("2:3", 20, right), dot("2:4", 30, "")),
			` ellipse#2:1 "P" 14×14 @0,0 right| ellipse#2:2 "P" 14×14 @10,0| ellipse#2:3 "P" 14×14 @20,0 right| ellipse#2:4 "P" 14×14 @30,0`},
		{"in a flow", in(`,"layoutMode":"HORIZONTAL"`, dot("2:1", 0, ""), dot("2:2", 10, ""), dot("2:3", 20, ""), dot("3:4", 30, "")), ` ellipse "P" 14×14 ×4: #2:1 + + #3:4`},
		{"texts", in("", strings.ReplaceAll(strings.Join([]string{dot("2:1", 0, ""), dot("2:2", 10, ""), dot("2:3", 20, ""), dot("2:4", 30, "")}, ","), `"ELLIPSE"`, `"TEXT","characters":"a ×4: #9:9"`)),
			` text "a ×4: #9:9" name="P" 14×14 ×4: #2:1@0,0 +@10,0 +@20,0 +@30,0`},
		{"icons of instances", in("", strings.ReplaceAll(strings.Join([]string{dot("I2:1;5:1", 0, ""), dot("I2:1;5:2", 10, ""), dot("I2:1;5:3", 20, ""), dot("I2:1;5:4", 30, "")}, ","), `"ELLIPSE"`, `"INSTANCE","componentId":"7:7"`)),
			` <7:7> "P" 14×14 ×4: #I2:1;5:1@0,0 +@10,0 +@20,0 +@30,0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := wrap(c.node)
			text := read(t, raw).Text([]string{"1:1"}, design.TextOptions{})
			if got := strings.Join(nodesOf(text.Body)[1:], "|"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if told := strings.Contains(text.Body, "differ in id and place alone"); told != strings.Contains(c.want, " ×4:") {
				t.Errorf("runs are explained: %v", told)
			}
			if !strings.Contains(raw, "7:7") {
				compareText(t, []byte(raw), read(t, raw).Text(nil, design.TextOptions{}).Body)
			}
		})
	}
}

func TestNodesThatWereCutAreInNoRun(t *testing.T) {
	var cards []string
	for i := range 5 {
		cards = append(cards, fmt.Sprintf(`{"id":"1:%d","type":"FRAME","name":"C","children":[{"id":"2:%d","type":"TEXT","characters":"x"}]}`, i, i))
	}
	if got := nodesOf(read(t, wrap(cards...)).Text(nil, design.TextOptions{Depth: 1}).Body); len(got) != 6 || got[1] != ` frame#1:0 "C" … 1 more inside` {
		t.Errorf("got %q", got)
	}
}

// Boards of rows in which dots lie at places and have ids that follow, do not,
// and keep to edges in some rows alone: all must be found in templates, too.
func TestRunsInTemplatesLoseNothing(t *testing.T) {
	row := func(n, dots int, place func(i int) int, id func(i int) string, more func(i int) string) string {
		var all []string
		for i := range dots {
			all = append(all, dot(id(i), n*1000+place(i), more(i)))
		}
		for i := range 12 { // so that a template is worth its arguments
			all = append(all, fmt.Sprintf(`{"id":"4:%d","type":"RECTANGLE","name":"a plain box","cornerRadius":%d,"absoluteBoundingBox":{"x":%d,"y":50,"width":%d,"height":8}}`, n*100+60+i, i, n*1000+i, i))
		}
		return fmt.Sprintf(`{"id":"4:%d","type":"FRAME","name":"Row","layoutMode":"","cornerRadius":8,"absoluteBoundingBox":{"x":%d,"y":0,"width":99,"height":99},"children":[{"id":"4:%d","type":"TEXT","name":"t","characters":"some words %d"},%s]}`, n*100, n*1000, n*100+50, n, strings.Join(all, ","))
	}
	same := func(i int) int { return 10 * i }
	none := func(int) string { return "" }
	for _, c := range []struct {
		name string
		row  func(n int) string
		want string // a line of the text
	}{
		{"ids told from the root's", func(n int) string {
			return row(n, 6, same, func(i int) string { return fmt.Sprintf("4:%d", n*100+i+1) }, none)
		}, `  ellipse "P" 14×14 ×6: #+1@0,0 +@10,0 +@20,0 +@30,0 +@40,0 +@50,0`},
		{"ids that follow from nothing", func(n int) string {
			return row(n, 6, same, func(i int) string { return fmt.Sprintf("8:%d", n*n*31+i*n) }, none)
		}, `  ellipse "P" 14×14 ×6: @0,0 @10,0 @20,0 @30,0 @40,0 @50,0`},
		{"places of their own", func(n int) string {
			return row(n, 6, func(i int) int { return 10*i + n*i }, func(i int) string { return fmt.Sprintf("4:%d", n*100+i+1) }, none)
		}, `  ellipse "P" 14×14 ×5: #+2{at2} +{at3} +{at4} +{at5} +{at6}`},
		{"places with edges in some", func(n int) string {
			return row(n, 6, same, func(i int) string { return fmt.Sprintf("4:%d", n*100+i+1) }, func(i int) string {
				if n%2 == 0 {
					return ""
				}
				return `,"constraints":{"horizontal":"RIGHT","vertical":"TOP"}`
			})
		}, `  ellipse#+1 "P" 14×14 {at2}`},
		{"looks of their own", func(n int) string {
			return row(n, 6, same, func(i int) string { return fmt.Sprintf("4:%d", n*100+i+1) }, func(i int) string { return fmt.Sprintf(`,"cornerRadius":%d`, 1+i*n) })
		}, `  ellipse#+2 "P" 14×14 @10,0 {r}`},
		{"pictures, whose ids are needed", func(n int) string {
			return strings.ReplaceAll(row(n, 6, same, func(i int) string { return fmt.Sprintf("8:%d", n*n*31+i*n) }, none), "ELLIPSE", "VECTOR")
		}, `  svg "P" 14×14 ×6: {id}@0,0 {id2}@10,0 {id3}@20,0 {id4}@30,0 {id5}@40,0 {id6}@50,0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var rows []string
			for n := range 8 {
				rows = append(rows, c.row(n+1))
			}
			raw := wrap(rows...)
			body := read(t, raw).Text(nil, design.TextOptions{}).Body
			if !strings.Contains(body, c.want+"\n") || !strings.Contains(body, "TEMPLATES\n") {
				t.Errorf("no line %q in\n%s", c.want, body)
			}
			compareText(t, []byte(raw), body)
		})
	}
}

// expand writes a run out, a line for each of its nodes.
func expand(l string) []string {
	words := split(l, ' ')
	for i, w := range words {
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(w, "×"), ":"))
		if !strings.HasPrefix(w, "×") || err != nil || l[0] == '&' {
			continue
		}
		entries := words[i+1:]
		if len(entries) == 0 {
			entries = make([]string, n)
		}
		if len(entries) != n {
			return []string{"a run of " + strconv.Itoa(len(entries)) + ", not " + w}
		}
		head, rest := split(l, ' ')[0], words[1:i]
		if l[0] == '<' {
			head = l[:closing(l)+1]
			rest = split(strings.TrimPrefix(l[len(head):], " "), ' ')
			rest = rest[:slices.Index(rest, w)]
		}
		return single(head, rest, entries)
	}
	return []string{l}
}

// single are the lines that entries stand for.
func single(head string, rest, entries []string) []string {
	var out []string
	id := ""
	for _, e := range entries {
		where, at := e, ""
		if i := strings.LastIndexByte(e, '@'); i >= 0 {
			where, at = e[:i], e[i:]
		}
		switch {
		case where == "+":
			id = next(id)
		default:
			id = where
		}
		out = append(out, strings.Join(append(append([]string{head + id}, rest...), at), " "))
	}
	return out
}

// next is the id whose last number is one more.
func next(id string) string {
	end := len(strings.TrimRight(id, `"`))
	i := len(strings.TrimRight(id[:end], "0123456789"))
	n, _ := strconv.Atoi(id[i:end])
	if id[i-1] == '-' {
		return id[:i] + strconv.Itoa(n-1) + id[end:]
	}
	return id[:i] + strconv.Itoa(n+1) + id[end:]
}
