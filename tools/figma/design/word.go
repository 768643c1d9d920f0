package design

import (
	"encoding/json"
	"strconv"
	"strings"
)

// quote writes other people's text so that it stays one string on one line.
func quote(s string) string {
	simple := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == 0x7F || c == 0xC2 || c == 0xE2 {
			simple = false
			break
		}
	}
	if simple {
		return `"` + s + `"`
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // strings always can be
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\u0085", `\u0085`)
}

// bare writes a word as it is, and quotes what is more than a word.
func bare(s string) string {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '/' || c == '.' || c >= 0x80 && c != 0xE2 && c != 0xC2) {
			return quote(s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}

func itoa(n int) string { return strconv.Itoa(n) }

// given are the names that Figma gives by itself, before a number.
var given = [...]string{
	"Frame", "Group", "Rectangle", "Ellipse", "Vector", "Line", "Polygon", "Star", "Union", "Subtract", "Intersect", "Exclude", "Text",
	"Image", "image", "Mask group", "Mask Group", "Component", "Section", "Slice", "Arrow", "Boolean", "Path", "Shape", "Page",
}

// ownName is the name of a node, or empty where Figma gave it.
func ownName(name string) string {
	trimmed := strings.TrimRight(name, "0123456789 ")
	for _, g := range given {
		if trimmed == g {
			return ""
		}
	}
	return name
}

// property is the name of a component's property as people see it, without the
// id that Figma puts behind it: Label#12:0.
func property(name string) string {
	if i := strings.LastIndexByte(name, '#'); i > 0 && strings.Trim(name[i+1:], "0123456789:") == "" {
		return name[:i]
	}
	return name
}
