package postgres

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/jackc/pgx/v5/pgtype"
)

const (
	maxExact = 1<<53 - 1 // largest integer that every JSON reader keeps exact
	nullJSON = "null"
)

// appendJSON adds v to b as JSON without losing a digit: what a double cannot
// hold becomes a string. json stays json, bytea becomes its length.
func appendJSON(b []byte, oid uint32, v store.Value) []byte {
	if v.Null {
		return append(b, nullJSON...)
	}
	if v.Cut > 0 && oid != pgtype.ByteaOID {
		return append(b, quoted(v.Text)...)
	}
	switch oid {
	case pgtype.BoolOID:
		return strconv.AppendBool(b, v.Text == "t")
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID:
		return appendInteger(b, v.Text)
	case pgtype.Float4OID, pgtype.Float8OID:
		return appendFloat(b, v.Text)
	case pgtype.JSONOID, pgtype.JSONBOID:
		if raw := json.RawMessage(v.Text); json.Valid(raw) {
			return append(b, raw...)
		}
		return append(b, quoted(v.Text)...)
	case pgtype.ByteaOID:
		return append(strconv.AppendInt(append(b, `{"bytes":`...), int64(byteaLen(v)), 10), '}')
	default:
		return append(b, quoted(v.Text)...)
	}
}

func appendInteger(b []byte, text string) []byte {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > maxExact || n < -maxExact {
		return append(b, quoted(text)...)
	}
	return append(b, text...)
}

func appendFloat(b []byte, text string) []byte {
	switch text {
	case "NaN", "Infinity", "-Infinity":
		return append(b, quoted(text)...)
	default:
		return append(b, text...)
	}
}

func quoted(s string) []byte {
	b, _ := json.Marshal(s) // strings always encode
	return b
}

// byteaLen is the size of a bytea from its hex form, `\x` and two digits a byte.
func byteaLen(v store.Value) int {
	n := len(v.Text)
	if v.Cut > 0 {
		n = v.Cut
	}
	return max(n-2, 0) / 2
}

// escapes are those of PostgreSQL's COPY text format, and beyond them whatever
// else breaks a line or turns text around on a screen.
var escapes = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`,
	"\v", `\v`, "\f", `\f`, "\b", `\b`, "\x1b", `\x1b`, "\u0085", `\u0085`, "\u2028", `\u2028`, "\u2029", `\u2029`,
	"\u202a", `\u202a`, "\u202b", `\u202b`, "\u202c", `\u202c`, "\u202d", `\u202d`, "\u202e", `\u202e`,
	"\u2066", `\u2066`, "\u2067", `\u2067`, "\u2068", `\u2068`, "\u2069", `\u2069`)

// tableText writes a result as tab-separated values; took is told in the closing line.
func tableText(res *store.Result, took, note string) string {
	var b strings.Builder
	for i, c := range res.Columns {
		if i > 0 {
			b.WriteByte('\t')
		}
		_, _ = escapes.WriteString(&b, c.Name) // a Builder takes every write
	}
	b.WriteByte('\n')
	for _, row := range res.Rows {
		for j, v := range row {
			if j > 0 {
				b.WriteByte('\t')
			}
			writeCell(&b, res.Columns[j].OID, v)
		}
		b.WriteByte('\n')
	}
	b.WriteString(closing(len(res.Rows), res.More, took))
	if note != "" {
		b.WriteString("\n" + note)
	}
	return b.String()
}

func writeCell(b *strings.Builder, oid uint32, v store.Value) {
	switch {
	case v.Null:
		b.WriteString(`\N`)
	case oid == pgtype.ByteaOID:
		b.WriteString(strconv.Itoa(byteaLen(v)) + " bytes")
	default:
		_, _ = escapes.WriteString(b, v.Text)
		if v.Cut > 0 {
			b.WriteString("…[cut: " + strconv.Itoa(v.Cut) + " bytes in all]")
		}
	}
}

func closing(rows int, more bool, took string) string {
	noun := " rows"
	if rows == 1 {
		noun = " row"
	}
	return "(" + strconv.Itoa(rows) + noun + ", more=" + strconv.FormatBool(more) + ", " + took + ")"
}
