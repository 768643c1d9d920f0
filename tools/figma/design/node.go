package design

import "encoding/json"

// Node is a node of a file, with those members of Figma's JSON that make a
// difference to what is seen; members with their default value are left out.
// The embedded parts are nil where the node has none of their members.
type Node struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Type     string  `json:"type"` // such as FRAME or TEXT; may be one that this package does not know
	Children []*Node `json:"-"`    // from back to front

	Visible *bool    `json:"visible,omitempty"` // nil: true
	Box     *Box     `json:"absoluteBoundingBox,omitempty"`
	Opacity *float64 `json:"opacity,omitempty"` // nil: 1

	Fills    []Paint    `json:"fills,omitempty"`
	Strokes  []Paint    `json:"strokes,omitempty"`
	Effects  []Effect   `json:"effects,omitempty"`
	Font     *TypeStyle `json:"style,omitempty"` // of a text
	BoundTo  Bindings   `json:"boundVariables,omitempty"`
	StyleIDs *StyleIDs  `json:"styles,omitempty"`

	*Layout
	*Flow
	*Shape
	*Letters
	*Linked
	*Prototype
	*Jam

	stroked bool // strokes were read
}

// Hidden tells whether the node is not drawn, and nothing in it is.
func (n *Node) Hidden() bool { return n.Visible != nil && !*n.Visible }

// Box is a rectangle on the page, in pixels. It encloses a rotated node.
type Box struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
	W float64 `json:"width"`
	H float64 `json:"height"`
}

// Bindings name the variables that members are bound to: aliases, lists of them,
// or one more level of members.
type Bindings map[string]json.RawMessage

// StyleIDs are the ids of the styles of a node.
type StyleIDs struct {
	Fill    string `json:"fill,omitempty"`
	Fills   string `json:"fills,omitempty"`
	Stroke  string `json:"stroke,omitempty"`
	Strokes string `json:"strokes,omitempty"`
	Text    string `json:"text,omitempty"`
	Effect  string `json:"effect,omitempty"`
	Grid    string `json:"grid,omitempty"`
}

// Layout is how a container places its children.
type Layout struct {
	Mode      string       `json:"layoutMode,omitempty"` // HORIZONTAL, VERTICAL or GRID; empty: children have positions
	Gap       float64      `json:"itemSpacing,omitempty"`
	CrossGap  float64      `json:"counterAxisSpacing,omitempty"`
	Left      float64      `json:"paddingLeft,omitempty"`
	Right     float64      `json:"paddingRight,omitempty"`
	Top       float64      `json:"paddingTop,omitempty"`
	Bottom    float64      `json:"paddingBottom,omitempty"`
	Justify   string       `json:"primaryAxisAlignItems,omitempty"`
	Align     string       `json:"counterAxisAlignItems,omitempty"`
	Content   string       `json:"counterAxisAlignContent,omitempty"`
	Wrap      string       `json:"layoutWrap,omitempty"`
	InFlow    bool         `json:"strokesIncludedInLayout,omitempty"` // strokes take room
	Reverse   bool         `json:"itemReverseZIndex,omitempty"`
	Clip      bool         `json:"clipsContent,omitempty"`
	Scroll    string       `json:"overflowDirection,omitempty"`
	Rows      float64      `json:"gridRowCount,omitempty"`
	Columns   float64      `json:"gridColumnCount,omitempty"`
	RowGap    float64      `json:"gridRowGap,omitempty"`
	ColumnGap float64      `json:"gridColumnGap,omitempty"`
	ColumnsAs string       `json:"gridColumnsSizing,omitempty"`
	RowsAs    string       `json:"gridRowsSizing,omitempty"`
	Guides    []LayoutGrid `json:"layoutGrids,omitempty"`
}

// LayoutGrid is a grid of guides over a frame.
type LayoutGrid struct {
	Pattern string  `json:"pattern,omitempty"`
	Visible *bool   `json:"visible,omitempty"`
	Align   string  `json:"alignment,omitempty"`
	Section float64 `json:"sectionSize,omitempty"`
	Gutter  float64 `json:"gutterSize,omitempty"`
	Offset  float64 `json:"offset,omitempty"`
	Count   float64 `json:"count,omitempty"`
}

// Flow is how a node behaves in its container.
type Flow struct {
	Across      string       `json:"layoutSizingHorizontal,omitempty"` // FIXED, HUG or FILL
	Down        string       `json:"layoutSizingVertical,omitempty"`
	Positioning string       `json:"layoutPositioning,omitempty"`
	Grow        float64      `json:"layoutGrow,omitempty"`
	AlignSelf   string       `json:"layoutAlign,omitempty"`
	MinW        float64      `json:"minWidth,omitempty"`
	MaxW        float64      `json:"maxWidth,omitempty"`
	MinH        float64      `json:"minHeight,omitempty"`
	MaxH        float64      `json:"maxHeight,omitempty"`
	Row         float64      `json:"gridRowAnchorIndex,omitempty"`
	Column      float64      `json:"gridColumnAnchorIndex,omitempty"`
	RowSpan     float64      `json:"gridRowSpan,omitempty"`
	ColumnSpan  float64      `json:"gridColumnSpan,omitempty"`
	GridX       string       `json:"gridChildHorizontalAlign,omitempty"`
	GridY       string       `json:"gridChildVerticalAlign,omitempty"`
	Behaviour   string       `json:"scrollBehavior,omitempty"`
	Constraints *Constraints `json:"constraints,omitempty"`
}

