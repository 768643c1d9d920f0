package blockkit

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	maxBlocks   = 50     // of a message
	maxID       = 255    // characters of a block_id or an action_id
	maxURL      = 3000   // characters
	maxMarkdown = 12_000 // characters of all markdown blocks together
)

// Check looks for what Slack would refuse about the blocks of a message: JSON that
// is no array, of more than 100 KB or 40 levels; more than 50 blocks; members that
// are missing, of another type or too long; ids given twice; addresses that a
// button must not open. Types of blocks and elements that it does not know pass:
// Slack decides. Its error is a *Problem, the first there is.
func Check(raw json.RawMessage) error {
	v, err := parse(raw)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return whole(fmt.Sprintf("they are no JSON, from byte %d on", syntax.Offset))
	case errors.Is(err, errTooLong), errors.Is(err, errTooDeep):
		return whole(err.Error())
	case err != nil:
		return whole("they are no JSON")
	case v.kind != array:
		return whole("they are no array")
	case len(v.items) > maxBlocks:
		return whole(fmt.Sprintf("there are %d, and Slack takes %d", len(v.items), maxBlocks))
	}
	return checkAll(v.items)
}

func whole(why string) error { return &Problem{Index: -1, Why: why} }

func checkAll(blocks []value) error {
	ids := map[string]int{}
	markdown := 0
	for i, b := range blocks {
		c := checker{index: i, kind: b.word("type")}
		c.block(b)
		if id := b.word("block_id"); id != "" {
			if first, twice := ids[id]; twice {
				c.fail("block_id", fmt.Sprintf("block %d has the same one", first))
			}
			ids[id] = i
		}
		if c.kind == "markdown" {
			t, _ := b.get("text")
			if markdown += t.size(); markdown > maxMarkdown {
				c.fail("text", fmt.Sprintf("the markdown blocks have %d characters together, and Slack takes %d", markdown, maxMarkdown))
			}
		}
		if c.problem != nil {
			return c.problem
		}
	}
	return nil
}

// checker checks one block, and keeps the first problem.
type checker struct {
	index   int
	kind    string
	problem *Problem
}

func (c *checker) fail(path, why string) {
	if c.problem == nil {
		c.problem = &Problem{Index: c.index, Type: shortType(c.kind), Path: path, Why: why}
	}
}

// shortType is a type that may be shown: it comes from the caller.
func shortType(kind string) string {
	if len(kind) > 40 || strings.ContainsFunc(kind, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
		return ""
	}
	return kind
}

func (c *checker) block(b value) {
	if b.kind != object {
		c.fail("", "it is no object")
		return
	}
	t, ok := b.get("type")
	if !ok || t.kind != text || t.text == "" {
		c.fail("type", "it is missing, or no text")
		return
	}
	for _, r := range rulesOf(t.text) {
		c.rule(b, "", r)
	}
	c.special(b)
	c.walk("", b)
}

// special checks what is more than one member's matter.
func (c *checker) special(b value) {
	_, hasText := b.get("text")
	switch c.kind {
	case "section":
		if !hasText && len(b.list("fields")) == 0 {
			c.fail("text", "it is missing, and so are fields")
		}
	case "image":
		_, address := b.get("image_url")
		if _, file := b.get("slack_file"); address == file {
			c.fail("image_url", "there must be either image_url or slack_file")
		}
	case "input":
		c.fail("", "Slack takes input blocks in modals and Home tabs, not in messages")
	case "file":
		c.fail("", "Slack alone makes file blocks; upload the file instead")
	case "table":
		c.table(b)
	}
}

func (c *checker) table(b value) {
	for i, row := range b.list("rows") {
		path := "rows[" + strconv.Itoa(i) + "]"
		if row.kind != array {
			c.fail(path, "it is no array of cells")
		} else if len(row.items) > 20 {
			c.fail(path, fmt.Sprintf("it has %d cells, and Slack takes 20", len(row.items)))
		}
	}
}

