package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg" // what the stand-in renders
	_ "image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// figma asks with Caleb's personal access token.
func figma(t *testing.T, base, path string) map[string]any {
	t.Helper()
	status, body, _ := send(t, "GET", base+"/figma"+path, http.Header{"X-Figma-Token": {caleb}}, "")
	if status != 200 {
		t.Fatalf("GET %s: %d %v", path, status, body)
	}
	return body
}

// count is how many nodes a tree has, and its depth.
func count(n any) (nodes, depth int) {
	m, _ := n.(map[string]any)
	nodes, depth = 1, 0
	list, _ := m["children"].([]any)
	for _, c := range list {
		inner, deep := count(c)
		nodes, depth = nodes+inner, max(depth, deep+1)
	}
	return nodes, depth
}

func TestFigmaCutsFiles(t *testing.T) {
	_, base := start(t, sandbox.Options{})
	whole, deep := count(figma(t, base, "/v1/files/"+tidal)["document"])
	if whole < 150 || deep < 5 {
		t.Errorf("%d nodes, %d deep; want a file worth reading", whole, deep)
	}
	pages := figma(t, base, "/v1/files/"+tidal+"?depth=1")
	if n, d := count(pages["document"]); n != 4 || d != 1 {
		t.Errorf("depth 1: %d nodes, %d deep; want the document and three pages", n, d)
	}
	cover := fmt.Sprint(dig(figma(t, base, "/v1/files/"+tidal), "document", "children", 0, "children", 0, "id"))
	part := figma(t, base, "/v1/files/"+tidal+"?ids="+cover)
	if dig(part, "document", "children", 0, "children", 0, "name") != "Cover" || dig(part, "document", "children", 0, "children", 1) != nil || dig(part, "document", "children", 1, "name") != "Drill boards" {
		t.Errorf("ids: want the cover alone, and all pages")
	}
	if used, _ := part["components"].(map[string]any); len(used) != 2 {
		t.Errorf("components of the cover: %v, want the two it uses", used)
	}
	nodes := figma(t, base, "/v1/files/"+tidal+"/nodes?ids="+url.QueryEscape(cover)+",99:99&depth=1")
	if _, d := count(dig(nodes, "nodes", cover, "document")); d != 1 {
		t.Errorf("nodes to depth 1 are %d deep", d)
	}
	if dig(nodes, "nodes").(map[string]any)["99:99"] != nil {
		t.Errorf("a node that is not there: %v, want null", dig(nodes, "nodes", "99:99"))
	}
	if strings.Contains(fmt.Sprint(pages), "fillGeometry") || !strings.Contains(fmt.Sprint(figma(t, base, "/v1/files/"+tidal+"?geometry=paths")), "fillGeometry") {
		t.Error("outlines are sent unasked, or not sent when asked for")
	}
}

func TestFigmaVersions(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	var ids []string
	for path := "/v1/files/" + tidal + "/versions"; path != ""; {
		page := figma(t, base, path)
		for _, v := range page["versions"].([]any) {
			ids = append(ids, fmt.Sprint(dig(v, "id")))
		}
		next, _ := dig(page, "pagination", "next_page").(string)
		path = strings.TrimPrefix(next, base+"/figma")
	}
	if len(ids) != 64 || ids[0] <= ids[63] {
		t.Fatalf("%d versions, %v…; want 64, the newest first", len(ids), ids[:2])
	}
	back := figma(t, base, "/v1/files/"+tidal+"/versions?page_size=2&after="+ids[10])
	if dig(back, "versions", 0, "id") != ids[8] || dig(back, "versions", 1, "id") != ids[9] {
		t.Errorf("after %s: %v, want the two next to it", ids[10], back)
	}
	text := func(version string) string {
		return fmt.Sprint(figma(t, base, "/v1/files/"+tidal+"?version="+version)["document"])
	}
	if now, then := text(ids[0]), text(ids[63]); !strings.Contains(now, "revision 64") || strings.Contains(then, "revision 64") || !strings.Contains(then, "In review") {
		t.Error("versions do not have their own text")
	}
	was := figma(t, base, "/v1/files/"+tidal+"/meta")
	s.EditFigma(tidal, true)
	if now := figma(t, base, "/v1/files/"+tidal+"/meta"); dig(now, "file", "version") == dig(was, "file", "version") {
		t.Error("an edit leaves the version as it was")
	}
	if newest := figma(t, base, "/v1/files/"+tidal+"/versions?page_size=1"); dig(newest, "versions", 0, "label") != "Edit 65" {
		t.Errorf("newest %v, want the named one", newest)
	}
}

