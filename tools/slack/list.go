package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

var listChannelsSpec = tools.Spec{
	Name:      "slack_list_channels",
	Title:     "List Slack channels",
	Effect:    tools.ReadOnly,
	OpenWorld: true,
	Timeout:   slow,
	Ranges:    map[string]tools.Range{"limit": {Min: 1, Max: 1000, Default: 100}},
	Description: "List channels of the Slack workspace, public ones and those private ones that this account may see; types adds direct messages, name filters. " +
		"Other tools take names as well, so there is no need to list first. Give next_cursor as cursor for more.",
}

type listChannelsArgs struct {
	Types           kinds  `json:"types,omitempty" jsonschema:"public, private, im (with one person) and mpim (with several); without any: public and private"`
	Name            string `json:"name,omitempty" jsonschema:"part of the name in any case, or a pattern such as proj-*"`
	IncludeArchived bool   `json:"include_archived,omitempty" jsonschema:"true: archived ones too"`
	Limit           int    `json:"limit,omitempty" jsonschema:"most channels to return"`
	Cursor          string `json:"cursor,omitempty" jsonschema:"next_cursor of the answer before, with the same other arguments"`
}

// kinds is a list, also where it is written as a text with commas.
type kinds []string

// UnmarshalJSON reads a list or a text.
func (k *kinds) UnmarshalJSON(raw []byte) error {
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
		list = []string{text}
	}
	*k = (*k)[:0]
	for _, part := range list {
		for name := range strings.SplitSeq(part, ",") {
			if name = strings.TrimSpace(name); name != "" {
				*k = append(*k, name)
			}
		}
	}
	return nil
}

// kinds are Slack's; those without any are what Names.List begins with.
// Errors: bad_argument.
func (k kinds) kinds() (out []api.Kind, err error) {
	for _, name := range k {
		switch strings.TrimSuffix(name, "_channel") {
		case "public":
			out = append(out, api.Public)
		case "private":
			out = append(out, api.Private)
		case "im", "direct", "dm":
			out = append(out, api.Direct)
		case "mpim", "group":
			out = append(out, api.Group)
		default:
			return nil, tools.NewBadArgument(fmt.Sprintf("types cannot have %q", short(name, longName)), "Give types some of public, private, im and mpim.")
		}
	}
	if len(out) == 0 {
		out = []api.Kind{api.Public, api.Private}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

type listChannelsResult struct {
	Channels   []channel `json:"channels" jsonschema:"private and direct ones first, then public ones"`
	Searched   int       `json:"searched" jsonschema:"channels looked at for this answer"`
	NextCursor string    `json:"next_cursor,omitempty" jsonschema:"for more; absent at the end"`
	Note       string    `json:"note,omitempty"`
}

// channel is a conversation, with what a list has of it.
type channel struct {
	place
	Topic    string `json:"topic,omitempty"`
	Purpose  string `json:"purpose,omitempty" jsonschema:"where there is no topic"`
	Members  int    `json:"members,omitempty" jsonschema:"absent where Slack does not say"`
	Member   bool   `json:"member,omitempty" jsonschema:"true: this account is in it"`
	Archived bool   `json:"archived,omitempty"`
	User     string `json:"user,omitempty" jsonschema:"id of the other person of a direct message"`
}

// listChannels answers the slack_list_channels tool.
// Errors: bad_argument, those of names.Names.List.
func (h handlers) listChannels(ctx context.Context, in listChannelsArgs) (listChannelsResult, error) {
	kinds, err := in.Types.kinds()
	if err != nil {
		return listChannelsResult{}, err
	}
	name := strings.TrimPrefix(strings.TrimSpace(in.Name), "#")
	got, err := h.lists.List(ctx, names.ListQuery{Kinds: kinds, Name: name, Archived: in.IncludeArchived, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return listChannelsResult{}, err
	}
	out := listChannelsResult{Channels: []channel{}, Searched: got.Searched, NextCursor: got.Next, Note: strings.Join(got.Notes, " ")}
	people := h.others(ctx, got.List)
	for _, ch := range got.List {
		out.Channels = append(out.Channels, channelOf(ch, people))
	}
	if len(out.Channels) == 0 && out.Note == "" {
		out.Note = out.note(name, kinds)
	}
	return out, nil
}

// others are the other people of direct messages.
func (h handlers) others(ctx context.Context, list []api.Channel) map[string]api.User {
	var ids []string
	for _, ch := range list {
		ids = append(ids, ch.User)
	}
	if ids = unique(ids); len(ids) == 0 {
		return nil
	}
	return h.called.People(ctx, ids)
}

func channelOf(ch api.Channel, people map[string]api.User) channel {
	out := channel{
		place: place{ch.ID, ch.Name, kindName(ch.Kind)}, Topic: short(ch.Topic, maxTopic),
		Members: ch.Members, Member: ch.Member, Archived: ch.Archived, User: ch.User,
	}
	if out.Topic == "" {
		out.Purpose = short(ch.Purpose, maxTopic)
	}
	if u, ok := people[ch.User]; ok && ch.User != "" {
		out.Name = u.Called()
	}
	return out
}

// maxTopic bounds topics and purposes in a list, characters; Slack's are up to 250.
const maxTopic = 120

// note says what was searched where nothing is returned.
func (r listChannelsResult) note(name string, kinds []api.Kind) string {
	what := "channels"
	var list []string
	for _, k := range kinds {
		list = append(list, kindName(k))
	}
	note := fmt.Sprintf("No %s (%s) that this account can see", what, strings.Join(list, ", "))
	if name != "" {
		note += fmt.Sprintf(" matched %q", short(name, longName))
	}
	if r.NextCursor != "" {
		return note + " so far; the others follow with next_cursor."
	}
	return note + ". Try another part of the name, other types, or include_archived."
}

// Text is a conversation a line.
func (r listChannelsResult) Text() string {
	var b strings.Builder
	for _, ch := range r.Channels {
		b.WriteString(ch.text() + "\n")
	}
	fmt.Fprintf(&b, "(%s of %s looked at)\n", count(len(r.Channels), "channel", "channels"), grouped(r.Searched))
	writeEnd(&b, r.Note, r.NextCursor)
	return b.String()
}

func (c channel) text() string {
	s := c.place.text()
	if c.Kind == "private" {
		s += " private"
	}
	if c.Archived {
		s += " archived"
	}
	if c.Member && c.Kind != "im" {
		s += " joined"
	}
	if c.Members > 0 {
		s += " " + count(c.Members, "member", "members")
	}
	if about := c.Topic + c.Purpose; about != "" {
		s += " " + strconv.Quote(about)
	}
	return s
}
