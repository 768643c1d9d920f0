package design

import (
	"math"
	"strconv"
	"strings"
)

// num writes v with at most two decimals; what is no number as 0.
func num(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "0"
	}
	v = math.Round(v*100) / 100
	if v == 0 {
		return "0" // and not -0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// nums writes several, separated by spaces.
func nums(list ...float64) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = num(v)
	}
	return strings.Join(parts, " ")
}

// sides writes the values of four sides or corners as CSS does: top, right,
// bottom, left, as few of them as tell all.
func sides(a, b, c, d string) string {
	switch {
	case a == b && b == c && c == d:
		return a
	case a == c && b == d:
		return a + " " + b
	case b == d:
		return a + " " + b + " " + c
	}
	return a + " " + b + " " + c + " " + d
}

const digits = "0123456789ABCDEF"

// hex is #RRGGBB, or #RRGGBBAA where the colour is not opaque.
func (c *Colour) hex(opacity float64) string {
	out := make([]byte, 0, 9)
	out = append(out, '#')
	alpha := octet(c.A * opacity)
	for _, v := range []byte{octet(c.R), octet(c.G), octet(c.B), alpha} {
		out = append(out, digits[v>>4], digits[v&15])
	}
	if alpha == 255 {
		out = out[:7]
	}
	return string(out)
}

func octet(v float64) byte {
	return byte(math.Round(min(max(v, 0), 1) * 255))
}

// or is *p, or what holds where p is nil.
func or(p *float64, otherwise float64) float64 {
	if p == nil {
		return otherwise
	}
	return *p
}

func shown(visible *bool) bool { return visible == nil || *visible }

// join puts the parts that are not empty behind each other.
func join(sep string, parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(sep)
		}
		b.WriteString(p)
	}
	return b.String()
}