// rule checks one member of an object.
func (c *checker) rule(v value, path string, r rule) {
	path = joined(path, r.name)
	m, ok := v.get(r.name)
	if !ok {
		if r.need {
			c.fail(path, "it is missing")
		}
		return
	}
	switch r.is {
	case aText, aPlainText:
		c.words(m, path, r)
	case aString, anAddress:
		c.text(m, path, r)
	case aList:
		c.list(m, path, r)
	case anObject:
		if m.kind != object {
			c.fail(path, "it is no object")
		}
	}
}

// words checks a text object.
func (c *checker) words(m value, path string, r rule) {
	if m.kind != object {
		c.fail(path, `it is no text object, such as {"type":"plain_text","text":"…"}`)
		return
	}
	kind := m.word("type")
	if kind != "plain_text" && (r.is == aPlainText || kind != "mrkdwn") {
		want := "plain_text or mrkdwn"
		if r.is == aPlainText {
			want = "plain_text"
		}
		c.fail(path+".type", "it must be "+want)
		return
	}
	c.rule(m, path, rule{name: "text", is: aString, need: true, most: r.most})
}

// text checks a string.
func (c *checker) text(m value, path string, r rule) {
	switch n := m.size(); {
	case m.kind != text:
		c.fail(path, "it is no text")
	case n == 0 && r.need:
		c.fail(path, "it is empty")
	case r.most > 0 && n > r.most:
		c.fail(path, fmt.Sprintf("it has %d characters, and Slack takes %d", n, r.most))
	case r.is == anAddress && !opens(m.text, "https"):
		c.fail(path, "it is no https address")
	}
}

func (c *checker) list(m value, path string, r rule) {
	switch n := len(m.items); {
	case m.kind != array:
		c.fail(path, "it is no array")
		return
	case n == 0 && r.need:
		c.fail(path, "it is empty")
	case r.most > 0 && n > r.most:
		c.fail(path, fmt.Sprintf("there are %d, and Slack takes %d", n, r.most))
	}
	for i, item := range m.items {
		at := path + "[" + strconv.Itoa(i) + "]"
		switch kind := item.word("type"); {
		case r.each != nil && r.each.is != anObject:
			c.words(item, at, rule{is: r.each.is, most: r.each.most})
		case r.each != nil && item.kind != object:
			c.fail(at, "it is no object")
		case len(r.types) > 0 && !slices.Contains(r.types, kind):
			c.fail(at+".type", "it must be "+strings.Join(r.types, ", "))
		}
	}
}

// walk checks what holds wherever it stands: members given twice, text objects,
// elements, options and addresses.
func (c *checker) walk(path string, v value) {
	switch v.kind {
	case array:
		for i, item := range v.items {
			c.walk(path+"["+strconv.Itoa(i)+"]", item)
		}
	case object:
		seen := make(map[string]bool, len(v.names))
		for _, name := range v.names {
			if seen[name] {
				c.fail(joined(path, clip(name)), "it is given twice")
			}
			seen[name] = true
		}
		for _, r := range elementRules(v.word("type"), path == "") {
			c.rule(v, path, r)
		}
		c.address(path, v)
		for i, name := range v.names {
			c.walk(joined(path, clip(name)), v.items[i])
		}
	}
}

// address checks the address that a person may open.
func (c *checker) address(path string, v value) {
	m, ok := v.get("url")
	if !ok || m.kind != text || m.text == "" {
		return
	}
	if m.size() > maxURL {
		c.fail(joined(path, "url"), fmt.Sprintf("it has %d characters, and Slack takes %d", m.size(), maxURL))
	} else if !opens(m.text, "https", "http", "mailto") {
		c.fail(joined(path, "url"), "it must be an address of https, http or mailto")
	}
}

// opens says whether an address has one of the schemes, and leads somewhere.
func opens(address string, schemes ...string) bool {
	u, err := url.Parse(address)
	return err == nil && slices.Contains(schemes, u.Scheme) && (u.Host != "" || u.Scheme == "mailto" && u.Opaque != "")
}

func joined(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// clip bounds a name of the caller's that is shown.
func clip(name string) string {
	if name = strings.ToValidUTF8(name, ""); len([]rune(name)) > 40 {
		return string([]rune(name)[:40]) + "…"
	}
	return name
}
