package blockkit_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/blockkit"
	"github.com/fluxstudio/fluxmcp/tools/slack/mrkdwn"
)

const zw = "\u200b"

func TestGuard(t *testing.T) {
	for _, c := range []struct{ name, blocks, want string }{
		{"what notifies nobody stays", `[{"type":"section","text":{"type":"mrkdwn","text":"a <@U1> & b"},"n":1.50e3,"b":null,"c":[true,false]}]`, ""},
		{"mrkdwn", `[{"type":"section","text":{"type":"mrkdwn","text":"<!channel> a"}}]`, `[{"type":"section","text":{"type":"mrkdwn","text":"&lt;!channel> a"}}]`},
		{"escapes of JSON do not hide it", `[{"type":"mrkdwn","text":"\u003c\u0021here\u003e"}]`, `[{"type":"mrkdwn","text":"&lt;!here>"}]`},
		{"typed in mrkdwn, which Slack may parse", `[{"type":"mrkdwn","text":"@here"}]`, `[{"type":"mrkdwn","text":"@` + zw + `here"}]`},
		{"plain text is shown as it is", `[{"type":"plain_text","text":"<!channel> @here"}]`, ""},
		{"Markdown", `[{"type":"markdown","text":"<!channel> \\<!here> @everyone"}]`, `[{"type":"markdown","text":"<!` + zw + `channel> \\<!` + zw + `here> @` + zw + `everyone"}]`},
		{"a broadcast of rich text", `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"broadcast","range":"channel","style":{"bold":true}}]}]}]`,
			`[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"@` + zw + `channel","style":{"bold":true}}]}]}]`},
		{"a user group of rich text", `[{"type":"usergroup","usergroup_id":"S1"}]`, `[{"type":"text","text":"@S1"}]`},
		{"a text of rich text is shown as it is", `[{"type":"text","text":"<!here>"}]`, ""},
		{"a text object in an unknown block", `[{"type":"hologram","deep":[[{"type":"mrkdwn","text":"<!here>"}]]}]`, `[{"type":"hologram","deep":[[{"type":"mrkdwn","text":"&lt;!here>"}]]}]`},
		{"a string of an unknown block", `[{"type":"hologram","words":["<!here>"]}]`, `[{"type":"hologram","words":["&lt;!here>"]}]`},
		{"a text without a type", `[{"text":"<!here>"}]`, `[{"text":"&lt;!here>"}]`},
		{"two types, of which one is shown as it is", `[{"type":"mrkdwn","text":"<!here>","type":"plain_text"}]`, `[{"type":"mrkdwn","text":"&lt;!here>","type":"plain_text"}]`},
		{"two types, of which one notifies", `[{"type":"broadcast","range":"here","type":"text"}]`, `[{"type":"text","text":"@` + zw + `here"}]`},
		{"a text that is an object", `[{"type":"plain_text","text":{"type":"mrkdwn","text":"<!here>"}}]`, `[{"type":"plain_text","text":{"type":"mrkdwn","text":"&lt;!here>"}}]`},
		{"ids, values and addresses are never shown", `[{"block_id":"<!here>","value":"<!here>","url":"https://a.example/@here"}]`, ""},
		{"one with what does not show in it", `[{"type":"mrkdwn","text":"<!chan\u0000nel> <!\u200bhere> <!chan\u00adnel>"}]`, "[{\"type\":\"mrkdwn\",\"text\":\"&lt;!chan\\u0000nel> &lt;!\u200bhere> &lt;!chan\u00adnel>\"}]"},
		{"one with entities in it", `[{"type":"mrkdwn","text":"<&#33;channel> <!cha&#110;nel>"}]`, `[{"type":"mrkdwn","text":"&lt;&#33;channel> &lt;!cha&#110;nel>"}]`},
		{"a group in place of a person", `[{"type":"mrkdwn","text":"<@S0123456> <@!channel>"}]`, `[{"type":"mrkdwn","text":"&lt;@S0123456> &lt;@!channel>"}]`},
		{"a date and a person stay", `[{"type":"mrkdwn","text":"<!date^1^{time}|now> <@U0123456|sana> <https://a.example/!x|it>"}]`, ""},
		{"a person of rich text who is none", `[{"type":"user","user_id":"!channel"}]`, `[{"type":"text","text":"@!channel"}]`},
		{"one who is", `[{"type":"user","user_id":"U0123456"}]`, ""},
		{"what is no JSON becomes nothing", `[{"type":"mrkdwn","text":"<!here>"}`, `null`},
		{"what is too deep becomes nothing", strings.Repeat("[", 50) + strings.Repeat("]", 50), `null`},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := c.want
			if want == "" {
				want = c.blocks
			}
			got, changed := blockkit.Guard(json.RawMessage(c.blocks), false)
			if string(got) != want {
				t.Errorf("Guard(%s)\n got %s\nwant %s", c.blocks, got, want)
			}
			if changed != (c.want != "") {
				t.Errorf("Guard(%s) says changed = %v", c.blocks, changed)
			}
		})
	}
}

