package design_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

// tiny is a file of as many nodes as are read of it, of few bytes each.
type tiny struct{ begun bool }

func (r *tiny) Read(p []byte) (int, error) {
	const node = `{"id":"1:1","type":"FRAME"},`
	if !r.begun {
		r.begun = true
		return copy(p, `{"document":{"id":"0:0","type":"DOCUMENT","children":[{"id":"0:1","type":"CANVAS","children":[`), nil
	}
	n := 0
	for n+len(node) <= len(p) {
		n += copy(p[n:], node)
	}
	return n, nil
}

func TestManyTinyNodesAreRefusedInTime(t *testing.T) {
	f, err := design.Read(io.LimitReader(&tiny{}, 200<<20))
	var large *design.TooLarge
	if !errors.As(err, &large) || f != nil {
		t.Errorf("got %v, want *design.TooLarge", err)
	}
}

func TestWhatNobodySeesIsEscaped(t *testing.T) {
	const text = "a\u202eb\u2066\U000e0049\u200b\ufeff\u00ad 👩\u200d💻"
	body := read(t, `{"document":{"id":"0:0","type":"DOCUMENT","children":[{"id":"0:1","type":"CANVAS","name":"P","children":[
		{"id":"1:1","type":"TEXT","name":"n\u202e","characters":"`+text+`"}]}]}}`).Text(nil, design.TextOptions{}).Body
	for _, raw := range []string{"\u202e", "\u2066", "\U000e0049", "\u200b", "\ufeff", "\u00ad"} {
		if strings.Contains(body, raw) {
			t.Errorf("%+q is in the text as it is", raw)
		}
	}
	if want := `"a\u202eb\u2066\udb40\udc49\u200b\ufeff\u00ad 👩` + "\u200d" + `💻"`; !strings.Contains(body, want) {
		t.Errorf("got %s, want %s in it", body, want)
	}
}
