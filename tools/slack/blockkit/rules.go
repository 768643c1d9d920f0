package blockkit

// is says what a member must be.
type is int

const (
	aText      is = iota + 1 // a text object, plain_text or mrkdwn
	aPlainText               // a text object, plain_text
	aString
	anAddress // a string: an https address
	aList
	anObject
)

// rule is what Slack wants of one member of a block or an element.
type rule struct {
	name  string
	is    is
	need  bool
	most  int      // characters of a text, items of a list; 0: any number
	each  *eachOf  // of a list: what the items must be
	types []string // of a list: the types that the items may have; none: any
}

// rulesOf are the rules for a type of block; none for those that are not known.
// Source: the page of each block under
// https://docs.slack.dev/reference/block-kit/blocks
func rulesOf(kind string) []rule {
	rules := []rule{{name: "block_id", is: aString, most: maxID}}
	switch kind {
	case "section":
		return append(rules,
			rule{name: "text", is: aText, most: 3000},
			rule{name: "fields", is: aList, most: 10, each: &eachOf{aText, 2000}},
			rule{name: "accessory", is: anObject})
	case "header":
		return append(rules, rule{name: "text", is: aPlainText, need: true, most: 150})
	case "context":
		return append(rules, rule{name: "elements", is: aList, need: true, most: 10, types: []string{"image", "plain_text", "mrkdwn"}})
	case "actions":
		return append(rules, rule{name: "elements", is: aList, need: true, most: 25, each: &eachOf{is: anObject}})
	case "context_actions":
		return append(rules, rule{name: "elements", is: aList, need: true, most: 5, each: &eachOf{is: anObject}})
	case "markdown":
		return append(rules, rule{name: "text", is: aString, need: true, most: maxMarkdown})
	case "rich_text":
		return append(rules, rule{name: "elements", is: aList, need: true, types: []string{
			"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}})
	case "table":
		return append(rules,
			rule{name: "rows", is: aList, need: true, most: 100},
			rule{name: "column_settings", is: aList, most: 20})
	case "image":
		return append(rules, rule{name: "title", is: aPlainText, most: 2000})
	case "video":
		return append(rules, video()...)
	case "alert":
		return append(rules, rule{name: "text", is: aText, need: true})
	}
	return rules
}

func video() []rule {
	return []rule{
		{name: "video_url", is: anAddress, need: true},
		{name: "thumbnail_url", is: anAddress, need: true},
		{name: "alt_text", is: aString, need: true},
		{name: "title", is: aPlainText, need: true, most: 199},
		{name: "title_url", is: anAddress},
		{name: "author_name", is: aString, most: 49},
		{name: "description", is: aPlainText},
	}
}

// elementRules are the rules for whatever stands within a block, by its type. Top
// says that it is the block itself.
// Source: https://docs.slack.dev/reference/block-kit/block-elements and
// https://docs.slack.dev/reference/block-kit/composition-objects
func elementRules(kind string, top bool) []rule {
	switch kind {
	case "plain_text", "mrkdwn":
		return []rule{{name: "text", is: aString, need: true, most: 3000}}
	case "image":
		return []rule{
			{name: "alt_text", is: aString, need: true, most: 2000},
			{name: "image_url", is: anAddress, most: maxURL},
			{name: "slack_file", is: anObject},
		}
	}
	if top {
		return nil
	}
	rules := []rule{
		{name: "action_id", is: aString, most: maxID},
		{name: "confirm", is: anObject},
		{name: "placeholder", is: aPlainText, most: 150},
	}
	switch kind {
	case "button", "workflow_button":
		return append(rules,
			rule{name: "text", is: aPlainText, need: true, most: 75},
			rule{name: "value", is: aString, most: 2000},
			rule{name: "accessibility_label", is: aString, most: 75})
	case "overflow":
		return append(rules, rule{name: "options", is: aList, need: true, most: 5, each: &eachOf{is: anObject}})
	case "checkboxes", "radio_buttons":
		return append(rules, rule{name: "options", is: aList, need: true, most: 10, each: &eachOf{is: anObject}})
	case "static_select", "multi_static_select":
		return append(rules,
			rule{name: "options", is: aList, most: 100, each: &eachOf{is: anObject}},
			rule{name: "option_groups", is: aList, most: 100, each: &eachOf{is: anObject}})
	case "broadcast", "text", "link", "emoji", "user", "channel", "usergroup", "date", "color", "team", "":
		return nil // elements of rich text, and objects without a type
	}
	return rules
}

// eachOf is what the items of a list must be.
type eachOf struct {
	is   is
	most int
}
