package store

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

const (
	maxParams     = 65535   // of the protocol's Bind message
	maxParamBytes = 2 << 20 // in text form, together
)

// BadParam says that a bound parameter has no text form.
type BadParam struct {
	number int
	reason string
}

// Error names the parameter.
func (e *BadParam) Error() string { return fmt.Sprintf("params[%d] %s", e.number-1, e.reason) }

// Code is bad_argument.
func (e *BadParam) Code() string { return "bad_argument" }

// Hint lists what is taken.
func (e *BadParam) Hint() string {
	return "Give each of params as a string, number, boolean, null or a flat array of these; JSON goes as a string."
}

// encodeParams turns decoded JSON values into PostgreSQL's text format; the
// server infers the types. An array becomes an array literal, so that
// `= ANY($1)` works.
func encodeParams(params []any) ([][]byte, error) {
	if len(params) > maxParams {
		return nil, &BadParam{number: maxParams + 1, reason: fmt.Sprintf("is one too many: PostgreSQL takes %d", maxParams)}
	}
	size := 0
	out := make([][]byte, len(params))
	for i, p := range params {
		if p == nil {
			continue
		}
		text, err := paramText(p)
		if err != nil {
			return nil, &BadParam{number: i + 1, reason: err.Error()}
		}
		if strings.IndexByte(text, 0) >= 0 {
			return nil, &BadParam{number: i + 1, reason: "holds a NUL character"}
		}
		if size += len(text); size > maxParamBytes {
			return nil, &BadParam{number: i + 1, reason: fmt.Sprintf("makes params larger than %d MiB", maxParamBytes>>20)}
		}
		out[i] = []byte(text)
	}
	return out, nil
}

func paramText(p any) (string, error) {
	switch v := p.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case json.Number:
		return v.String(), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case []any:
		return arrayText(v)
	default:
		return "", fmt.Errorf("is an object")
	}
}

func arrayText(items []any) (string, error) {
	parts := make([]string, len(items))
	for i, item := range items {
		if item == nil {
			parts[i] = "NULL"
			continue
		}
		text, err := paramText(item)
		if err != nil {
			return "", err
		}
		if _, nested := item.([]any); nested {
			parts[i] = text
			continue
		}
		parts[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
	}
	return "{" + strings.Join(parts, ",") + "}", nil
}
