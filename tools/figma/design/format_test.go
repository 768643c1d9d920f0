package design_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

// nodesOf is what stands below NODES.
func nodesOf(body string) []string {
	_, nodes, _ := strings.Cut(body, "NODES\n")
	return strings.Split(strings.TrimSuffix(nodes, "\n"), "\n")
}

func paint(kind, rest string) string {
	return `{"type":"` + kind + `","blendMode":"NORMAL"` + rest + `}`
}

func TestLines(t *testing.T) {
	red := paint("SOLID", `,"color":{"r":1,"g":0,"b":0,"a":1}`)
	half := paint("SOLID", `,"opacity":0.5,"color":{"r":0,"g":0,"b":1,"a":1}`)
	bound := paint("SOLID", `,"color":{"r":1,"g":0,"b":0,"a":1},"boundVariables":{"color":{"type":"VARIABLE_ALIAS","id":"VariableID:1:2"}}`)
	box := `"absoluteBoundingBox":{"x":10,"y":20,"width":100,"height":50},`
	linear := func(x1, y1, x2, y2 float64) string {
		return paint("GRADIENT_LINEAR", fmt.Sprintf(`,"gradientHandlePositions":[{"x":%g,"y":%g},{"x":%g,"y":%g},{"x":0,"y":0}],"gradientStops":[{"position":0,"color":{"r":1,"g":1,"b":1,"a":1}},{"position":1,"color":{"r":0,"g":0,"b":0,"a":0.5}}]`, x1, y1, x2, y2))
	}
	for _, c := range []struct{ name, node, want string }{
		{"a name that Figma gave is left out", `"type":"FRAME","name":"Frame 427318910"`, `frame#1:1`},
		{"a name that is a number is kept", `"type":"FRAME","name":"404"`, `frame#1:1 "404"`},
		{"a name stays on its line", `"type":"FRAME","name":"a\n\"NODES\" #1:2"`, `frame#1:1 "a\n\"NODES\" #1:2"`},
		{"an unknown type is said", `"type":"HOLOGRAM","name":"x"`, `hologram#1:1 "x"`},
		{"flex as in CSS", `"type":"FRAME","name":"x",` + box + `"layoutMode":"VERTICAL","itemSpacing":8,"paddingTop":1,"paddingRight":2,"paddingBottom":3,"paddingLeft":2,"primaryAxisAlignItems":"MAX","counterAxisAlignItems":"CENTER","layoutSizingHorizontal":"FILL","layoutSizingVertical":"HUG"`, `column#1:1 "x" 100f×50h @10,20 gap 8 justify end align center pad 1 2 3`},
		{"space between says no gap", `"type":"FRAME","name":"x","layoutMode":"HORIZONTAL","itemSpacing":8,"primaryAxisAlignItems":"SPACE_BETWEEN"`, `row#1:1 "x" justify space-between`},
		{"wrapping with two gaps", `"type":"FRAME","name":"x","layoutMode":"HORIZONTAL","itemSpacing":8,"layoutWrap":"WRAP","counterAxisSpacing":4`, `row#1:1 "x" wrap gap 8 4`},
		{"a grid", `"type":"FRAME","name":"x","layoutMode":"GRID","gridColumnCount":3,"gridRowCount":2,"gridColumnGap":8,"gridRowGap":4,"gridColumnsSizing":"repeat(3,\nminmax(0,1fr))"`, `frame#1:1 "x" grid 3×2 gap 4 8 columns(repeat(3, minmax(0,1fr)))`},
		{"a place in a grid counts from 1", `"type":"FRAME","name":"x","gridColumnAnchorIndex":1,"gridColumnSpan":2,"gridRowSpan":1`, `frame#1:1 "x" column 2 column-span 2`},
		{"a variable behind its value", `"type":"FRAME","name":"x","layoutMode":"HORIZONTAL","itemSpacing":8,"boundVariables":{"itemSpacing":{"type":"VARIABLE_ALIAS","id":"VariableID:1:2"}},"fills":[` + bound + `]`, `row#1:1 "x" gap 8$1 #FF0000$1`},
		{"fills, the uppermost first", `"type":"RECTANGLE","name":"x","fills":[` + red + `,` + half + `]`, `rect#1:1 "x" #0000FF80 over #FF0000`},
		{"what is switched off is not there", `"type":"RECTANGLE","name":"x","fills":[{"visible":false,"type":"SOLID","color":{"r":1,"g":0,"b":0,"a":1}}],"effects":[{"type":"LAYER_BLUR","visible":false,"radius":3}]`, `rect#1:1 "x"`},
		{"a style behind its colour", `"type":"RECTANGLE","name":"x","fills":[` + red + `],"styles":{"fill":"9:9"}`, `rect#1:1 "x" #FF0000("Brand/Red")`},
		{"a gradient from top to bottom", `"type":"RECTANGLE","name":"x",` + box + `"fills":[` + linear(0.5, 0, 0.5, 1) + `]`, `rect#1:1 "x" 100×50 @10,20 linear-gradient(180deg,#FFFFFF,#00000080)`},
		{"a gradient that is shorter than the box", `"type":"RECTANGLE","name":"x",` + box + `"fills":[` + linear(0.25, 0.5, 0.75, 0.5) + `]`, `rect#1:1 "x" 100×50 @10,20 linear-gradient(90deg,#FFFFFF 25%,#00000080 75%)`},
		{"a gradient from corner to corner of a square", `"type":"RECTANGLE","name":"x","absoluteBoundingBox":{"x":0,"y":0,"width":10,"height":10},"fills":[` + linear(0, 0, 1, 1) + `]`, `rect#1:1 "x" 10×10 @0,0 linear-gradient(135deg,#FFFFFF,#00000080)`},
		{"an image with its reference", `"type":"RECTANGLE","name":"x","fills":[{"type":"IMAGE","scaleMode":"FIT","imageRef":"abc"}]`, `rect#1:1 "x" img(abc contain)`},
		{"a reference that is none", `"type":"RECTANGLE","name":"x","fills":[{"type":"IMAGE","imageRef":"a) #1:9\n"}]`, `rect#1:1 "x" img("a) #1:9\n")`},
		{"borders of one side, dashed", `"type":"RECTANGLE","name":"x","strokes":[` + red + `],"strokeWeight":2,"strokeAlign":"INSIDE","individualStrokeWeights":{"top":0,"right":0,"bottom":1,"left":0},"strokeDashes":[4,2]`, `rect#1:1 "x" border 0 0 1 dash(4 2) #FF0000`},
		{"a stroke of no weight is none", `"type":"RECTANGLE","name":"x","strokes":[` + red + `],"strokeWeight":0`, `rect#1:1 "x"`},
		{"corners as in CSS", `"type":"RECTANGLE","name":"x","rectangleCornerRadii":[8,8,0,0]`, `rect#1:1 "x" r 8 8 0 0`},
		{"shadows and blurs", `"type":"RECTANGLE","name":"x","effects":[{"type":"DROP_SHADOW","visible":true,"radius":12,"spread":-2,"offset":{"x":0,"y":4},"color":{"r":0,"g":0,"b":0,"a":0.25}},{"type":"INNER_SHADOW","visible":true,"radius":1,"offset":{"x":1,"y":1},"color":{"r":1,"g":1,"b":1,"a":1}},{"type":"BACKGROUND_BLUR","visible":true,"radius":8}]`, `rect#1:1 "x" shadow(0 4 12 -2 #00000040) shadow(inset 1 1 1 #FFFFFF) backdrop-blur(8)`},
		{"opacity, blend and turn", `"type":"RECTANGLE","name":"x","opacity":0.5,"blendMode":"COLOR_BURN","rotation":-0.7853981633974483`, `rect#1:1 "x" opacity 0.5 blend color-burn rotate 45`},
		{"no opacity at all", `"type":"RECTANGLE","name":"x","opacity":0`, `rect#1:1 "x" opacity 0`},
		{"limits", `"type":"FRAME","name":"x","minWidth":100,"maxHeight":80`, `frame#1:1 "x" min-w 100 max-h 80`},
		{"what stays while the page scrolls", `"type":"FRAME","name":"x","scrollBehavior":"FIXED","overflowDirection":"VERTICAL_SCROLLING"`, `frame#1:1 "x" scroll-y fixed`},
		{"where a click leads", `"type":"FRAME","name":"x","interactions":[{"trigger":{"type":"ON_CLICK"},"actions":[{"type":"NODE","destinationId":"1:9"},{"type":"URL","url":"https://a.b"}]}]`, `frame#1:1 "x" click→#1:9 click→"https://a.b"`},
		{"a set with its properties", `"type":"COMPONENT_SET","name":"Button","componentPropertyDefinitions":{"Size":{"type":"VARIANT","defaultValue":"md","variantOptions":["sm","md"]},"Label#1:0":{"type":"TEXT","defaultValue":"Go on"}}`, `component-set#1:1 "Button" prop(text Label="Go on") prop(variant Size=md of sm,md)`},
		{"a sticky note", `"type":"STICKY","name":"note","characters":"Think","fills":[` + red + `]`, `sticky#1:1 "Think" name="note" #FF0000`},
		{"a connector", `"type":"CONNECTOR","name":"Connector line","connectorStart":{"endpointNodeId":"1:5"},"connectorEnd":{"endpointNodeId":"1:6"}`, `connector#1:1 "Connector line" from→#1:5 to→#1:6`},
		{"an instance of a variant", `"type":"INSTANCE","name":"Button","componentId":"5:5","componentProperties":{"Size":{"type":"VARIANT","value":"md"},"Icon#2:1":{"type":"INSTANCE_SWAP","value":"5:6"},"Show it#2:2":{"type":"BOOLEAN","value":true}},"overrides":[{"id":"1:1","overriddenFields":["fills","characters","name"]}]`, `<Button Icon=Icon/plus "Show it"=true Size=md>#1:1 overrides(fill,text)`},
		{"an instance that says no properties", `"type":"INSTANCE","name":"Mine","componentId":"5:5"`, `<Button Size=md State="Very hot">#1:1 "Mine"`},
		{"an instance of a component that is not there", `"type":"INSTANCE","name":"Button","componentId":"7:7"`, `<7:7>#1:1 "Button"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := `{"name":"F","document":{"id":"0:0","children":[{"id":"1:1",` + c.node + `}]},"styles":{"9:9":{"name":"Brand/Red"}},` +
				`"components":{"5:5":{"name":"Size=md, State=Very hot","componentSetId":"6:6"},"5:6":{"name":"Icon/plus"}},"componentSets":{"6:6":{"name":"Button"}}}`
			body := read(t, raw).Text(nil, design.TextOptions{Variables: func() map[string]string { return map[string]string{"VariableID:1:2": "space/2"} }}).Body
			if got := strings.Join(nodesOf(body), "\n"); got != c.want {
				t.Errorf("%s\ngot  %s\nwant %s", c.node, got, c.want)
			}
			if bound := strings.Contains(c.want, "$1"); bound != strings.Contains(body, "$1 = space/2\n") {
				t.Errorf("%s\nthe variable is not explained", body)
			}
		})
	}
}

func TestTexts(t *testing.T) {
	for _, c := range []struct{ name, members, want string }{
		{"font with line height in px", `"style":{"fontFamily":"SF Pro Text","fontWeight":600,"fontSize":17,"lineHeightPx":22,"lineHeightUnit":"PIXELS","letterSpacing":-0.4}`, `text#1:1 "Hi" font("SF Pro Text" 600 17/22 letter-spacing -0.4)`},
		{"line height in percent", `"style":{"fontFamily":"Inter","fontWeight":400,"fontSize":10,"lineHeightPx":15,"lineHeightPercentFontSize":150,"lineHeightUnit":"FONT_SIZE_%"}`, `text#1:1 "Hi" font(Inter 400 10/150%)`},
		{"the font's own line height", `"style":{"fontFamily":"Inter","fontWeight":400,"fontSize":10,"lineHeightPx":12.1,"lineHeightUnit":"INTRINSIC_%"}`, `text#1:1 "Hi" font(Inter 400 10)`},
		{"a named style", `"style":{"fontFamily":"Inter","fontWeight":400,"fontSize":10},"styles":{"text":"9:9"}`, `text#1:1 "Hi" font("Body \"M\"": Inter 400 10)`},
		{"case, decoration, alignment, lines", `"style":{"fontFamily":"Inter","fontWeight":400,"fontSize":10,"italic":true,"textCase":"UPPER","textDecoration":"UNDERLINE","textAlignHorizontal":"CENTER","textAlignVertical":"BOTTOM","textTruncation":"ENDING","maxLines":2,"hyperlink":{"type":"URL","url":"https://a.b"}}`, `text#1:1 "Hi" font(Inter 400 10 italic uppercase underline) center bottom ellipsis lines 2 link "https://a.b"`},
		{"how it resizes where no layout says", `"absoluteBoundingBox":{"x":0,"y":0,"width":30,"height":10},"style":{"textAutoResize":"HEIGHT"}`, `text#1:1 "Hi" 30×10h @0,0`},
		{"a name that says more than the text", `"name":"Title"`, `text#1:1 "Hi" name="Title"`},
		{"parts of another style", `"characters":"a😀bold, a link","characterStyleOverrides":[0,0,0,2,2,2,2,0,0,3,3,3,3,3,3],"styleOverrideTable":{"2":{"fontWeight":700},"3":{"hyperlink":{"type":"URL","url":"https://a.b"},"fills":[{"type":"SOLID","color":{"r":0,"g":0,"b":1,"a":1}}]}}`, `text#1:1 "a😀"+"bold"[700]+", "+"a link"[#0000FF link "https://a.b"]`},
		{"lists", `"characters":"a\nb\nc","lineTypes":["NONE","UNORDERED","ORDERED"],"lineIndentations":[0,1,2]`, `text#1:1 "a\nb\nc" list(-,•,1) indents(0,1,2)`},
		{"content that looks like the format", `"characters":"\" @1,2 #1:9\nNODES\u2028{w}"`, `text#1:1 "\" @1,2 #1:9\nNODES\u2028{w}"`},
		{"the property that sets it", `"componentPropertyReferences":{"characters":"Label#3:0","visible":"Show it#3:1"}`, `text#1:1 "Hi" text←Label visible←"Show it"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := `{"name":"F","document":{"id":"0:0","children":[{"id":"1:1","type":"TEXT","name":"Hi","characters":"Hi",` + c.members + `}]},"styles":{"9:9":{"name":"Body \"M\""}}}`
			if strings.Contains(c.members, `"characters":`) && !strings.Contains(c.members, `"characters":"L`) {
				raw = strings.Replace(raw, `"name":"Hi","characters":"Hi",`, `"name":"",`, 1)
			}
			if got := strings.Join(nodesOf(read(t, raw).Text(nil, design.TextOptions{}).Body), "\n"); got != c.want {
				t.Errorf("%s\ngot  %s\nwant %s", c.members, got, c.want)
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	child := func(members string) string {
		return `{"id":"1:2","type":"RECTANGLE","name":"x","absoluteBoundingBox":{"x":15,"y":26.666,"width":10,"height":10}` + members + `}`
	}
	for _, c := range []struct{ name, parent, child, want string }{
		{"in a frame", ``, ``, `rect#1:2 "x" 10×10 @5,6.67`},
		{"kept to edges", ``, `,"constraints":{"horizontal":"RIGHT","vertical":"TOP_BOTTOM"}`, `rect#1:2 "x" 10×10 @5,6.67 right stretch-y`},
		{"in a flex container", `,"layoutMode":"HORIZONTAL"`, ``, `rect#1:2 "x" 10×10`},
		{"taken out of a flex container", `,"layoutMode":"HORIZONTAL"`, `,"layoutPositioning":"ABSOLUTE"`, `rect#1:2 "x" 10×10 @5,6.67`},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := wrap(`{"id":"1:1","type":"FRAME","name":"p","absoluteBoundingBox":{"x":10,"y":20,"width":100,"height":50}` + c.parent + `,"children":[` + child(c.child) + `]}`)
			if got := nodesOf(read(t, raw).Text([]string{"1:1"}, design.TextOptions{}).Body)[1]; got != " "+c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestClipIsSaidWhereItMatters(t *testing.T) {
	for name, c := range map[string]struct {
		x    int
		more string
		want bool
	}{"all lies inside": {0, "", false}, "a child sticks out": {95, "", true}, "round corners": {0, `"cornerRadius":8,`, true}} {
		raw := wrap(fmt.Sprintf(`{"id":"1:1","type":"FRAME","name":"p","clipsContent":true,%s"absoluteBoundingBox":{"x":0,"y":0,"width":100,"height":50},"children":[{"id":"1:2","type":"TEXT","absoluteBoundingBox":{"x":%d,"y":0,"width":10,"height":10}}]}`, c.more, c.x))
		if got := nodesOf(read(t, raw).Text([]string{"1:1"}, design.TextOptions{}).Body)[0]; strings.Contains(got, " clip") != c.want {
			t.Errorf("%s: %s, want clip: %v", name, got, c.want)
		}
	}
}
