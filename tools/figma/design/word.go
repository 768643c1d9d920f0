package design

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// quote writes other people's text so that it stays one string on one line.
func quote(s string) string {
	simple := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == 0x7F || c == 0xC2 || c == 0xD8 || c == 0xDB || c == 0xDC || c == 0xE0 || c == 0xE1 || c == 0xE2 || c == 0xEF || c == 0xF0 || c == 0xF3 {
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
	return visible(strings.TrimSuffix(b.String(), "\n"))
}

// visible escapes what people do not see, so that nothing is said to a model
// alone; but for what joins emoji.
func visible(s string) string {
	if strings.IndexFunc(s, covert) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !covert(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

const joiner = 0x200D

func covert(r rune) bool {
	return r != joiner && (unicode.Is(unicode.Cf, r) || r == 0x85)
}

// bare writes a word as it is, and quotes what is more than a word.
func bare(s string) string {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '/' || c == '.' || c >= 0x80 && c != 0xE2 && c != 0xC2) {
			return quote(s)
		}
	}
	if s == "" || strings.IndexFunc(s, covert) >= 0 {
		return quote(s)
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
