// Package blocks knows Block Kit as Slack documents it: what Slack refuses, and the
// rich text that it makes of a text. It knows no conversation.
package blocks

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"unicode/utf8"
)

// Limits of blocks.
// Source: https://docs.slack.dev/reference/block-kit/blocks
const (
	// MaxMarkdown bounds the Markdown of a message, characters.
	MaxMarkdown = 12000

	maxBlocks  = 50
	maxSection = 3000
	maxHeader  = 150
	maxFields  = 10
	maxField   = 2000
	maxContext = 10
	maxActions = 25
	maxID      = 255
	maxURL     = 3000
	maxAlt     = 2000
)

// blockKinds are those that a message can have.
func blockKinds() []string {
	return []string{"section", "header", "divider", "context", "actions", "image", "rich_text", "markdown", "table", "file", "video", "context_actions"}
}

// block is what is checked of one.
type block struct {
	Type     string            `json:"type"`
	ID       string            `json:"block_id"`
	Text     json.RawMessage   `json:"text"` // of markdown a text, else an object
	Fields   []words           `json:"fields"`
	Elements []json.RawMessage `json:"elements"`
	Image    string            `json:"image_url"`
	Alt      *string           `json:"alt_text"`
	File     json.RawMessage   `json:"slack_file"`
}

type words struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// Check says how many blocks there are, or what is wrong with them: Slack's code, and
// in which place why.
func Check(raw string) (n int, code string, why []string) {
	var blocks []block
	if json.Unmarshal([]byte(raw), &blocks) != nil {
		return 0, "invalid_blocks_format", nil
	}
	if len(blocks) > maxBlocks {
		return 0, "invalid_blocks", []string{fmt.Sprintf("[ERROR] no more than %d items allowed [json-pointer:/blocks]", maxBlocks)}
	}
	ids := map[string]bool{}
	markdown := 0
	for i, b := range blocks {
		if at, what := b.trouble(); what != "" {
			return 0, "invalid_blocks", []string{fmt.Sprintf("[ERROR] %s [json-pointer:/blocks/%d%s]", what, i, at)}
		}
		if b.ID != "" && ids[b.ID] {
			return 0, "invalid_blocks", []string{fmt.Sprintf("[ERROR] block_id already exists: %s [json-pointer:/blocks/%d/block_id]", b.ID, i)}
		}
		ids[b.ID] = true
		if b.Type == "markdown" {
			markdown += utf8.RuneCountInString(b.words().Text)
		}
	}
	if markdown > MaxMarkdown {
		return 0, "msg_blocks_too_long", nil
	}
	return len(blocks), "", nil
}

// words is the text of a block.
func (b block) words() (w words) {
	if json.Unmarshal(b.Text, &w.Text) != nil {
		_ = json.Unmarshal(b.Text, &w) // what is neither has no text
	}
	return w
}

// trouble says what is wrong with a block, and where in it; nothing: nothing.
func (b block) trouble() (at, what string) {
	if !slices.Contains(blockKinds(), b.Type) {
		return "/type", "unsupported type: " + b.Type
	}
	if len(b.ID) > maxID {
		return "/block_id", tooLong(maxID)
	}
	text := b.words()
	size := utf8.RuneCountInString(text.Text)
	switch b.Type {
	case "section":
		return b.section(text, size)
	case "header":
		switch {
		case size == 0:
			return "", "missing required field: text"
		case text.Type != "plain_text":
			return "/text/type", "must be plain_text"
		case size > maxHeader:
			return "/text/text", tooLong(maxHeader)
		}
	case "markdown":
		if size == 0 {
			return "/text", "missing required field: text"
		}
	case "context":
		return b.elements(maxContext)
	case "actions":
		return b.elements(maxActions)
	case "rich_text":
		return b.elements(1000)
	case "image":
		return b.image()
	}
	return "", ""
}

func (b block) section(text words, size int) (at, what string) {
	switch {
	case b.Text == nil && len(b.Fields) == 0, b.Text != nil && size == 0:
		return "", "missing required field: text"
	case b.Text != nil && text.Type != "mrkdwn" && text.Type != "plain_text":
		return "/text/type", "must be one of: mrkdwn, plain_text"
	case size > maxSection:
		return "/text/text", tooLong(maxSection)
	case len(b.Fields) > maxFields:
		return "/fields", fmt.Sprintf("no more than %d items allowed", maxFields)
	}
	for i, f := range b.Fields {
		if n := utf8.RuneCountInString(f.Text); n == 0 || n > maxField {
			return fmt.Sprintf("/fields/%d/text", i), tooLong(maxField)
		}
	}
	return "", ""
}

func (b block) elements(most int) (at, what string) {
	switch {
	case len(b.Elements) == 0:
		return "", "missing required field: elements"
	case len(b.Elements) > most:
		return "/elements", fmt.Sprintf("no more than %d items allowed", most)
	}
	return "", ""
}

func (b block) image() (at, what string) {
	u, err := url.Parse(b.Image)
	switch {
	case b.Alt == nil || len(*b.Alt) > maxAlt:
		return "/alt_text", "missing required field: alt_text"
	case b.Image == "" && b.File == nil:
		return "", "missing required field: image_url"
	case b.Image != "" && (err != nil || u.Host == "" || len(b.Image) > maxURL):
		return "/image_url", "invalid url"
	}
	return "", ""
}

func tooLong(most int) string { return fmt.Sprintf("must be less than %d characters", most+1) }
