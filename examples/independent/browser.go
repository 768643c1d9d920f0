package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// visit opens a consent page as a browser does, clicks the button of person
// where there is one, and returns what is brought back to the redirect URI.
func visit(ctx context.Context, page, person string) (url.Values, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return nil, err
	}
	answer, body, err := open(r)
	if err != nil {
		return nil, err
	}
	if person != "" {
		if r, err = click(ctx, r.URL, body, person); err != nil {
			return nil, err
		}
		if answer, body, err = open(r); err != nil {
			return nil, err
		}
	}
	to, err := answer.Location()
	if err != nil {
		return nil, fmt.Errorf("the page sends nobody back: %s: %s", answer.Status, body)
	}
	return to.Query(), nil
}

// open follows no redirect.
func open(r *http.Request) (*http.Response, string, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(answer.Body)
	return answer, string(body), errors.Join(err, answer.Body.Close())
}

// click submits the form whose text names the person.
func click(ctx context.Context, page *url.URL, body, person string) (*http.Request, error) {
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for node := range doc.Descendants() {
		if node.Data != "form" || !strings.Contains(text(node), person) {
			continue
		}
		action, err := page.Parse(attribute(node, "action"))
		if err != nil {
			return nil, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, action.String(), strings.NewReader(fields(node).Encode()))
		if err == nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return r, err
	}
	return nil, fmt.Errorf("the page has no button for %s: %s", person, body)
}

func text(node *html.Node) string {
	var all strings.Builder
	for n := range node.Descendants() {
		if n.Type == html.TextNode {
			all.WriteString(n.Data)
		}
	}
	return all.String()
}

// fields are a form's inputs.
func fields(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		if name := attribute(n, "name"); n.Data == "input" && name != "" {
			values.Set(name, attribute(n, "value"))
		}
	}
	return values
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
