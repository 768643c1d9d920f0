package api_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

func TestRefusalsAreToldApart(t *testing.T) {
	type detail = map[string]string
	limits := func(more ...string) map[string]string {
		h := detail{"Retry-After": "396749", "X-Figma-Plan-Tier": "starter", "X-Figma-Rate-Limit-Type": "low", "X-Figma-Upgrade-Link": "https://www.figma.com/pricing"}
		for i := 0; i+1 < len(more); i += 2 {
			h[more[i]] = more[i+1]
		}
		return h
	}
	for _, c := range []struct {
		name    string
		call    string // of methods
		status  int
		head    map[string]string
		body    string
		want    string
		wait    int
		details detail
	}{
		{"a file nobody knows", "getFileMeta", 404, nil, `{"status":404,"err":"Not found"}`, "unknown_file", 0, nil},
		{"a team nobody knows", "getTeamComponents", 404, nil, `{"status":404,"error":true,"message":"Not found"}`, "unknown_team", 0, nil},
		{"a folder nobody knows", "getFolderFiles", 404, nil, `{"status":404,"err":"Not found"}`, "unknown_folder", 0, nil},
		{"a project nobody knows", "getProjectFiles", 404, nil, ``, "unknown_folder", 0, nil},
		{"a file that is not to be exported", "getFile", 403, nil, `{"status":403,"err":"File not exportable secret words"}`, "figma_forbidden", 0, nil},
		{"a scope that is missing", "getFileVersions", 403, nil, `{"status":403,"err":"Invalid scope(s): file_content:read. This endpoint requires the file_versions:read scope"}`, "figma_scope_missing", 0, detail{"needed": "file_versions:read"}},
		{"one of several scopes", "getFile", 403, nil, `{"status":403,"err":"Invalid scope(s). This endpoint requires the file_content:read or files:read scope"}`, "figma_scope_missing", 0, detail{"needed": "file_content:read, files:read"}},
		{"a scope without a name", "getFile", 403, nil, `{"message":"Insufficient scope secret words","error":true,"status":403}`, "figma_scope_missing", 0, nil},
		{"a token that expired", "getFile", 403, nil, `{"status":403,"err":"Token expired"}`, "figma_token_refused", 0, nil},
		{"a token that was revoked", "getMe", 403, nil, `{"status":403,"err":"Invalid token"}`, "figma_token_refused", 0, nil},
		{"a token in the shape of the activity log", "getFile", 403, nil, `{"error":true,"status":403,"message":"Invalid token","i18n":null}`, "figma_token_refused", 0, nil},
		{"401", "getFile", 401, nil, `{"status":401,"error":true,"message":"secret words"}`, "figma_token_refused", 0, nil},
		{"403 without a word", "getFile", 403, nil, ``, "figma_forbidden", 0, nil},
		{"403 with a page", "getFile", 403, nil, `<html>secret words</html>`, "figma_forbidden", 0, nil},
		{"a file that is too large", "getFile", 400, nil, `{"status":400,"err":"Request too large. If applicable, filter by query params."}`, "figma_request_too_large", 0, nil},
		{"a picture that takes too long", "getImages", 400, nil, `{"status":400,"err":"Render timeout, try requesting fewer or smaller images"}`, "figma_request_too_large", 0, nil},
		{"413", "getImages", 413, nil, ``, "figma_request_too_large", 0, nil},
		{"a request that is wrong", "getImages", 400, nil, `{"status":400,"err":"Invalid format: secret words"}`, "figma_refused", 0, nil},
		{"a picture that failed with 200", "getImages", 200, nil, `{"err":"Render timeout secret words","images":{}}`, "figma_request_too_large", 0, nil},
		{"a redirect", "getFile", 302, detail{"Location": "https://elsewhere.invalid/"}, ``, "figma_refused", 0, nil},
		{"a limit of days", "getFile", 429, limits(), `{"status":429,"err":"Rate limit exceeded"}`, "figma_rate_limited", 396749, detail{"tier": "1", "plan_tier": "starter", "limit_type": "low", "upgrade_link": "https://www.figma.com/pricing"}},
		{"a limit of tier 2", "getComments", 429, limits("Retry-After", "31"), ``, "figma_rate_limited", 31, detail{"tier": "2", "plan_tier": "starter", "limit_type": "low", "upgrade_link": "https://www.figma.com/pricing"}},
		{"a limit that says nothing", "getMe", 429, nil, ``, "figma_rate_limited", 60, detail{"tier": "3"}},
		{"a limit that says nonsense", "getMe", 429, limits("Retry-After", "soon", "X-Figma-Plan-Tier", "secret words", "X-Figma-Rate-Limit-Type", "a<b", "X-Figma-Upgrade-Link", "javascript:secret"), ``, "figma_rate_limited", 60, detail{"tier": "3"}},
		{"a limit with a link of somebody else", "getMe", 429, limits("X-Figma-Upgrade-Link", "https://www.figma.com.evil.example/"), ``, "figma_rate_limited", 396749, detail{"tier": "3", "plan_tier": "starter", "limit_type": "low"}},
		{"a limit of ages", "getMe", 429, limits("Retry-After", "Mon, 01 Jan 2125 00:00:00 GMT"), ``, "figma_rate_limited", 31 * 24 * 3600, detail{"tier": "3", "plan_tier": "starter", "limit_type": "low", "upgrade_link": "https://www.figma.com/pricing"}},
		{"a limit with a link that is not safe", "getMe", 429, limits("X-Figma-Upgrade-Link", "http://secret.invalid/"), ``, "figma_rate_limited", 396749, detail{"tier": "3", "plan_tier": "starter", "limit_type": "low"}},
		{"a limit until a time", "getMe", 429, detail{"Retry-After": "Sat, 01 Jan 2000 00:02:00 GMT"}, ``, "figma_rate_limited", 120, detail{"tier": "3"}},
		{"a failure of Figma", "getFile", 500, nil, `{"status":500,"err":"secret words"}`, "figma_unavailable", 5, nil},
		{"maintenance says until when", "getFile", 503, detail{"Retry-After": "120"}, `<html>`, "figma_unavailable", 120, nil},
		{"an answer that is no JSON", "getMe", 200, nil, `<html>secret words`, "figma_unreadable", 0, nil},
		{"an answer that stops", "getMe", 200, nil, `{"id":"1`, "figma_unreadable", 0, nil},
		{"an empty answer", "getMe", 200, nil, ``, "figma_unreadable", 0, nil},
		{"an answer of another shape", "getMe", 200, nil, `{"id":{"secret":"words"}}`, "figma_unreadable", 0, nil},
		{"a library of another shape", "getFileComponents", 200, nil, `{"meta":{"components":{}}}`, "figma_unreadable", 0, nil},
		{"a library without its list", "getFileComponents", 200, nil, `{}`, "figma_unreadable", 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{replies: []reply{{status: c.status, head: c.head, body: c.body}}}
				err := methods(t.Context(), over(f))[c.call]("AbCdEf0123456789")
				got := toldOf(t, err)
				if got.code != c.want || got.wait != c.wait || len(got.details)+len(c.details) > 0 && !maps.Equal(got.details, c.details) {
					t.Errorf("got %+v, want %s after %d s with %v", got, c.want, c.wait, c.details)
				}
				if err != nil && strings.Contains(err.Error(), "secret") {
					t.Errorf("got %q, which quotes Figma", err)
				}
			})
		})
	}
}