// Constraints are the edges of its container that a node keeps to.
type Constraints struct {
	X string `json:"horizontal"`
	Y string `json:"vertical"`
}

// Shape is what is seen of a node apart from paint and effects.
type Shape struct {
	Blend     string     `json:"blendMode,omitempty"`
	Rotation  float64    `json:"rotation,omitempty"` // radians
	Radius    float64    `json:"cornerRadius,omitempty"`
	Radii     []float64  `json:"rectangleCornerRadii,omitempty"` // from top left, clockwise
	Smoothing float64    `json:"cornerSmoothing,omitempty"`
	Weight    *float64   `json:"strokeWeight,omitempty"`
	Weights   *Weights   `json:"individualStrokeWeights,omitempty"`
	StrokeAt  string     `json:"strokeAlign,omitempty"`
	Cap       string     `json:"strokeCap,omitempty"`
	Dashes    []float64  `json:"strokeDashes,omitempty"`
	Mask      bool       `json:"isMask,omitempty"`
	MaskType  string     `json:"maskType,omitempty"`
	Arc       *Arc       `json:"arcData,omitempty"`
	Boolean   string     `json:"booleanOperation,omitempty"`
	Exports   []Export   `json:"exportSettings,omitempty"`
	Dev       *DevStatus `json:"devStatus,omitempty"`
	Ratio     bool       `json:"preserveRatio,omitempty"`
}

// Weights are those of a stroke on each side.
type Weights struct {
	Top    float64 `json:"top"`
	Right  float64 `json:"right"`
	Bottom float64 `json:"bottom"`
	Left   float64 `json:"left"`
}

// Arc is the part of an ellipse that is drawn, angles in radians.
type Arc struct {
	From  float64 `json:"startingAngle"`
	To    float64 `json:"endingAngle"`
	Inner float64 `json:"innerRadius"` // 0: a pie, towards 1: a ring
}

// Export is what a designer set a node to be exported as.
type Export struct {
	Format string `json:"format,omitempty"`
	Suffix string `json:"suffix,omitempty"`
	Size   struct {
		Type  string  `json:"type,omitempty"`
		Value float64 `json:"value,omitempty"`
	} `json:"constraint"`
}

// DevStatus is how far the handoff of a node is.
type DevStatus struct {
	Type        string `json:"type,omitempty"`
	Description string `json:"description,omitempty"`
}

// Letters are what a text says, and where parts of it are of another style.
type Letters struct {
	Characters string               `json:"characters,omitempty"`
	Overrides  []int                `json:"characterStyleOverrides,omitempty"` // a UTF-16 unit each
	Table      map[string]TypeStyle `json:"styleOverrideTable,omitempty"`
	LineTypes  []string             `json:"lineTypes,omitempty"`
	Indents    []int                `json:"lineIndentations,omitempty"`
}

// Linked is what ties a node to components.
type Linked struct {
	ComponentID string                `json:"componentId,omitempty"`
	Properties  map[string]Property   `json:"componentProperties,omitempty"`
	Definitions map[string]Definition `json:"componentPropertyDefinitions,omitempty"`
	References  map[string]string     `json:"componentPropertyReferences,omitempty"`
	Overridden  []Overridden          `json:"overrides,omitempty"`
}

// Property is the value of a component's property in an instance.
type Property struct {
	Type  string `json:"type"`  // VARIANT, TEXT, BOOLEAN or INSTANCE_SWAP
	Value any    `json:"value"` // text or truth
}

// Definition is a property of a component.
type Definition struct {
	Type    string   `json:"type"`
	Default any      `json:"defaultValue"`
	Options []string `json:"variantOptions,omitempty"`
}

// Overridden names what an instance changes of a node of its component.
type Overridden struct {
	ID     string   `json:"id,omitempty"`
	Fields []string `json:"overriddenFields,omitempty"`
}

// Prototype is what happens where somebody clicks.
type Prototype struct {
	Interactions []Interaction `json:"interactions,omitempty"`
}

// Interaction is a trigger with what it does.
type Interaction struct {
	Trigger *struct {
		Type string `json:"type,omitempty"`
	} `json:"trigger,omitempty"`
	Actions []*Action `json:"actions,omitempty"`
}

// Action is one thing that a trigger does.
type Action struct {
	Type        string `json:"type,omitempty"`
	Destination string `json:"destinationId,omitempty"`
	Navigation  string `json:"navigation,omitempty"`
	URL         string `json:"url,omitempty"`
}

// Jam is what only the nodes of FigJam have.
type Jam struct {
	ShapeKind string    `json:"shapeType,omitempty"`
	Start     *Endpoint `json:"connectorStart,omitempty"`
	End       *Endpoint `json:"connectorEnd,omitempty"`
}

// Endpoint is what a connector is tied to.
type Endpoint struct {
	NodeID string `json:"endpointNodeId,omitempty"`
}
