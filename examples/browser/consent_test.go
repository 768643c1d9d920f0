//go:build unix

package browser

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAPersonConnects walks through it at each provider: connect, look at the
// list, connect as somebody else, keep, replace, disconnect.
func TestAPersonConnects(t *testing.T) {
	r := start(t)
	for _, p := range []struct{ name, title string }{{"figma", "Figma"}, {"slack", "Slack"}, {"github", "GitHub"}} {
		t.Run(p.name, func(t *testing.T) {
			b := browse(t)
			tool, args := "connect_account", fmt.Sprintf(`{"provider":%q}`, p.name)
			if p.name == "figma" {
				tool, args = "figma_get_file", `{"file":"`+figmaFile+`"}`
			}
			b.open(r.link("", tool, args))
			b.sees("Connect " + p.title)
			if text := b.text(); !strings.Contains(text, "The Designer's Assistant") {
				t.Errorf("the page says\n%s\nwant the client that asked", text)
			}
			b.click("Allow")
			b.sees("SANDBOX")
			b.choose(0)
			b.click("Allow")
			b.sees(p.title + " is connected as")
			if at := b.address(); strings.Contains(at, "code=") || strings.Contains(at, "state=") {
				t.Errorf("the address bar shows %s", at)
			}
			b.open(r.base + "/integrations")
			b.sees("Connected")
			if list := r.call("", "list_accounts", `{"check":true}`); !strings.Contains(list, p.title+": connected as") || !strings.Contains(list, "works") {
				t.Errorf("list_accounts says %s", list)
			}
			if p.name == "figma" {
				if file := r.call("", tool, args); !strings.Contains(file, "layers, more=") {
					t.Errorf("the tool that asked answers %s", file)
				}
			}
			b.anotherPerson(r, p.name, p.title)
			b.disconnect(r, p.title)
		})
	}
}

// figmaFile is a file of the sandbox.
const figmaFile = "SbxTidalShowDesign0001"

// anotherPerson signs in at the provider as somebody else: first keeps the
// account of before, then replaces it.
func (b *tab) anotherPerson(r *rig, name, title string) {
	b.t.Helper()
	before := r.call("", "list_accounts", `{}`)
	for _, c := range []struct{ decision, then string }{{"Keep", "stays connected"}, {"Replace", "is connected as"}} {
		decision := c.decision
		b.open(r.link("", "connect_account", fmt.Sprintf(`{"provider":%q,"reconnect":true}`, name)))
		b.click("Allow")
		b.waits("SANDBOX")
		b.choose(1)
		b.click("Allow")
		b.sees("before")
		b.click(decision)
		b.sees(c.then)
		after := r.call("", "list_accounts", `{}`)
		if kept := line(before, title) == line(after, title); kept != (decision == "Keep") {
			b.t.Errorf("after %s:\n%s\nbefore:\n%s", decision, after, before)
		}
	}
}

// line is the one of a provider.
func line(list, title string) string {
	return strings.Join(regexp.MustCompile(`(?m)^`+title+`: \S+( as [^;]*)?`).FindStringSubmatch(list), "")
}

func (b *tab) disconnect(r *rig, title string) {
	b.t.Helper()
	b.open(r.base + "/integrations")
	b.click("Disconnect")
	b.sees("Disconnect " + title)
	b.click("Disconnect " + title)
	b.sees("disconnected")
	if list := r.call("", "list_accounts", `{}`); strings.Contains(list, title+": connected") {
		b.t.Errorf("list_accounts says %s", list)
	}
}

// choose picks the n-th person on the provider's page. A click that comes while
// the page is still laid out may miss, so it looks whether it hit, as people do.
func (b *tab) choose(n int) {
	b.t.Helper()
	chosen := fmt.Sprintf(`document.querySelectorAll('input[type="radio"]')[%d].checked`, n)
	for range 10 {
		b.do("choose a person", chromedp.Click(chromedp.Search(fmt.Sprintf(`(//input[@type="radio"])[%d]`, n+1))))
		if within(b, "see who is chosen", chromedp.Evaluate[bool](chosen)) {
			return
		}
	}
	b.t.Fatalf("person %d cannot be chosen", n)
}

func (b *tab) address() string {
	b.t.Helper()
	return within(b, "read the address", chromedp.Location())
}

// TestAPersonRefuses: Cancel on our page and on the provider's.
func TestAPersonRefuses(t *testing.T) {
	r := start(t)
	for _, p := range []string{"figma", "slack", "github"} {
		t.Run(p, func(t *testing.T) {
			b := browse(t)
			args := fmt.Sprintf(`{"provider":%q}`, p)
			link := r.link("", "connect_account", args)
			b.open(link)
			b.click("Cancel")
			b.sees("Nothing was connected")
			b.open(link)
			b.sees("used")
			b.open(r.link("", "connect_account", args))
			b.click("Allow")
			b.waits("SANDBOX")
			b.click("Cancel")
			if p == "figma" { // Figma does not call back
				b.sees("SANDBOX")
			} else {
				b.sees("not")
				if text := b.text(); strings.Contains(text, "is connected as") {
					t.Errorf("the page says\n%s", text)
				}
			}
			if list := r.call("", "list_accounts", `{}`); strings.Contains(list, ": connected") {
				t.Errorf("list_accounts says %s", list)
			}
		})
	}
}
