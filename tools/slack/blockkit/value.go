package blockkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

const (
	maxBytes = 100 << 10 // of the JSON; 50 full sections are more than Slack takes
	maxDepth = 40        // of arrays and objects within one another
)

// kind is what JSON has.
type kind int

const (
	null kind = iota
	text
	literal // a number, true or false
	array
	object
)

// value is a JSON value that keeps the order of its members, and all of them where
// a name is given twice.
type value struct {
	kind  kind
	text  string   // of text: decoded; of literal: as it was written
	names []string // of the members of object
	items []value  // of array and object
}

var (
	errTooLong = errors.New("it has more than 100 KB")
	errTooDeep = errors.New("it is nested more than 40 levels deep")
)

// parse reads one JSON value. Errors: errTooLong, errTooDeep, those of encoding/json.
func parse(raw json.RawMessage) (value, error) {
	if len(raw) > maxBytes {
		return value{}, errTooLong
	}
	if deep(raw) {
		return value{}, errTooDeep
	}
	if !json.Valid(raw) { // Decoder.Token alone takes some that is none
		return value{}, json.Unmarshal(raw, new(any))
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return next(d)
}

// deep says whether arrays and objects are nested beyond maxDepth.
func deep(raw []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(raw) && depth <= maxDepth; i++ {
		switch c := raw[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		}
	}
	return depth > maxDepth
}

func next(d *json.Decoder) (value, error) {
	t, err := d.Token()
	if err != nil {
		return value{}, err
	}
	switch t := t.(type) {
	case string:
		return value{kind: text, text: t}, nil
	case json.Number:
		return value{kind: literal, text: t.String()}, nil
	case bool:
		if t {
			return value{kind: literal, text: "true"}, nil
		}
		return value{kind: literal, text: "false"}, nil
	case json.Delim:
		return members(d, t)
	}
	return value{}, nil
}

// members reads what is within an array or an object.
func members(d *json.Decoder, open json.Delim) (value, error) {
	v := value{kind: array}
	if open == '{' {
		v.kind = object
	}
	for d.More() {
		if v.kind == object {
			name, err := d.Token()
			if err != nil {
				return value{}, err
			}
			v.names = append(v.names, name.(string)) // JSON has no other names
		}
		item, err := next(d)
		if err != nil {
			return value{}, err
		}
		v.items = append(v.items, item)
	}
	if _, err := d.Token(); err != nil && !errors.Is(err, io.EOF) {
		return value{}, err
	}
	return v, nil
}

// get is the member called name, and whether there is one; null is none.
func (v value) get(name string) (value, bool) {
	for i := len(v.names) - 1; i >= 0; i-- {
		if v.names[i] == name {
			return v.items[i], v.items[i].kind != null
		}
	}
	return value{}, false
}

// word is the text of the member called name; empty: there is none.
func (v value) word(name string) string {
	if m, ok := v.get(name); ok && m.kind == text {
		return m.text
	}
	return ""
}

func (v value) size() int { return utf8.RuneCountInString(v.text) }

// list is the items of the member called name, where it is an array.
func (v value) list(name string) []value {
	if m, ok := v.get(name); ok && m.kind == array {
		return m.items
	}
	return nil
}

// append writes the value as JSON.
func (v value) append(b []byte) []byte {
	switch v.kind {
	case text:
		return quote(b, v.text)
	case literal:
		return append(b, v.text...)
	case array:
		return v.within(b, '[', ']')
	case object:
		return v.within(b, '{', '}')
	}
	return append(b, "null"...)
}

func (v value) within(b []byte, open, shut byte) []byte {
	b = append(b, open)
	for i, item := range v.items {
		if i > 0 {
			b = append(b, ',')
		}
		if v.kind == object {
			b = append(quote(b, v.names[i]), ':')
		}
		b = item.append(b)
	}
	return append(b, shut)
}

func quote(b []byte, s string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return append(b, `""`...)
	}
	return append(b, bytes.TrimRight(out.Bytes(), "\n")...)
}
