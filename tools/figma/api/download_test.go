package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

func TestDownloads(t *testing.T) {
	png := "\x89PNG\r\n\x1a\n0000"
	for _, c := range []struct {
		name    string
		address string
		replies []reply
		want    string // code
		mime    string
		asked   int
	}{
		{"a picture", "https://s3.invalid/a", []reply{{body: png, head: map[string]string{"Content-Type": "image/png"}}}, "", "image/png", 1},
		{"a type with parameters", "https://s3.invalid/a", []reply{{body: "<svg/>", head: map[string]string{"Content-Type": "image/svg+xml; charset=utf-8"}}}, "", "image/svg+xml", 1},
		{"a picture without a type", "https://s3.invalid/a", []reply{{body: png}}, "", "image/png", 1},
		{"a picture of binary type", "https://s3.invalid/a", []reply{{body: png, head: map[string]string{"Content-Type": "binary/octet-stream"}}}, "", "image/png", 1},
		{"an address that is over", "https://s3.invalid/a", []reply{{status: 403, body: "<Error>secret</Error>"}}, "figma_picture_gone", "", 1},
		{"an address of nothing", "https://s3.invalid/a", []reply{{status: 404}}, "figma_picture_gone", "", 1},
		{"a failure on the way", "https://s3.invalid/a", []reply{{status: 503}, {body: png}}, "", "image/png", 2},
		{"a picture that is cut", "https://s3.invalid/a", []reply{{body: png, cut: true}, {body: png}}, "", "image/png", 2},
		{"a picture that is always cut", "https://s3.invalid/a", []reply{{body: png, cut: true}}, "figma_unavailable", "", 3},
		{"a picture of the bound", "https://s3.invalid/a", []reply{{body: strings.Repeat("x", 100)}}, "", "text/plain", 1},
		{"a picture that is too large", "https://s3.invalid/a", []reply{{body: strings.Repeat("x", 101)}}, "figma_picture_too_large", "", 1},
		{"without encryption", "http://s3.invalid/a", []reply{{}}, "figma_refused", "", 0},
		{"a file of this machine", "file:///etc/passwd", []reply{{}}, "figma_refused", "", 0},
		{"no address", "::", []reply{{}}, "figma_refused", "", 0},
		{"an address with a password", "https://a:b@s3.invalid/", []reply{{}}, "figma_refused", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{replies: c.replies}
				client := api.New(api.Config{BaseURL: "https://figma.invalid", Pictures: &http.Client{Transport: f}})
				p, err := client.Download(t.Context(), c.address, 100)
				if got := toldOf(t, err).code; got != c.want || p.MIMEType != c.mime || len(f.seen) != c.asked {
					t.Errorf("got %q, %q after %d requests, want %q, %q after %d", got, p.MIMEType, len(f.seen), c.want, c.mime, c.asked)
				}
				if err != nil && strings.Contains(err.Error(), "secret") {
					t.Errorf("got %q, which quotes the answer", err)
				}
			})
		})
	}
}

func TestPicturesComeFromPublicPlacesAlone(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a private address was asked") }))
	defer other.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a private address was asked") }))
	defer secure.Close()
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/secure":
			http.Redirect(w, r, secure.URL, http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/once":
			http.Redirect(w, r, "/picture", http.StatusFound)
		default:
			w.Header().Set("Content-Type", "image/png")
			if r.Header.Get("X-Figma-Token") != "" || r.Header.Get("Authorization") != "" {
				t.Error("a picture was asked for with a token")
			}
		}
	}))
	defer home.Close()
	sender := &http.Client{Transport: api.PersonalToken("figd_secret", home.URL, nil)}
	c := api.New(api.Config{BaseURL: home.URL + "/base", Client: func(context.Context) *http.Client { return sender }})
	for _, p := range []struct {
		name, address string
		want          string // code; unavailable is tried again, and so takes its time
	}{
		{"the host of the API", home.URL + "/picture", ""},
		{"a redirect within it", home.URL + "/once", ""},
		{"a redirect to another port", home.URL + "/away", "figma_picture_gone"},
		{"a redirect without an end", home.URL + "/round", "figma_picture_gone"},
		{"another port of this machine", other.URL, "figma_refused"},
	} {
		_, err := c.Download(t.Context(), p.address, 100)
		if got := toldOf(t, err).code; got != p.want {
			t.Errorf("%s: got %q, want %q", p.name, got, p.want)
		}
	}
	for _, address := range []string{secure.URL, home.URL + "/secure", "https://169.254.169.254/latest/meta-data"} {
		if _, err := c.Download(t.Context(), address, 100); toldOf(t, err).code != "figma_refused" {
			t.Errorf("%s: got %v, want that the address is refused at once", address, err)
		}
	}
}