func TestWrongKeysAreNoOtherPath(t *testing.T) {
	f := &fake{replies: []reply{{body: `{}`}}}
	calls := methods(t.Context(), over(f))
	delete(calls, "getMe")
	for _, key := range []string{"../me", "..", ".", "", "a/b", `a\b`, "a%2Fb", "a?depth=1", "a#b", "a b", "a;b", "ключ", "a\x00", "%2e%2e"} {
		for name, call := range calls {
			if got := toldOf(t, call(key)); !strings.HasPrefix(got.code, "unknown_") {
				t.Errorf("%s of %q: got %q, want unknown_file or the like", name, key, got.code)
			}
		}
	}
	if len(f.seen) > 0 {
		t.Errorf("got requests %v, want none", f.seen)
	}
}

// unconnected is an error of the client that is given.
type unconnected struct{}

func (unconnected) Error() string { return "Figma is not connected" }
func (unconnected) Code() string  { return "not_connected" }
func (unconnected) Hint() string  { return "Call connect_account." }

func TestErrorsOfTheClientThatIsGivenPass(t *testing.T) {
	for name, call := range methods(t.Context(), over(&fake{replies: []reply{{err: unconnected{}}}})) {
		err := call("AbCdEf0123456789")
		if !errors.As(err, &unconnected{}) || strings.Contains(err.Error(), "figma.invalid") {
			t.Errorf("%s: got %v, want the error of the client without the address", name, err)
		}
	}
	c := api.New(api.Config{BaseURL: "https://figma.invalid", Account: func(context.Context) (string, error) { return "", unconnected{} }})
	if _, err := c.Me(t.Context()); !errors.As(err, &unconnected{}) {
		t.Errorf("got %v, want that of Account", err)
	}
}

func TestErrorsOfWhoReadsPass(t *testing.T) {
	c := over(&fake{replies: []reply{{body: `{}`}}})
	err := c.File(t.Context(), "AbCdEf0123456789", api.FileQuery{}, func(io.Reader) error { return unconnected{} })
	if !errors.As(err, &unconnected{}) {
		t.Errorf("got %v, want the error of read", err)
	}
	err = c.File(t.Context(), "AbCdEf0123456789", api.FileQuery{}, func(io.Reader) error { return errors.New("no document") })
	if kind, _ := api.KindOf(err); kind != api.Unreadable {
		t.Errorf("got %v, want Unreadable", err)
	}
}

func TestRequestsGoWhereTheyShould(t *testing.T) {
	f := &fake{replies: []reply{{body: `{}`}}}
	c := over(f)
	drain := func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }
	_ = c.File(t.Context(), "Key1", api.FileQuery{Version: "7", Depth: 2, IDs: []string{"1:2", "3:4"}}, drain)
	_ = c.Nodes(t.Context(), "Key1", []string{"1:2"}, api.FileQuery{}, drain)
	_, _ = c.Me(t.Context())
	want := []string{
		"GET https://figma.invalid/v1/files/Key1?depth=2&ids=1%3A2%2C3%3A4&version=7",
		"GET https://figma.invalid/v1/files/Key1/nodes?ids=1%3A2", "GET https://figma.invalid/v1/me",
	}
	if strings.Join(f.seen, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(f.seen, "\n"), strings.Join(want, "\n"))
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	f := &fake{replies: []reply{{status: http.StatusTemporaryRedirect, head: map[string]string{"Location": "/v1/me"}}}}
	_, err := over(f).PostComment(t.Context(), "Key1", api.NewComment{Message: "Hi"})
	if kind, _ := api.KindOf(err); kind != api.BadRequest || len(f.seen) != 1 {
		t.Errorf("got %v after %d requests, want BadRequest after one", err, len(f.seen))
	}
}
