package telemetry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
)

// attr is a without secrets; changed tells whether it had to be made anew.
func (r *redactor) attr(a slog.Attr) (clean slog.Attr, changed bool) {
	if a.Value.Kind() == slog.KindLogValuer {
		a.Value = resolved(a.Value)
		clean, _ = r.attr(a)
		return clean, true
	}
	if hides(keyKind(a.Key), a.Value) {
		return slog.String(a.Key, redacted), true
	}
	switch a.Value.Kind() {
	case slog.KindString:
		s := a.Value.String()
		if !suspicious(s) {
			return a, false
		}
		return slog.String(a.Key, r.text(s)), true
	case slog.KindGroup:
		return r.group(a)
	case slog.KindAny:
		v, changed := r.any(a.Value.Any())
		if !changed {
			return a, false
		}
		return slog.Attr{Key: a.Key, Value: v}, true
	}
	return a, false
}

// hides reports whether a value may not be seen under a key of the kind.
func hides(kind int, v slog.Value) bool {
	switch v.Kind() {
	case slog.KindBool, slog.KindDuration, slog.KindTime:
		return false
	case slog.KindInt64, slog.KindUint64, slog.KindFloat64:
		return kind == keyClosed
	}
	return kind != keyOpen
}

func (r *redactor) group(a slog.Attr) (clean slog.Attr, changed bool) {
	members := a.Value.Group()
	var fresh []slog.Attr
	for i, m := range members {
		m, differs := r.attr(m)
		if differs && fresh == nil {
			fresh = slices.Clone(members)
		}
		if fresh != nil {
			fresh[i] = m
		}
	}
	if fresh == nil {
		return a, false
	}
	return slog.Attr{Key: a.Key, Value: slog.GroupValue(fresh...)}, true
}

// attrs is list without secrets.
func (r *redactor) attrs(list []slog.Attr) []slog.Attr {
	fresh := make([]slog.Attr, len(list))
	for i, a := range list {
		fresh[i], _ = r.attr(a)
	}
	return fresh
}

// any is v without secrets. What handlers would print by a method of its own is
// printed here, so that what was looked at is what is written.
func (r *redactor) any(v any) (clean slog.Value, changed bool) {
	switch v := v.(type) {
	case nil, *slog.Source:
		return slog.Value{}, false
	case error:
		return slog.StringValue(r.text(said(v.Error))), true
	case []byte:
		return slog.StringValue(r.text(string(v))), true
	case json.RawMessage:
		return slog.StringValue(r.text(string(v))), true
	case fmt.Stringer:
		return slog.StringValue(r.text(said(v.String))), true
	}
	return slog.AnyValue(r.tree("", generic(v))), true
}

// said is what a method returns. Methods of other people's types panic, such as
// those of nil pointers.
func said(method func() string) (text string) {
	defer func() {
		if recover() != nil {
			text = "(panic while printing)"
		}
	}()
	return method()
}

// resolved is what a LogValuer stands for.
func resolved(v slog.Value) slog.Value { return v.Resolve() } // recovers from panics itself

// generic is v as maps, lists and texts, or its text where it has no such form.
func generic(v any) (tree any) {
	defer func() {
		if recover() != nil {
			tree = "(panic while printing)"
		}
	}()
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%+v", v)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return string(text)
	}
	return tree
}

// tree is v, found under key, without secrets.
func (r *redactor) tree(key string, v any) any {
	switch v := v.(type) {
	case string:
		if keyKind(key) != keyOpen {
			return redacted
		}
		return r.text(v)
	case json.Number:
		if keyKind(key) == keyClosed {
			return redacted
		}
	case []any:
		for i, item := range v {
			v[i] = r.tree(key, item)
		}
	case map[string]any:
		return r.object(key, v)
	}
	return v
}

// object redacts names too: a map may be keyed by tokens.
func (r *redactor) object(key string, from map[string]any) any {
	if keyKind(key) != keyOpen {
		return redacted
	}
	clean := make(map[string]any, len(from))
	for name, v := range from {
		clean[r.text(name)] = r.tree(name, v)
	}
	return clean
}