func TestFigmaPicturesAreReal(t *testing.T) {
	_, base := start(t, sandbox.Options{})
	cover := fmt.Sprint(dig(figma(t, base, "/v1/files/"+tidal), "document", "children", 0, "children", 0, "id"))
	hidden := fmt.Sprint(dig(figma(t, base, "/v1/files/"+tidal), "document", "children", 2, "children", 0, "id"))
	load := func(address any) []byte {
		resp, err := http.Get(fmt.Sprint(address))
		if err != nil {
			t.Fatalf("GET %v: %v", address, err)
		}
		defer func() { _ = resp.Body.Close() }()
		data, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("GET %v: %d %v", address, resp.StatusCode, err)
		}
		return data
	}
	for format, begins := range map[string]string{"png": "\x89PNG", "jpg": "\xff\xd8", "svg": `<svg width="720" height="405"`, "pdf": "%PDF-1.4"} {
		urls := figma(t, base, "/v1/images/"+tidal+"?format="+format+"&scale=0.5&ids="+url.QueryEscape(cover+","+hidden+",99:99"))
		if dig(urls, "images", hidden) != nil || dig(urls, "images", "99:99") != nil {
			t.Errorf("%s: %v, want null for what cannot be shown", format, urls)
		}
		data := load(dig(urls, "images", cover))
		if !bytes.HasPrefix(data, []byte(begins)) {
			t.Errorf("%s begins with %.30q", format, data)
		}
		if format != "png" && format != "jpg" {
			continue
		}
		m, _, err := image.Decode(bytes.NewReader(data))
		if err != nil || m.Bounds().Dx() != 720 || m.Bounds().Dy() != 405 {
			t.Errorf("%s: %v %v, want 720 by 405 pixels", format, m, err)
		}
	}
	fills := figma(t, base, "/v1/files/"+tidal+"/images")
	for ref, address := range dig(fills, "meta", "images").(map[string]any) {
		if !strings.Contains(fmt.Sprint(figma(t, base, "/v1/files/"+tidal)["document"]), ref) || !bytes.HasPrefix(load(address), []byte("\x89PNG")) {
			t.Errorf("fill %s is in no node, or no picture", ref)
		}
	}
}

func TestFigmaTakesFilesOfTests(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	text := `{"name":"Mine","document":{"id":"0:0","type":"DOCUMENT","name":"D","children":[{"id":"0:1","type":"CANVAS","name":"P","children":[{"id":"1:2","type":"FRAME","name":"F","children":[]}]}]},"components":{},"styles":{}}`
	if err := s.AddFigmaFile("Mine", []byte(text)); err != nil {
		t.Fatalf("add: %v", err)
	}
	if got := figma(t, base, "/v1/files/Mine/nodes?ids=1-2"); dig(got, "nodes", "1:2", "document", "name") != "F" {
		t.Errorf("nodes %v, want the frame", got)
	}
	status, body, _ := send(t, "POST", base+"/_control/figma-file/Other", http.Header{"Content-Type": {"application/json"}}, text)
	if status != 200 || figma(t, base, "/v1/files/Other")["name"] != "Mine" {
		t.Errorf("over HTTP: %d %v", status, body)
	}
	for _, bad := range []string{"", "{}", "[]"} {
		if err := s.AddFigmaFile("Bad", []byte(bad)); err == nil {
			t.Errorf("%q is taken for a file", bad)
		}
	}
}

