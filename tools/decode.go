package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// BadArgument is a mistake in the arguments of a call.
type BadArgument struct{ message, hint string }

// NewBadArgument makes the error for a value that the schema cannot describe.
// hint is one imperative sentence.
func NewBadArgument(message, hint string) *BadArgument {
	return &BadArgument{message: message, hint: hint}
}

// Error names the argument and what is wrong with it.
func (e *BadArgument) Error() string { return e.message }

// Code is bad_argument.
func (e *BadArgument) Code() string { return "bad_argument" }

// Hint says how to call instead.
func (e *BadArgument) Hint() string { return e.hint }

// decoder turns the JSON of a call into In, refusing what the schema refuses,
// in the words of the arguments rather than of Go.
type decoder struct {
	fields   map[string]field
	names    []string // in the order of the struct
	required []string
	ranges   map[string]Range
	choices  map[string][]string
}

type field struct {
	index int
	typ   reflect.Type
}

func newDecoder[In any](spec Spec) decoder {
	d := decoder{fields: map[string]field{}, ranges: spec.Ranges, choices: spec.Choices}
	t := reflect.TypeFor[In]()
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			panic(fmt.Sprintf("tools: %s: field %s has no json name", spec.Name, t.Field(i).Name))
		}
		d.fields[name] = field{index: i, typ: t.Field(i).Type}
		d.names = append(d.names, name)
		if !strings.Contains(options, "omitempty") {
			d.required = append(d.required, name)
		}
	}
	return d
}

func (d decoder) decode(raw json.RawMessage, in any) error {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) == 0 || string(trimmed) == "null" {
		raw = json.RawMessage("{}")
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(raw, &given); err != nil {
		return d.bad("the arguments are not a JSON object")
	}
	for name := range given {
		if _, ok := d.fields[name]; !ok {
			return d.unknown(name)
		}
	}
	for _, name := range d.required {
		if v, ok := given[name]; !ok || string(v) == "null" {
			return d.bad(fmt.Sprintf("the argument %s is missing", name))
		}
	}
	target := reflect.ValueOf(in).Elem()
	for _, name := range d.names {
		if err := d.set(target.Field(d.fields[name].index), name, given[name]); err != nil {
			return err
		}
	}
	return nil
}

// set decodes one argument and checks its range.
func (d decoder) set(v reflect.Value, name string, raw json.RawMessage) error {
	bounds, ranged := d.ranges[name]
	if raw == nil || string(raw) == "null" {
		if ranged {
			v.SetInt(int64(bounds.Default))
		}
		if list := d.choices[name]; list != nil {
			v.SetString(list[0])
		}
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if v.Kind() == reflect.Int {
		raw = wholeNumber(raw)
		dec = json.NewDecoder(bytes.NewReader(raw))
	}
	if err := dec.Decode(v.Addr().Interface()); err != nil {
		return d.bad(fmt.Sprintf("the argument %s must be %s", name, kindName(d.fields[name].typ)))
	}
	if ranged && (v.Int() < int64(bounds.Min) || v.Int() > int64(bounds.Max)) {
		return &BadArgument{
			message: fmt.Sprintf("the argument %s is %d, outside %d to %d", name, v.Int(), bounds.Min, bounds.Max),
			hint:    fmt.Sprintf("Give %s a value from %d to %d.", name, bounds.Min, bounds.Max),
		}
	}
	if list := d.choices[name]; list != nil && !slices.Contains(list, v.String()) {
		return &BadArgument{
			message: fmt.Sprintf("the argument %s cannot be %q", name, clip(v.String(), 60)),
			hint:    fmt.Sprintf("Give %s one of %s.", name, strings.Join(list, ", ")),
		}
	}
	return nil
}

// wholeNumber writes 5.0, which JSON Schema counts as an integer, as 5.
func wholeNumber(raw json.RawMessage) json.RawMessage {
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return raw
	}
	return strconv.AppendInt(nil, int64(f), 10)
}

func (d decoder) unknown(name string) error {
	message := fmt.Sprintf("there is no argument %q", clip(name, 60))
	if best := Nearest(name, d.names); best != "" {
		return &BadArgument{message: message, hint: fmt.Sprintf("Use %s instead of %s.", best, clip(name, 60))}
	}
	return d.bad(message)
}

func (d decoder) bad(message string) error {
	if len(d.names) == 0 {
		return &BadArgument{message: message, hint: "Call it with no arguments: {}."}
	}
	return &BadArgument{message: message, hint: "Use these arguments: " + d.usage() + "."}
}

func (d decoder) usage() string {
	parts := make([]string, len(d.names))
	for i, name := range d.names {
		parts[i] = name + " (" + kindName(d.fields[name].typ)
		if slices.Contains(d.required, name) {
			parts[i] += ", required"
		}
		parts[i] += ")"
	}
	return strings.Join(parts, ", ")
}

// kindName is the JSON word for a Go type.
func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Int32:
		return "an integer"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "an array"
	default:
		return "an object"
	}
}

// Nearest is the candidate within two edits of name, or "".
func Nearest(name string, candidates []string) string {
	best, bestCost := "", 3
	for _, c := range candidates {
		if cost := editDistance(strings.ToLower(name), strings.ToLower(c), bestCost); cost < bestCost {
			best, bestCost = c, cost
		}
	}
	return best
}

// editDistance counts the edits from a to b; at limit it stops counting.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost = 1 + min(diagonal, row[j], row[j-1])
			}
			diagonal, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
