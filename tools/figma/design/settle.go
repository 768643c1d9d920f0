package design

// kept tells which members of a node are decoded, beside those that are read
// on their own. The others change nothing that is seen.
func kept(name []byte) bool {
	switch string(name) {
	case "visible", "opacity", "boundVariables", "styles":
	case "layoutMode", "itemSpacing", "counterAxisSpacing", "paddingLeft", "paddingRight", "paddingTop", "paddingBottom":
	case "primaryAxisAlignItems", "counterAxisAlignItems", "counterAxisAlignContent", "layoutWrap", "itemReverseZIndex", "strokesIncludedInLayout":
	case "clipsContent", "overflowDirection", "layoutGrids":
	case "gridRowCount", "gridColumnCount", "gridRowGap", "gridColumnGap", "gridColumnsSizing", "gridRowsSizing":
	case "layoutSizingHorizontal", "layoutSizingVertical", "layoutPositioning", "layoutGrow", "layoutAlign":
	case "minWidth", "maxWidth", "minHeight", "maxHeight", "scrollBehavior":
	case "gridRowAnchorIndex", "gridColumnAnchorIndex", "gridRowSpan", "gridColumnSpan", "gridChildHorizontalAlign", "gridChildVerticalAlign":
	case "blendMode", "rotation", "cornerRadius", "rectangleCornerRadii", "cornerSmoothing", "preserveRatio":
	case "strokeWeight", "individualStrokeWeights", "strokeAlign", "strokeCap", "strokeDashes":
	case "isMask", "maskType", "arcData", "booleanOperation", "exportSettings", "devStatus":
	case "characters", "characterStyleOverrides", "styleOverrideTable", "lineTypes", "lineIndentations":
	case "componentId", "componentProperties", "componentPropertyDefinitions", "componentPropertyReferences", "overrides":
	case "interactions", "shapeType", "connectorStart", "connectorEnd":
	default:
		return false
	}
	return true
}

// settle drops what makes no difference, so that less is held.
func settle(n *Node) {
	if f := n.Flow; f != nil {
		if *f == (Flow{}) {
			n.Flow = nil
		}
	}
	if n.Shape != nil {
		n.Shape.settle(len(n.Strokes) > 0)
		if n.Shape.plain() {
			n.Shape = nil
		}
	}
	if n.Letters != nil {
		if n.Letters.settle(); n.Letters.none() {
			n.Letters = nil // as it is once it was encoded
		}
	}
	if n.Opacity != nil && *n.Opacity == 1 {
		n.Opacity = nil
	}
}

func (s *Shape) settle(stroked bool) {
	if !stroked {
		s.Weight, s.Weights, s.StrokeAt, s.Cap, s.Dashes = nil, nil, "", "", nil
	}
	if a := s.Arc; a != nil && a.Inner == 0 && abs(a.To-a.From) > 6.28 {
		s.Arc = nil // all of the ellipse
	}
	if !s.Mask {
		s.MaskType = ""
	}
}

func (s *Shape) plain() bool {
	return s.Blend == "" && s.Rotation == 0 && s.Radius == 0 && s.Radii == nil && s.Weight == nil && s.Weights == nil && s.StrokeAt == "" &&
		s.Cap == "" && s.Dashes == nil && !s.Mask && s.Arc == nil && s.Boolean == "" && s.Exports == nil && s.Dev == nil && !s.Ratio
}

func (l *Letters) settle() {
	plain := true
	for _, t := range l.LineTypes {
		plain = plain && t == "NONE"
	}
	if plain {
		l.LineTypes = nil
	}
	if sum(l.Overrides) == 0 {
		l.Overrides, l.Table = nil, nil
	}
	if sum(l.Indents) == 0 {
		l.Indents = nil
	}
}

func (l *Letters) none() bool {
	return l.Characters == "" && l.Overrides == nil && l.Table == nil && l.LineTypes == nil && l.Indents == nil
}

func sum(list []int) int {
	total := 0
	for _, v := range list {
		total += v
	}
	return total
}

func abs(v float64) float64 {
	if v < 0 {
		return -v
	}
	return v
}