func TestFigmaWebhooks(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	var status atomic.Int64
	got := make(chan map[string]any, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e map[string]any
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Errorf("decode: %v", err)
		}
		if err := specifiedEvent(t, e); err != nil {
			t.Errorf("event %v is not as Figma specifies it: %v", e, err)
		}
		w.WriteHeader(int(max(200, status.Load())))
		got <- e
	}))
	defer receiver.Close()
	watch := func(event string) string {
		body := webhookOf("file", tidal)
		body["event_type"], body["endpoint"] = event, receiver.URL
		text, _ := json.Marshal(body)
		code, made, _ := send(t, "POST", base+"/figma/v2/webhooks", http.Header{"X-Figma-Token": {caleb}, "Content-Type": {"application/json"}}, string(text))
		if code != 200 || made["passcode"] != "5bx" || made["client_id"] != nil {
			t.Fatalf("watch: %d %v", code, made)
		}
		if ping := <-got; ping["event_type"] != "PING" || ping["passcode"] != "5bx" || ping["webhook_id"] != made["id"] {
			t.Errorf("first came %v, want a PING with the passcode", ping)
		}
		return fmt.Sprint(made["id"])
	}
	updates, comments := watch("FILE_UPDATE"), watch("FILE_COMMENT")
	versions := watch("FILE_VERSION_UPDATE")
	s.EditFigma(tidal, true)
	kinds := map[any]bool{(<-got)["event_type"]: true, (<-got)["event_type"]: true}
	if !kinds["FILE_UPDATE"] || !kinds["FILE_VERSION_UPDATE"] {
		t.Errorf("a named version tells of %v, want of the update and the version", kinds)
	}
	s.Wait()
	send(t, "DELETE", base+"/figma/v2/webhooks/"+versions, http.Header{"X-Figma-Token": {caleb}}, "")
	if shown := figma(t, base, "/v2/webhooks/"+updates); shown["passcode"] != "" {
		t.Errorf("webhook %v, want no passcode", shown)
	}
	send(t, "POST", base+"/figma/v1/files/"+tidal+"/comments", http.Header{"X-Figma-Token": {theo}, "Content-Type": {"application/json"}}, `{"message":"Eight more?"}`)
	if e := <-got; dig(e, "comment", 0, "text") != "Eight more?" || e["webhook_id"] != comments || dig(e, "triggered_by", "handle") != "Theo Norris" || e["client_meta"] != nil {
		t.Errorf("event %v, want the comment in fragments, without its place", e)
	}
	status.Store(503)
	s.EditFigma(tidal, false)
	first := <-got
	s.Wait()
	log := figma(t, base, "/v2/webhooks/"+updates+"/requests")
	if dig(log, "requests", 0, "response_info", "status") != "503" || dig(log, "requests", 0, "request_info", "payload", "passcode") != nil {
		t.Errorf("log %v, want the failure, without the passcode", log)
	}
	status.Store(200)
	if n := s.RedeliverFigma(); n != 1 {
		t.Errorf("redelivered %d, want 1", n)
	}
	if again := <-got; again["timestamp"] != first["timestamp"] {
		t.Errorf("redelivered %v, want the same event, %v", again, first)
	}
	s.Wait()
	if n := s.RedeliverFigma(); n != 0 {
		t.Errorf("redelivered %d once more, want none", n)
	}
	// A 400 is taken for a wrong passcode, and ends it.
	status.Store(400)
	s.EditFigma(tidal, false)
	<-got
	s.Wait()
	if shown := figma(t, base, "/v2/webhooks/"+updates); shown["status"] != "PAUSED" {
		t.Errorf("after a 400: %v, want it paused", shown["status"])
	}
	status.Store(200) // before the PING of the next one
	watch("FILE_DELETE")
	if !s.DeleteFigma(tidal) {
		t.Error("the file cannot be deleted")
	}
	if e := <-got; e["event_type"] != "FILE_DELETE" {
		t.Errorf("event %v, want FILE_DELETE", e)
	}
}

func TestFigmaFilesHaveThreeWebhooksAtMost(t *testing.T) {
	_, base := start(t, sandbox.Options{})
	watch := func(context, id string) int {
		text, _ := json.Marshal(webhookOf(context, id))
		code, _, _ := send(t, "POST", base+"/figma/v2/webhooks", http.Header{"X-Figma-Token": {caleb}, "Content-Type": {"application/json"}}, string(text))
		return code
	}
	for context, most := range map[string]int{"file": 3, "project": 5, "team": 20} {
		id := map[string]string{"file": tidal, "project": design, "team": team}[context]
		for i := range most {
			if code := watch(context, id); code != 200 {
				t.Errorf("webhook %d of a %s: %d, want 200", i+1, context, code)
			}
		}
		if code := watch(context, id); code != 400 {
			t.Errorf("one webhook too many of a %s: %d, want 400", context, code)
		}
	}
}

func TestFigmaCommentsAreThreads(t *testing.T) {
	_, base := start(t, sandbox.Options{})
	list, _ := figma(t, base, "/v1/files/"+tidal+"/comments")["comments"].([]any)
	roots, resolved := map[any]bool{}, 0
	for _, c := range list {
		if dig(c, "parent_id") == "" {
			roots[dig(c, "id")] = true
		}
		if dig(c, "resolved_at") != nil {
			resolved++
		}
	}
	for _, c := range list {
		if parent := dig(c, "parent_id"); parent != "" && !roots[parent] {
			t.Errorf("a reply to %v, which is no root", parent)
		}
		if dig(c, "user", "email") != nil {
			t.Errorf("comment %v has an address", c)
		}
	}
	if len(roots) != 3 || len(list) != 4 || resolved != 1 {
		t.Errorf("%d roots, %d comments, %d resolved; want 3, 4 and 1", len(roots), len(list), resolved)
	}
}
