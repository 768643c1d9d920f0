package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// reply is one answer of a fake Slack.
type reply struct {
	status int // 0: err, or 200
	head   map[string]string
	body   string
	cut    bool  // the body breaks off after body
	err    error // there is no answer
	stuck  bool  // the body never ends
}

// fake is a Slack that gives its replies in order, the last one again and again.
// It takes only what Slack's pages say: POST with a form, or GET with a query
// where nothing is written; the token in the header alone; and no argument that
// the method's page does not name. It records what reached it.
type fake struct {
	t       *testing.T
	mu      sync.Mutex
	replies []reply
	seen    []string     // method of the Web API
	forms   []url.Values // arguments
}

// documented are the arguments of the methods, but for token.
// Source: https://docs.slack.dev/reference/methods
var documented = map[string]string{
	"auth.test":                    "",
	"conversations.list":           "cursor exclude_archived limit team_id types",
	"users.conversations":          "cursor exclude_archived limit team_id types user",
	"conversations.info":           "channel include_locale include_num_members",
	"conversations.history":        "channel cursor include_all_metadata inclusive latest limit metadata_keys_to_include oldest",
	"conversations.replies":        "channel ts cursor include_all_metadata inclusive latest limit metadata_keys_to_include oldest",
	"search.messages":              "query count cursor highlight page sort sort_dir team_id",
	"users.info":                   "user include_locale",
	"users.lookupByEmail":          "email",
	"users.list":                   "cursor include_locale limit team_id",
	"chat.postMessage":             "channel attachments blocks icon_emoji icon_url markdown_text metadata mrkdwn parse reply_broadcast text thread_ts unfurl_links unfurl_media username",
	"chat.update":                  "channel ts as_user attachments blocks file_ids markdown_text metadata parse reply_broadcast text unfurl_links unfurl_media",
	"chat.delete":                  "channel ts as_user",
	"chat.getPermalink":            "channel message_ts",
	"files.getUploadURLExternal":   "filename length alt_txt snippet_type",
	"files.completeUploadExternal": "files channel_id channels initial_comment thread_ts blocks",
	"files.info":                   "file count cursor limit page",
}

// RoundTrip implements http.RoundTripper.
func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	method, form := f.strict(r)
	f.seen, f.forms = append(f.seen, method), append(f.forms, form)
	p := f.replies[0]
	if len(f.replies) > 1 {
		f.replies = f.replies[1:]
	}
	if p.err != nil {
		return nil, p.err
	}
	if p.status == 0 {
		p.status = http.StatusOK
	}
	var body io.Reader = strings.NewReader(p.body)
	if p.cut {
		body = io.MultiReader(body, broken{})
	}
	if p.stuck {
		body = io.MultiReader(body, stuck{r.Context().Done()})
	}
	resp := &http.Response{StatusCode: p.status, Header: http.Header{}, Body: io.NopCloser(body), ContentLength: -1, Request: r}
	for k, v := range p.head {
		resp.Header.Set(k, v)
	}
	return resp, nil
}

// strict holds a request to what Slack's pages say.
func (f *fake) strict(r *http.Request) (method string, form url.Values) {
	f.t.Helper()
	method = strings.TrimPrefix(r.URL.Path, "/api/")
	form = r.URL.Query()
	switch {
	case r.Method == http.MethodPost:
		if got := r.Header.Get("Content-Type"); got != "application/x-www-form-urlencoded" {
			f.t.Errorf("%s: content type %q, want a form", method, got)
		}
		sent, err := io.ReadAll(r.Body)
		if err != nil || int64(len(sent)) != r.ContentLength || r.URL.RawQuery != "" {
			f.t.Errorf("%s: %d bytes of %d, %v, query %q", method, len(sent), r.ContentLength, err, r.URL.RawQuery)
		}
		if form, err = url.ParseQuery(string(sent)); err != nil {
			f.t.Errorf("%s: form %q: %v", method, sent, err)
		}
	case method != "chat.getPermalink":
		f.t.Errorf("%s with %s, want POST", method, r.Method)
	}
	if got := r.Header.Values("Authorization"); len(got) != 1 || got[0] != "Bearer xoxp-test" {
		f.t.Errorf("%s: authorization %q, want the token once", method, got)
	}
	args, known := documented[method]
	for name, values := range form {
		if !known || len(values) != 1 || !slices.Contains(strings.Fields(args), name) {
			f.t.Errorf("%s: %s=%q is not documented", method, name, values)
		}
	}
	return method, form
}

type broken struct{}

// Read fails as a connection does that is cut.
func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type stuck struct{ done <-chan struct{} }

// Read waits until nobody waits any longer.
func (s stuck) Read([]byte) (int, error) {
	<-s.done
	return 0, context.Canceled
}

type accountKey struct{}

// as is a context of a Slack account.
func as(ctx context.Context, account string) context.Context {
	return context.WithValue(ctx, accountKey{}, account)
}

// over is a client of a fake with these replies.
func over(t *testing.T, replies ...reply) (*api.Client, *fake) {
	t.Helper()
	f := &fake{t: t, replies: replies}
	return api.New(configOf(f)), f
}

func configOf(f *fake) api.Config {
	person := &http.Client{Transport: api.BotToken("xoxp-test", "https://slack.invalid/api", f)}
	return api.Config{
		BaseURL: "https://slack.invalid/api/", Client: func(context.Context) *http.Client { return person },
		Account: func(ctx context.Context) (string, error) { a, _ := ctx.Value(accountKey{}).(string); return a, nil },
	}
}

// told is what a caller reads of err.
type told struct {
	code    string
	wait    int // seconds
	details map[string]string
}

func toldOf(t *testing.T, err error) told {
	t.Helper()
	if err == nil {
		return told{}
	}
	var coded interface {
		error
		Code() string
		Hint() string
	}
	if !errors.As(err, &coded) {
		t.Fatalf("got %v, which has no code", err)
	}
	if h := coded.Hint(); !strings.HasSuffix(h, ".") || strings.Count(h, ". ") > 0 {
		t.Errorf("%s: hint %q is not one sentence", coded.Code(), h)
	}
	out := told{code: coded.Code(), details: map[string]string{}}
	if e, ok := errors.AsType[*api.Error](err); ok {
		out.wait, out.details = int(e.RetryAfter().Seconds()), e.Details()
	}
	return out
}

// call is one of the client's methods.
type call struct {
	name string
	do   func(context.Context, *api.Client) (any, error)
}

func calling[T any](name string, do func(context.Context, *api.Client) (T, error)) call {
	return call{name, func(ctx context.Context, c *api.Client) (any, error) { return do(ctx, c) }}
}

// Some calls that tests need again and again.
func reads() call {
	return calling("History", func(ctx context.Context, c *api.Client) (api.Messages, error) {
		return c.History(ctx, api.HistoryQuery{Channel: "C1"})
	})
}

func posts() call {
	return calling("Post", func(ctx context.Context, c *api.Client) (api.Posted, error) {
		return c.Post(ctx, api.NewMessage{Channel: "C1", Text: "hi"})
	})
}
