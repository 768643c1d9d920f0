package designtest

import (
	"fmt"
	"math"
	"strconv"
)

// channel is a part of a colour as the API writes it: a float32 widened.
func channel(v uint64) string { return num(float64(float32(v) / 255)) }

// num writes as the API does: with a point.
func num(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// rgba reads #RRGGBB.
func rgba(hex string, alpha float64) string {
	v, _ := strconv.ParseUint(hex[1:7], 16, 32) // the colours are written here
	return fmt.Sprintf(`{"r":%s,"g":%s,"b":%s,"a":%s}`, channel(v>>16&255), channel(v>>8&255), channel(v&255), num(float64(float32(alpha))))
}

func solid(hex string) string {
	return `{"blendMode":"NORMAL","type":"SOLID","color":` + rgba(hex, 1) + `}`
}

func faint(hex string, opacity float64) string {
	return `{"opacity":` + num(float64(float32(opacity))) + `,"blendMode":"NORMAL","type":"SOLID","color":` + rgba(hex, 1) + `}`
}

// token is a colour bound to a variable.
func token(hex, variable string) string {
	return `{"blendMode":"NORMAL","type":"SOLID","color":` + rgba(hex, 1) + `,"boundVariables":{"color":{"type":"VARIABLE_ALIAS","id":"` + variable + `"}}}`
}

func off(hex string) string {
	return `{"visible":false,"blendMode":"NORMAL","type":"SOLID","color":` + rgba(hex, 1) + `}`
}

func (p *pen) image() string {
	ref := fmt.Sprintf("%016x%016x%08x", p.rnd.Uint64(), p.rnd.Uint64(), p.rnd.Uint32())
	return `{"blendMode":"NORMAL","type":"IMAGE","scaleMode":"` + pick(p, "FILL", "FILL", "FILL", "FIT") + `","imageRef":"` + ref + `"}`
}

func gradient(from, to string, x, y float64) string {
	return fmt.Sprintf(`{"blendMode":"NORMAL","type":"GRADIENT_LINEAR","gradientHandlePositions":[{"x":0.5,"y":-3.0616171314629196e-17},{"x":%s,"y":%s},{"x":0.0,"y":3.0616171314629196e-17}],`+
		`"gradientStops":[{"color":%s,"position":0.0},{"color":%s,"position":1.0}]}`, num(x), num(y), rgba(from, 1), rgba(to, 1))
}

func shadow(y, radius, alpha float64) string {
	return fmt.Sprintf(`{"type":"DROP_SHADOW","visible":true,"color":%s,"blendMode":"NORMAL","offset":{"x":0.0,"y":%s},"radius":%s,"spread":0.0,"showShadowBehindNode":false}`,
		rgba("#101828", alpha), num(y), num(radius))
}

func blur(kind string, radius float64) string {
	return fmt.Sprintf(`{"type":"%s","visible":true,"radius":%s,"blurType":"NORMAL"}`, kind, num(radius))
}

// font is a style of text.
type font struct {
	family, style string
	weight, size  float64
	line          float64 // px; 0: the font's own
	spacing       float64
	align         string
	resize        string
	id            string // of the named style, or empty
}

func (f font) written() string {
	unit, line := "PIXELS", f.line
	if line == 0 {
		unit, line = "INTRINSIC_%", f.size*1.2102272510528564
	}
	resize := ""
	if f.resize != "NONE" {
		resize = `"textAutoResize":"` + f.resize + `",`
	}
	return fmt.Sprintf(`{"fontFamily":"%s","fontPostScriptName":"%s","fontStyle":"%s","fontWeight":%d,%s"fontSize":%s,"textAlignHorizontal":"%s","textAlignVertical":"%s",`+
		`"letterSpacing":%s,"lineHeightPx":%s,"lineHeightPercent":%s,"lineHeightPercentFontSize":%s,"lineHeightUnit":"%s"}`,
		f.family, f.family+"-"+f.style, f.style, int(f.weight), resize, num(f.size), f.align, "TOP", num(f.spacing), num(line),
		num(float64(float32(line/f.size*82.63))), num(float64(float32(line/f.size*100))), unit)
}
