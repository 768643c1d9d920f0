package names

import (
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// A list is kept as lines of fields, which take a tenth of the room of structs
// and can be looked through as fast.
const (
	ofLines  = "\n"
	ofFields = "\x1f"
)

// most is how much is kept of a topic, purpose or job title, bytes.
const most = 120

// clean is a field without what ends fields and lines.
func clean(s string) string {
	if strings.IndexFunc(s, isControl) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, s)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// short is the begin of a field.
func short(s string) string {
	if len(s) <= most {
		return clean(s)
	}
	return clean(strings.ToValidUTF8(s[:most], "")) + "…"
}

// flags are letters of what is true.
func flags(letters string, are ...bool) string {
	var b strings.Builder
	for i, is := range are {
		if is {
			b.WriteByte(letters[i])
		}
	}
	return b.String()
}

// kinds are the letters of kinds of conversations.
var kindOf = [...]struct {
	letter string
	kind   api.Kind
	scope  string // to list them
}{
	{"c", api.Public, "channels:read"}, {"g", api.Private, "groups:read"},
	{"d", api.Direct, "im:read"}, {"m", api.Group, "mpim:read"},
}

func letterOf(k api.Kind) string {
	for _, of := range kindOf {
		if of.kind == k {
			return of.letter
		}
	}
	return ""
}

func scopeOf(k api.Kind) string {
	for _, of := range kindOf {
		if of.kind == k {
			return of.scope
		}
	}
	return ""
}

// channelLine is a channel as it is kept.
func channelLine(c api.Channel) string {
	return strings.Join([]string{
		clean(c.ID), letterOf(c.Kind) + flags("MA", c.Member, c.Archived), clean(c.Name), clean(c.User),
		strconv.Itoa(c.Members), short(c.Topic), short(c.Purpose),
	}, ofFields)
}

// channelOf reads a channelLine; the zero one where it is none.
func channelOf(line string) (c api.Channel) {
	f := strings.Split(line, ofFields)
	if len(f) != 7 || f[1] == "" {
		return c
	}
	for _, of := range kindOf {
		if f[1][:1] == of.letter {
			c.Kind = of.kind
		}
	}
	c.ID, c.Name, c.User, c.Topic, c.Purpose = f[0], f[2], f[3], f[5], f[6]
	c.Members, _ = strconv.Atoi(f[4]) // as channelLine wrote it
	c.Member, c.Archived = strings.Contains(f[1], "M"), strings.Contains(f[1], "A")
	return c
}

// userLine is a user as it is kept.
func userLine(u api.User) string {
	return strings.Join([]string{
		clean(u.ID), flags("BGR", u.Bot, u.Gone, u.Guest), clean(u.Handle), clean(u.Display), clean(u.Name),
		short(u.Title), clean(u.Email), clean(u.Zone), clean(u.Team),
	}, ofFields)
}

// userOf reads a userLine; the zero one where it is none.
func userOf(line string) (u api.User) {
	f := strings.Split(line, ofFields)
	if len(f) != 9 {
		return u
	}
	return api.User{
		ID: f[0], Bot: strings.Contains(f[1], "B"), Gone: strings.Contains(f[1], "G"), Guest: strings.Contains(f[1], "R"),
		Handle: f[2], Display: f[3], Name: f[4], Title: f[5], Email: f[6], Zone: f[7], Team: f[8],
	}
}
