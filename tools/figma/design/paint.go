package design

// Colour has parts from 0 to 1.
type Colour struct {
	R float64 `json:"r"`
	G float64 `json:"g"`
	B float64 `json:"b"`
	A float64 `json:"a"`
}

// Point is a place or a distance.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Paint is one layer of a fill or a stroke.
type Paint struct {
	Type    string   `json:"type"` // SOLID, GRADIENT_…, IMAGE or PATTERN
	Visible *bool    `json:"visible,omitempty"`
	Opacity *float64 `json:"opacity,omitempty"`
	Blend   string   `json:"blendMode,omitempty"`
	Colour  *Colour  `json:"color,omitempty"`
	BoundTo Bindings `json:"boundVariables,omitempty"`

	Handles []Point `json:"gradientHandlePositions,omitempty"` // start, end and width, from 0 to 1 in the node
	Stops   []Stop  `json:"gradientStops,omitempty"`

	Image  string      `json:"imageRef,omitempty"`
	GIF    string      `json:"gifRef,omitempty"`
	Scale  string      `json:"scaleMode,omitempty"`     // FILL, FIT, TILE or STRETCH
	Factor float64     `json:"scalingFactor,omitempty"` // of TILE
	Matrix [][]float64 `json:"imageTransform,omitempty"`
	Turned float64     `json:"rotation,omitempty"` // degrees, of an image

	Source string `json:"sourceNodeId,omitempty"` // of a pattern
}

// Stop is a colour on the way of a gradient.
type Stop struct {
	At      float64  `json:"position"`
	Colour  Colour   `json:"color"`
	BoundTo Bindings `json:"boundVariables,omitempty"`
}

// Effect is a shadow, a blur, a texture or noise.
type Effect struct {
	Type    string   `json:"type"`
	Visible *bool    `json:"visible,omitempty"`
	Radius  float64  `json:"radius,omitempty"`
	Spread  float64  `json:"spread,omitempty"`
	Offset  *Point   `json:"offset,omitempty"`
	Colour  *Colour  `json:"color,omitempty"`
	Blend   string   `json:"blendMode,omitempty"`
	BoundTo Bindings `json:"boundVariables,omitempty"`
}

// TypeStyle is how letters look.
type TypeStyle struct {
	Family     string             `json:"fontFamily,omitempty"`
	Italic     bool               `json:"italic,omitempty"`
	Weight     float64            `json:"fontWeight,omitempty"`
	Size       float64            `json:"fontSize,omitempty"`
	Case       string             `json:"textCase,omitempty"`
	AlignX     string             `json:"textAlignHorizontal,omitempty"`
	AlignY     string             `json:"textAlignVertical,omitempty"`
	Spacing    float64            `json:"letterSpacing,omitempty"`
	Fills      []Paint            `json:"fills,omitempty"`
	Link       *Hyperlink         `json:"hyperlink,omitempty"`
	Features   map[string]float64 `json:"opentypeFlags,omitempty"`
	Paragraph  float64            `json:"paragraphSpacing,omitempty"`
	Indent     float64            `json:"paragraphIndent,omitempty"`
	List       float64            `json:"listSpacing,omitempty"`
	Decoration string             `json:"textDecoration,omitempty"`
	Resize     string             `json:"textAutoResize,omitempty"`
	Truncation string             `json:"textTruncation,omitempty"`
	MaxLines   float64            `json:"maxLines,omitempty"`
	LinePx     float64            `json:"lineHeightPx,omitempty"`
	LineOfSize float64            `json:"lineHeightPercentFontSize,omitempty"`
	LineUnit   string             `json:"lineHeightUnit,omitempty"`
	BoundTo    Bindings           `json:"boundVariables,omitempty"`
}

// Hyperlink leads from letters to a URL or a node.
type Hyperlink struct {
	Type   string `json:"type,omitempty"`
	URL    string `json:"url,omitempty"`
	NodeID string `json:"nodeID,omitempty"`
}
