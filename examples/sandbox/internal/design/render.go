package design

import (
	"bytes"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"strings"
)

// maxSide bounds pictures, pixels. (Figma's bound is 32 megapixels; enough is
// enough for a stand-in.)
const maxSide = 2048

// patch is a rectangle of one colour, with text or without.
type patch struct {
	Box
	paint color.RGBA
	text  string
	size  float64
}

// Renderable reports whether a picture can be made of n: it is visible and has
// a size.
func Renderable(n Node) bool {
	b, ok := BoxOf(n)
	return ok && b.W > 0 && b.H > 0 && n["visible"] != false
}

// Render draws n: rectangles for all there is, in format png, jpg, svg or pdf.
func Render(n Node, format string, scale float64) (data []byte, mime string, err error) {
	b, _ := BoxOf(n)
	scale = min(scale, maxSide/max(b.W, b.H, 1))
	patches := flatten(n, b, scale)
	w, h := max(1, int(math.Round(b.W*scale))), max(1, int(math.Round(b.H*scale)))
	switch format {
	case "svg":
		return drawSVG(patches, w, h), "image/svg+xml", nil
	case "pdf":
		return drawPDF(patches, w, h), "application/pdf", nil
	}
	var out bytes.Buffer
	if format == "jpg" {
		err = jpeg.Encode(&out, drawImage(patches, w, h), nil)
		return out.Bytes(), "image/jpeg", err
	}
	err = png.Encode(&out, drawImage(patches, w, h))
	return out.Bytes(), "image/png", err
}

// flatten lists what is visible, the backmost first, relative to origin.
func flatten(n Node, origin Box, scale float64) []patch {
	var list []patch
	Walk(n, func(n Node) bool {
		if n["visible"] == false {
			return false
		}
		b, ok := BoxOf(n)
		paint, painted := paintOf(n)
		if !ok || !painted {
			return true
		}
		p := patch{Box: Box{(b.X - origin.X) * scale, (b.Y - origin.Y) * scale, b.W * scale, b.H * scale}, paint: paint}
		if n["type"] == "TEXT" {
			p.text, _ = n["characters"].(string)
			style, _ := n["style"].(Node)
			p.size = num(style["fontSize"]) * scale
		}
		list = append(list, p)
		return true
	})
	return list
}

// paintOf is the colour of the last fill; images are grey.
func paintOf(n Node) (color.RGBA, bool) {
	fills, _ := n["fills"].([]any)
	if len(fills) == 0 {
		return color.RGBA{}, false
	}
	f, _ := fills[len(fills)-1].(Node)
	c, ok := f["color"].(Node)
	if stops, _ := f["gradientStops"].([]any); len(stops) > 0 {
		c, ok = stops[0].(Node)["color"].(Node)
	}
	if !ok {
		return color.RGBA{0xB8, 0xBE, 0xC6, 0xFF}, true
	}
	part := func(name string) uint8 { return uint8(math.Round(num(c[name]) * 255)) }
	return color.RGBA{part("r"), part("g"), part("b"), 0xFF}, true
}

func drawImage(list []patch, w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for _, p := range list {
		y, height := p.Y, p.H
		if p.text != "" { // a bar in place of letters
			y, height = p.Y+p.H*0.3, p.H*0.4
		}
		r := image.Rect(int(p.X), int(y), int(math.Ceil(p.X+p.W)), int(math.Ceil(y+height)))
		draw.Draw(m, r, image.NewUniform(p.paint), image.Point{}, draw.Over)
	}
	return m
}

func hexOf(c color.RGBA) string { return fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B) }

func drawSVG(list []patch, w, h int) []byte {
	var out strings.Builder
	fmt.Fprintf(&out, `<svg width="%d" height="%d" viewBox="0 0 %d %d" fill="none" xmlns="http://www.w3.org/2000/svg">`+"\n", w, h, w, h)
	for _, p := range list {
		if p.text != "" {
			fmt.Fprintf(&out, `<text x="%.2f" y="%.2f" font-family="Inter" font-size="%.2f" fill="%s">%s</text>`+"\n", p.X, p.Y+p.size, p.size, hexOf(p.paint), html.EscapeString(p.text))
			continue
		}
		fmt.Fprintf(&out, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" fill="%s"/>`+"\n", p.X, p.Y, p.W, p.H, hexOf(p.paint))
	}
	out.WriteString("</svg>\n")
	return []byte(out.String())
}

// drawPDF writes one page.
func drawPDF(list []patch, w, h int) []byte {
	var content strings.Builder
	for _, p := range list {
		fmt.Fprintf(&content, "%.3f %.3f %.3f rg %.2f %.2f %.2f %.2f re f\n", float64(p.paint.R)/255, float64(p.paint.G)/255, float64(p.paint.B)/255, p.X, float64(h)-p.Y-p.H, p.W, p.H)
	}
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R /Resources << >> >>", w, h),
		fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", content.Len(), content.String()),
	}
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	var offsets []int
	for i, o := range objects {
		offsets = append(offsets, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, at := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&out, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return out.Bytes()
}

// Plain is a grey rectangle, for images that nobody drew.
func Plain(w, h float64) Node {
	n := Node{"type": "RECTANGLE", "fills": []any{Node{"type": "IMAGE"}}}
	place(n, 0, 0, w, h)
	return n
}
