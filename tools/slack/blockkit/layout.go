package blockkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/tools/slack/mrkdwn"
)

const (
	maxHeader  = 150
	maxSection = 3000
	maxField   = 2000

	// maxDetails bounds the details of a project update, as mrkdwn. Slack refuses
	// messages whose blocks together have some 13,000 characters, which is nowhere
	// documented. Source: https://github.com/slackapi/bolt-js/issues/2509
	maxDetails = 12_000
)

// Project is what a project update tells.
type Project struct {
	Name    string // plain text
	Type    string // one of UpdateTypes
	Details string // Markdown; may be empty
}

// Task is what a task notification tells.
type Task struct {
	Title    string // plain text
	Assignee string // mrkdwn, such as <@U1>; may be empty
	Due      string // plain text, such as 2026-12-01; may be empty
}

// Invalid says that a layout cannot be made of what was given.
type Invalid struct{ code, why, hint string }

// Error says what is wrong.
func (e *Invalid) Error() string { return e.why }

// Code is bad_argument, or slack_message_too_long.
func (e *Invalid) Code() string { return e.code }

// Hint says what to give.
func (e *Invalid) Hint() string { return e.hint }

// updates are the types of project updates, with what stands before each.
var updates = [...]struct{ kind, emoji string }{
	{"created", "🎨"}, {"updated", "📝"}, {"completed", "✅"}, {"archived", "📁"},
}

// UpdateTypes lists the types that a project update can have.
func UpdateTypes() []string {
	types := make([]string, 0, len(updates))
	for _, u := range updates {
		types = append(types, u.kind)
	}
	return types
}

// block is a block as it is sent. Its members are in the order of the layout.
type block struct {
	Type     string  `json:"type"`
	Text     *words  `json:"text,omitempty"`
	Fields   []words `json:"fields,omitempty"`
	Elements []words `json:"elements,omitempty"`
}

type words struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

func marked(text string) words { return words{"mrkdwn", text} }

func section(text string) block {
	w := marked(text)
	return block{Type: "section", Text: &w}
}

// ProjectUpdate lays out a project update: a header, the details where there are
// any, and a line that names FluxStudio and the time, which Slack shows in the zone
// of whoever reads. The header is cut at 150 characters; details of more than 3,000
// go on in further sections. Text is for notifications.
//
// Errors: *Invalid with bad_argument where the type is unknown or the name empty,
// and with slack_message_too_long for details of more than 12,000 characters.
func ProjectUpdate(p Project, at time.Time) (blocks json.RawMessage, text string, err error) {
	i := slices.Index(UpdateTypes(), strings.ToLower(strings.TrimSpace(p.Type)))
	name := oneLine(p.Name)
	if i < 0 {
		return nil, "", &Invalid{"bad_argument", "there is no such type of project update",
			"Give one of " + strings.Join(UpdateTypes(), ", ") + "."}
	}
	if name == "" {
		return nil, "", &Invalid{"bad_argument", "the project has no name", "Give the name of the project."}
	}
	details, err := detailed(p.Details)
	if err != nil {
		return nil, "", err
	}
	u := updates[i]
	title := strings.ToUpper(u.kind[:1]) + u.kind[1:]
	header := words{"plain_text", clipped(fmt.Sprintf("%s Project %s: %s", u.emoji, title, name), maxHeader)}
	list := append([]block{{Type: "header", Text: &header}}, details...)
	list = append(list, block{Type: "context", Elements: []words{marked("*FluxStudio* · " + moment(at))}})
	blocks, err = encode(list)
	return blocks, shortened(fmt.Sprintf("Project %s: %s", u.kind, mrkdwn.Escape(name)), maxText), err
}

// detailed is the sections that the details of a project update fill.
func detailed(details string) ([]block, error) {
	text := mrkdwn.FromMarkdown(details)
	if n := utf8.RuneCountInString(text); n > maxDetails {
		return nil, &Invalid{"slack_message_too_long",
			fmt.Sprintf("the details have %d characters as Slack writes them, and Slack takes %d", n, maxDetails),
			"Shorten the details, or post them as messages of their own with slack_post_message."}
	}
	var list []block
	for _, part := range mrkdwn.Split(text, maxSection) {
		list = append(list, section(part))
	}
	return list, nil
}

// moment is a time that Slack shows in the zone of the reader, and in UTC where it
// cannot. Source: "Date formatting" of
// https://docs.slack.dev/messaging/formatting-message-text
func moment(at time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", at.Unix(), at.UTC().Format("2006-01-02 15:04 UTC"))
}

// TaskNotification lays out the news that somebody got a task: its title, then
// who it is assigned to and when it is due, as far as that is given. The title is
// cut where Slack's limits are; broadcasts in Assignee are made inert.
//
// Errors: *Invalid with bad_argument where the title is empty, and with
// slack_message_too_long for an assignee or a date of about 2,000 characters.
func TaskNotification(t Task) (blocks json.RawMessage, text string, err error) {
	title := oneLine(t.Title)
	if title == "" {
		return nil, "", &Invalid{"bad_argument", "the task has no title", "Give the title of the task."}
	}
	const head = "📋 *New Task Assigned*\n"
	shown := shortened(strings.ReplaceAll(mrkdwn.Escape(title), "*", "∗"), // it is bold as a whole
		maxSection-utf8.RuneCountInString(head)-2)
	list := []block{section(head + "*" + shown + "*")}
	var fields []words
	for _, f := range [...]struct{ name, text string }{
		{"Assigned to", strings.TrimSpace(mrkdwn.FromMrkdwn(t.Assignee))},
		{"Due Date", mrkdwn.Escape(oneLine(t.Due))},
	} {
		if f.text == "" {
			continue
		}
		field := "*" + f.name + ":*\n" + f.text
		if utf8.RuneCountInString(field) > maxField {
			return nil, "", &Invalid{"slack_message_too_long", "the field " + f.name + " has more characters than Slack takes",
				"Give a name or a date alone."}
		}
		fields = append(fields, marked(field))
	}
	if fields != nil {
		list = append(list, block{Type: "section", Fields: fields})
	}
	blocks, err = encode(list)
	return blocks, shortened("New task assigned: "+mrkdwn.Escape(title), maxText), err
}

func encode(list []block) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // for whoever reads a preview
	if err := e.Encode(list); err != nil {
		return nil, fmt.Errorf("encode blocks: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// oneLine is text on one line, fit to be sent.
func oneLine(text string) string {
	return strings.Join(strings.Fields(mrkdwn.Valid(text)), " ")
}

// clipped is plain text of at most most characters.
func clipped(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return strings.TrimRight(string(runes[:most-1]), " ") + "…"
}
