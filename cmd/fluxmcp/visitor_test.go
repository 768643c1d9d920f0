package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// visitor is a person's browser without a screen: cookies, pages and forms. It
// keeps cookies as browsers do on a loopback address, Secure or not.
type visitor struct {
	t       testing.TB
	cookies map[string]map[string]string // by host
	at      *url.URL
	status  int
	page    *html.Node
	err     error // of the last request, which has no page then
}

func newVisitor(t testing.TB) *visitor {
	return &visitor{t: t, cookies: map[string]map[string]string{}}
}

// open goes to an address, and where it leads.
func (v *visitor) open(address string) *visitor {
	v.t.Helper()
	return v.send(http.MethodGet, address, nil)
}

// press submits the form that has a button with that text.
func (v *visitor) press(button string, fill ...string) *visitor {
	v.t.Helper()
	form, chosen := find(v.page, button)
	if id := attr(chosen, "form"); id != "" {
		form = byID(v.page, id)
	}
	if form == nil {
		v.t.Fatalf("the page at %s has no button %q:\n%s", v.at, button, v.text())
	}
	values := fields(form)
	if name := attr(chosen, "name"); name != "" {
		values.Set(name, attr(chosen, "value"))
	}
	for i := 0; i+1 < len(fill); i += 2 {
		values.Set(fill[i], fill[i+1])
	}
	target, err := v.at.Parse(attr(form, "action"))
	if err != nil {
		v.t.Fatal(err)
	}
	if strings.EqualFold(attr(form, "method"), "get") {
		target.RawQuery = values.Encode()
		return v.send(http.MethodGet, target.String(), nil)
	}
	return v.send(http.MethodPost, target.String(), values)
}

// send makes a request and follows where it leads.
func (v *visitor) send(method, address string, form url.Values) *visitor {
	v.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 10 {
		req, err := http.NewRequestWithContext(v.t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			v.t.Fatal(err)
		}
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Origin", v.at.Scheme+"://"+v.at.Host)
			req.Header.Set("Sec-Fetch-Site", "same-origin")
		}
		req.Header.Set("Accept", "text/html")
		for name, value := range v.cookies[req.URL.Host] {
			req.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		res, err := client.Do(req)
		if v.err = err; err != nil {
			return v
		}
		v.keep(res)
		if to := res.Header.Get("Location"); to != "" && res.StatusCode >= 300 && res.StatusCode < 400 {
			next, err := req.URL.Parse(to)
			if err != nil {
				v.t.Fatal(err)
			}
			method, address, form, v.at = http.MethodGet, next.String(), nil, req.URL
			_ = res.Body.Close()
			continue
		}
		return v.read(req.URL, res)
	}
	v.t.Fatalf("%s leads on and on", address)
	return v
}

func (v *visitor) keep(res *http.Response) {
	host := res.Request.URL.Host
	if v.cookies[host] == nil {
		v.cookies[host] = map[string]string{}
	}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(v.cookies[host], c.Name)
		} else {
			v.cookies[host][c.Name] = c.Value
		}
	}
}

func (v *visitor) read(at *url.URL, res *http.Response) *visitor {
	v.t.Helper()
	defer res.Body.Close()
	page, err := html.Parse(io.LimitReader(res.Body, 1<<20))
	if v.err = err; err != nil {
		return v
	}
	v.at, v.status, v.page = at, res.StatusCode, page
	return v
}

// sees wants a text on the page.
func (v *visitor) sees(want string) *visitor {
	v.t.Helper()
	if v.err != nil {
		v.t.Fatalf("no page: %v, want %q", v.err, want)
	}
	if text := v.text(); !strings.Contains(text, want) {
		v.t.Fatalf("the page at %s (%d) says\n%s\nwant %q", v.at, v.status, text, want)
	}
	return v
}

func (v *visitor) text() string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && (n.Data == "style" || n.Data == "script") {
			return
		}
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	if v.page != nil {
		walk(v.page)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// find is the form with a button that says text, and the button.
func find(n *html.Node, text string) (form, button *html.Node) {
	var walk func(n, form *html.Node) (*html.Node, *html.Node)
	walk = func(n, in *html.Node) (*html.Node, *html.Node) {
		if n.Type == html.ElementNode && n.Data == "form" {
			in = n
		}
		if n.Type == html.ElementNode && n.Data == "button" && strings.Contains(inner(n), text) {
			return in, n
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if f, b := walk(c, in); b != nil {
				return f, b
			}
		}
		return nil, nil
	}
	return walk(n, nil)
}

func inner(n *html.Node) string {
	v := visitor{page: n}
	return v.text()
}

// fields are the values that a form sends as it stands.
func fields(n *html.Node) url.Values {
	out := url.Values{}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && n.Data == "input" && attr(n, "name") != "" {
			kind := attr(n, "type")
			if (kind != "radio" && kind != "checkbox" || has(n, "checked")) && kind != "submit" {
				out.Add(attr(n, "name"), attr(n, "value"))
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return out
}

// byID is the element with that id.
func byID(n *html.Node, id string) *html.Node {
	if n.Type == html.ElementNode && attr(n, "id") == id {
		return n
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if found := byID(c, id); found != nil {
			return found
		}
	}
	return nil
}

func attr(n *html.Node, name string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// String names the page, for failures.
func (v *visitor) String() string { return fmt.Sprintf("%s (%d): %s", v.at, v.status, v.text()) }

func mustParse(t testing.TB, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
