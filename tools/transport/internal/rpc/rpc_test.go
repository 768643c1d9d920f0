package rpc

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestInspect(t *testing.T) {
	tests := []struct {
		name string
		raw  string
		want Envelope
	}{
		{"a request", `{"jsonrpc":"2.0","id":"a","method":"m"}`, Envelope{Kind: KindRequest, ID: json.RawMessage(`"a"`), Method: "m"}},
		{"a request of 2026-07-28", `{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`,
			Envelope{Kind: KindRequest, ID: json.RawMessage("1"), Method: "m", Modern: true}},
		{"a key of another case is another key", `{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"io.modelcontextprotocol/ProtocolVersion":"2026-07-28"}}}`,
			Envelope{Kind: KindRequest, ID: json.RawMessage("1"), Method: "m"}},
		{"params that are null", `{"jsonrpc":"2.0","id":1,"method":"m","params":null}`, Envelope{Kind: KindRequest, ID: json.RawMessage("1"), Method: "m"}},
		{"a notification", `{"jsonrpc":"2.0","method":"m"}`, Envelope{Kind: KindNotification, Method: "m"}},
		{"a refusal of the client", `{"jsonrpc":"2.0","id":1,"error":{}}`, Envelope{Kind: KindReply, ID: json.RawMessage("1"), Failure: json.RawMessage("{}")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, refused := Inspect([]byte(tt.raw))
			same := got.Kind == tt.want.Kind && string(got.ID) == string(tt.want.ID) && got.Method == tt.want.Method &&
				got.Modern == tt.want.Modern && string(got.Failure) == string(tt.want.Failure)
			if refused != nil || !same {
				t.Errorf("Inspect(%s): got %+v, %v; want %+v", tt.raw, got, refused, tt.want)
			}
		})
	}
}

func TestWithoutTask(t *testing.T) {
	const in = `{"id":1,"params":{"arguments":{"task":1,"n":9007199254740993},"task":{},"Task":2}}`
	const want = `{"id":1,"params":{"arguments":{"task":1,"n":9007199254740993}}}`
	if got := string(WithoutTask([]byte(in))); got != want {
		t.Errorf("WithoutTask(%s): got %s, want %s", in, got, want)
	}
}

func TestExactID(t *testing.T) {
	const answer = `{"id":0,"jsonrpc":"2.0","result":{}}`
	for id, changed := range map[string]bool{"9007199254740993": true, "1.0": true, "7": false, `"a"`: false} {
		got := string(ExactID([]byte(answer), json.RawMessage(id)))
		if want := strings.Replace(answer, `"id":0`, `"id":`+id, 1); changed && got != want || !changed && got != answer {
			t.Errorf("ExactID(%s, %s): got %s", answer, id, got)
		}
	}
}

func TestInternalText(t *testing.T) {
	tests := []struct {
		name, answer string
		want         bool
	}{
		{"an internal error", `{"error":{"code":-32603,"message":"m"}}`, true},
		{"another error", `{"error":{"code":-32602,"message":"m"}}`, false},
		{"a result that quotes one", `{"result":{"error":{"code":-32603,"message":"m"}}}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, got := InternalText([]byte(tt.answer)); got != tt.want {
				t.Errorf("InternalText(%s): got %v, want %v", tt.answer, got, tt.want)
			}
		})
	}
}

func TestClipKeepsUTF8Whole(t *testing.T) {
	if got := Clip(strings.Repeat("ä", 100)); got != strings.Repeat("ä", 60)+"…" {
		t.Errorf("got %q", got)
	}
	if got := Clip("a" + strings.Repeat("ä", 100)); got != "a"+strings.Repeat("ä", 59)+"…" {
		t.Errorf("got %q, want no half character", got)
	}
}
