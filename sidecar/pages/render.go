package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"html/template"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

//go:embed templates
var files embed.FS

// sheets are the parsed templates, each with the frame around it.
type sheets struct {
	byName map[string]*template.Template
	style  template.CSS
	icon   template.URL
	digest string // of style, as a policy names it
}

// newSheets parses what is embedded, which the tests have seen parsed.
func newSheets() sheets {
	read := func(name string) []byte {
		text, err := files.ReadFile("templates/" + name)
		if err != nil {
			panic("pages: " + err.Error())
		}
		return text
	}
	s := sheets{byName: map[string]*template.Template{}, style: template.CSS(read("style.css"))}
	sum := sha256.Sum256([]byte(s.style))
	s.digest = "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	s.icon = template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(read("icon.svg")))
	funcs := template.FuncMap{
		"initial": initial, "hue": hue, "ago": ago, "left": left, "count": count,
		"stamp": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"clock": func(t time.Time) string { return t.UTC().Format("15:04 UTC") },
	}
	for _, name := range []string{"connect", "accounts", "message"} {
		t := template.New("frame.html").Funcs(funcs)
		s.byName[name] = template.Must(t.ParseFS(files, "templates/frame.html", "templates/"+name+".html"))
	}
	return s
}

// sheet is a page to be shown.
type sheet struct {
	Name   string // of the template
	Title  string
	Status int
	Person string // who is signed in; empty: nobody
	Wide   bool
	Forms  bool     // the page has forms
	Token  string   // that they carry
	Posts  []string // where else than to us a form's answer may lead: sources of a policy
	Data   any

	Style   template.CSS
	Icon    template.URL
	Version string
}

// The tones of a message or badge.
const (
	toneGood  = "good"
	toneBad   = "bad"
	toneAsk   = "ask"
	tonePlain = "plain"
)

// message is a page that says one thing and offers ways on.
type message struct {
	Tone      string
	Provider  Provider // zero: it is about none
	Heading   string
	Text      []string
	Next      string // what to do now
	ListTitle string
	List      []string
	Actions   []action
	Code, Ref string // for whoever helps
}

// action is a link or a form of one button.
type action struct {
	Label, URL string
	Kind       string // primary, quiet or danger
	Form       bool
	Fields     []field
}

type field struct{ Name, Value string }

// tell shows m.
func (p *Pages) tell(w http.ResponseWriter, r *http.Request, b browser, status int, m message) {
	s := sheet{Name: "message", Title: m.Heading, Status: status, Person: p.shown(b), Data: m}
	for _, a := range m.Actions {
		s.Forms = s.Forms || a.Form
	}
	if s.Forms {
		b = b.marked(w)
		s.Token = p.token(b)
	}
	p.show(w, r, s)
}

// show renders s.
func (p *Pages) show(w http.ResponseWriter, r *http.Request, s sheet) {
	s.Style, s.Icon, s.Version = p.style, p.icon, p.Version
	var body bytes.Buffer
	if err := p.byName[s.Name].Execute(&body, s); err != nil {
		p.Log.ErrorContext(r.Context(), "page not rendered", "page", s.Name, "cause", err.Error())
		http.Error(w, "The server failed.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.policy(s))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Referrer-Policy", "no-referrer")
	if s.Forms {
		// With no-referrer, browsers send Origin: null with a form, even to its own
		// origin. This one tells other origins no more.
		h.Set("Referrer-Policy", "same-origin")
	}
	send(w, r, s.Status, body.Bytes())
}

// policy is what the page may do: show its own style and icon, and post its forms.
//
// form-action also counts for each redirect that follows a post, so it must name
// the provider, or else Allow leads nowhere, without a word.
// Source: https://www.w3.org/TR/CSP3/#directive-form-action; Chromium does as said
func (p *Pages) policy(s sheet) string {
	posts := "'none'"
	if s.Forms {
		posts = strings.Join(append([]string{"'self'"}, s.Posts...), " ")
	}
	return "default-src 'none'; style-src " + p.digest + "; img-src data:; form-action " + posts + "; frame-ancestors 'none'; base-uri 'none'"
}

// postsTo are the sources that a form's answer may lead to on its way to
// authorize and back: the provider's origin, what is below its domain, since
// providers pass people on to the host of their team, and our own, should it be
// called by another name here.
func postsTo(base, authorize string) []string {
	u, err := url.Parse(authorize)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || strings.ContainsAny(u.Host, " ;,'\"*") {
		return []string{base}
	}
	to := []string{base, u.Scheme + "://" + u.Host}
	_, isAddress := netip.ParseAddr(strings.Trim(u.Hostname(), "[]"))
	if domain := strings.TrimPrefix(u.Host, "www."); isAddress != nil && strings.Contains(u.Hostname(), ".") {
		to = append(to, u.Scheme+"://*."+domain)
	}
	return to
}

// send writes an answer; HEAD gets its headers alone.
func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that is gone needs no answer
	}
}

func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Path
}

const longest = 120 // runes of a name that others chose

// plain is a text of others fit to be shown: one line, not endless, and without
// characters that are not seen or turn around what follows.
func plain(s string) string {
	runes := make([]rune, 0, len(s))
	for _, c := range strings.ToValidUTF8(s, "") {
		if unicode.IsSpace(c) {
			c = ' '
		}
		if unicode.IsPrint(c) {
			runes = append(runes, c)
		}
		if len(runes) > longest {
			return strings.TrimSpace(string(runes[:longest])) + "…"
		}
	}
	return strings.TrimSpace(string(runes))
}

// initial is the letter of a provider's mark.
func initial(title string) string {
	for _, c := range title {
		return string(unicode.ToUpper(c))
	}
	return "?"
}

const hues = 6 // in style.css

// hue is the colour of a provider's mark, always the same one.
func hue(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails
	return strconv.Itoa(int(h.Sum32() % hues))
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// ago says when something was, as people do.
func ago(t time.Time) string {
	switch d := time.Since(t); {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return count(int(d.Minutes()), "minute") + " ago"
	case d < 24*time.Hour:
		return count(int(d.Hours()), "hour") + " ago"
	default:
		return t.UTC().Format("2 January 2006")
	}
}

// left says how long something will be.
func left(t time.Time) string {
	return count(max(1, int(time.Until(t).Minutes())), "minute")
}