func TestGuardKeepsBroadcastsThatMayPass(t *testing.T) {
	const blocks = `[{"type":"mrkdwn","text":"<!here>"},{"type":"broadcast","range":"here"}]`
	got, changed := blockkit.Guard(json.RawMessage(blocks), true)
	if string(got) != blocks || changed {
		t.Errorf("Guard = %s, %v; want %s, false", got, changed, blocks)
	}
}

func TestGuardMakesTextFitToBeSent(t *testing.T) {
	got, _ := blockkit.Guard(json.RawMessage(`[ {"type":"plain_text", "text":"a\ud800b"} ]`), false)
	if want := "[{\"type\":\"plain_text\",\"text\":\"a\uFFFDb\"}]"; string(got) != want {
		t.Errorf("Guard = %s, want %s", got, want)
	}
}

// notifying finds what would notify many, by a way of its own: encoding/json's.
func notifying(v any, name string) string {
	switch v := v.(type) {
	case string:
		if name != "value" && name != "type" && !strings.HasSuffix(name, "id") && !strings.HasSuffix(name, "url") && mrkdwn.HasBroadcast(v) {
			return v
		}
	case []any:
		for _, item := range v {
			if found := notifying(item, name); found != "" {
				return found
			}
		}
	case map[string]any:
		kind := typeOf(v)
		if kind == "broadcast" || kind == "usergroup" {
			return kind
		}
		for name, item := range v {
			if _, ok := item.(string); ok && name == "text" && (kind == "plain_text" || kind == "raw_text" || kind == "text") {
				continue
			}
			if found := notifying(item, name); found != "" {
				return found
			}
		}
	}
	return ""
}

// typeOf is the type of an object, in whatever capitals.
func typeOf(v map[string]any) string {
	for name, item := range v {
		if kind, ok := item.(string); ok && strings.EqualFold(name, "type") {
			return strings.ToLower(kind)
		}
	}
	return ""
}

// shape is v without the words in it, and without what Guard turns into text.
func shape(v any) any {
	switch v := v.(type) {
	case string:
		return ""
	case []any:
		for i := range v {
			v[i] = shape(v[i])
		}
	case map[string]any:
		if kind := typeOf(v); kind == "broadcast" || kind == "usergroup" || kind == "text" {
			return nil
		}
		for name := range v {
			v[name] = shape(v[name])
		}
	}
	return v
}

func decoded(raw []byte) (any, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err := d.Decode(&v)
	return v, err
}

// FuzzGuard: what goes out is JSON of the same shape in which nothing notifies
// many, and it is left alone the second time; the rest never fails.
func FuzzGuard(f *testing.F) {
	for _, s := range []string{
		`[{"type":"section","text":{"type":"mrkdwn","text":"<!channel> \u003c!here\u003e"},"fields":[{"type":"plain_text","text":"<!here>"}]}]`,
		`[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"broadcast","range":"here"},{"type":"usergroup","usergroup_id":"S1"}]}]}]`,
		`[{"type":"markdown","text":"<\\!channel> &#60;!here&#62; @here <!&#99;hannel>"}]`,
		`[{"type":"a","type":"mrkdwn","b":[1e9,-0,"<!everyone|x>",{"text":"@channel"}]}]`,
		`[{"type":"table","rows":[[{"type":"raw_text","text":"a"}]]},{"type":"image","alt_text":"@here"}]`, `{}`, `"<!here>"`, `[[[`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		out, changed := blockkit.Guard(raw, false)
		v, err := decoded(out)
		if err != nil {
			t.Fatalf("Guard(%s) = %s: %v", raw, out, err)
		}
		if found := notifying(v, ""); found != "" {
			t.Fatalf("Guard(%s) = %s\nholds %q", raw, out, found)
		}
		if again, more := blockkit.Guard(out, false); !bytes.Equal(again, out) || more && string(out) != "null" {
			t.Fatalf("Guard(%s)\nand once more %s", out, again)
		}
		before, err := decoded(raw)
		if err == nil && string(out) != "null" && !twice(raw) {
			if got, want := shape(v), shape(before); !reflect.DeepEqual(got, want) {
				t.Fatalf("Guard(%s) = %s\nhas another shape", raw, out)
			}
			if kept, _ := blockkit.Guard(raw, true); !changed && !bytes.Equal(kept, out) {
				t.Fatalf("Guard(%s) = %s\nchanged it and does not say so", raw, out)
			}
		}
		if text := blockkit.Text(raw); mrkdwn.HasBroadcast(text) {
			t.Fatalf("Text(%s) = %q holds a broadcast", raw, text)
		}
		_ = blockkit.Check(raw)
	})
}

// twice says whether an object gives a member twice, or type in capitals, of which
// encoding/json and Guard think differently.
func twice(raw []byte) bool {
	return again(json.NewDecoder(bytes.NewReader(raw)))
}

func again(d *json.Decoder) bool {
	open, err := d.Token()
	if err != nil || open != json.Delim('{') && open != json.Delim('[') {
		return false
	}
	seen, found := map[string]bool{}, false
	for d.More() {
		if open == json.Delim('{') {
			name, err := d.Token()
			if err != nil {
				return found
			}
			lower := strings.ToLower(name.(string))
			found = found || seen[lower]
			seen[lower] = true
		}
		found = again(d) || found
	}
	_, _ = d.Token() // what closes it
	return found
}
