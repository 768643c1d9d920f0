// Package mrkdwn has one job: texts as Slack writes them. It turns Markdown into
// mrkdwn and back, makes mrkdwn of a caller harmless, and cuts long texts. It
// knows no HTTP, no names of people and channels, and no blocks.
//
// Every function is pure, takes any input, returns valid UTF-8, and is safe for
// concurrent use. Time is linear in the input, but for parsing Markdown, which is
// bounded instead: see FromMarkdown.
//
// Sources:
//   - escaping, the <…> sequences, formatting:
//     https://docs.slack.dev/messaging/formatting-message-text
//   - what is parsed unless asked for (link_names, parse, <!group>): "Parsing
//     modes" of https://github.com/slackhq/slack-api-docs, page_formatting.md
//   - lengths: https://docs.slack.dev/reference/methods/chat.postMessage
package mrkdwn

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Longest is the length of text from which Slack cuts a message, in characters.
// Source: https://docs.slack.dev/changelog/2018-truncating-really-long-messages
const Longest = 40_000

// hidden is the zero width space: Slack takes it for the end of a word and shows
// nothing of it.
const hidden = "\u200b"

// Options say what may pass into a text. The zero value lets no broadcast pass.
type Options struct {
	// Broadcasts keeps <!channel>, <!here>, <!everyone>, <!group> and
	// <!subteam^S…>, which notify more than one person.
	Broadcasts bool
}

// Escape writes text so that Slack shows it as it is: & < > as entities, and the
// words @channel, @here, @everyone and @group with a zero width space, since
// Slack parses "certain mentions" in mrkdwn text objects by itself. What mrkdwn
// takes for formatting, such as *word*, stays: it has no way to escape that.
//
// Source: field verbatim of
// https://docs.slack.dev/reference/block-kit/composition-objects/text-object
func Escape(text string) string { return Options{}.escape(Valid(text)) }

func (o Options) escape(text string) string {
	if !strings.ContainsAny(text, "&<>@") {
		return text
	}
	text = entities.Replace(text)
	if o.Broadcasts {
		return text
	}
	return muteTyped(text)
}

var entities = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

var plain = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">")

// Valid makes text fit to be sent: what is no UTF-8, such as a lone surrogate,
// and control characters become U+FFFD, line ends become \n; \t stays. Nothing
// is left out, so that no two parts join into something new.
func Valid(text string) string {
	if fit(text) {
		return text
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\r', r == '\u0085', r == '\u2028', r == '\u2029':
			return '\n'
		case unicode.IsControl(r), r == 0xFFFE, r == 0xFFFF:
			return '\uFFFD'
		}
		return r
	}, text)
}

func fit(text string) bool {
	for i, r := range text {
		switch {
		case r == '\n', r == '\t':
		case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == 0xFFFE, r == 0xFFFF:
			return false
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			return false
		}
	}
	return true
}
