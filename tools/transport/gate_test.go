package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
)

// FuzzGate sends any bytes as one message and wants, over stdio and HTTP: no
// crash, one JSON-RPC answer to a request and to what cannot be read, with the
// id that was sent, and none to a notification or a reply.
func FuzzGate(f *testing.F) {
	for _, seed := range []string{
		initialize(form), legacy.call("1", "echo"), modern.call("1", "noisy"), modern.msg(`"x"`, "tools/list", ""),
		legacy.msg("", "notifications/cancelled", `{"requestId":1}`), `{"jsonrpc":"2.0","id":1,"result":{}}`,
		`{"jsonrpc":"2.0","id":1e400,"method":"ping"}`, `{"JSONRPC":"2.0","ID":1,"Method":"ping"}`, `[]`, `{}`, "", "\xff", `{"id":{}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","task":{},"TASK":1,"_meta":5}}`,
		`{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/none"}}}`,
	} {
		f.Add([]byte(seed))
	}
	r := newRig()
	r.srv.DeleteTools("wait") // for a test, which is not there
	h := NewHTTP(r.srv, HTTPOptions{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, refused := rpc.Inspect(raw)
		checkFuzzed(t, raw, e, refused, fuzzHTTP(h, raw))
		if !bytes.ContainsRune(raw, '\n') && len(bytes.TrimSpace(raw)) > 0 {
			e, refused := rpc.Inspect(bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\ufeff"))))
			checkFuzzed(t, raw, e, refused, fuzzStdio(t, r, raw))
		}
	})
}

func fuzzHTTP(h http.Handler, raw []byte) []byte {
	req := httptest.NewRequest(http.MethodPost, "/mcp", bytes.NewReader(raw))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Body.Bytes()
}

func fuzzStdio(t *testing.T, r *rig, raw []byte) []byte {
	var out bytes.Buffer
	if err := ServeStdio(context.Background(), r.srv, io.MultiReader(bytes.NewReader(raw), bytes.NewReader([]byte("\n"))), &out, StdioOptions{}); err != nil {
		t.Fatalf("%q: ServeStdio: %v", raw, err)
	}
	return lastLine(out.Bytes())
}

func lastLine(b []byte) []byte {
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	return lines[len(lines)-1]
}

func checkFuzzed(t *testing.T, raw []byte, e rpc.Envelope, refused *RPCError, answer []byte) {
	t.Helper()
	if refused == nil && e.Kind != rpc.KindRequest {
		if len(answer) != 0 && !e.Modern { // whose headers HTTP refuses to be without
			t.Fatalf("%q, which waits for nothing, got %q", raw, answer)
		}
		return
	}
	var m struct {
		JSONRPC string
		ID      json.RawMessage
		Result  json.RawMessage
		Error   *struct{ Code int }
	}
	if err := json.Unmarshal(answer, &m); err != nil || m.JSONRPC != "2.0" || (m.Result == nil) == (m.Error == nil) {
		t.Fatalf("%q: got %q, want one answer", raw, answer)
	}
	if refused != nil && (m.Error == nil || m.Error.Code != refused.Code) {
		t.Fatalf("%q: got %q, want code %d", raw, answer, refused.Code)
	}
	if e.ID != nil && !sameID(string(m.ID), string(e.ID)) {
		t.Fatalf("%q: got %q, want id %s", raw, answer, e.ID)
	}
}
