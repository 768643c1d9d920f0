package posting

import (
	"context"
	"regexp"
	"strings"
	"unicode"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// alike looks for the message m by its author and text, in a list where Slack
// shows no metadata.
// Errors: those of the request for who the author is.
func (p *Poster) alike(ctx context.Context, m api.NewMessage, channel string, list []api.Message) (api.Posted, bool, error) {
	text := words(m.Text)
	var me api.Identity
	for _, said := range list {
		if said.Metadata.Type != "" || text == "" || words(said.Text) != text {
			continue
		}
		if me.User == "" {
			var err error
			if me, err = p.cfg.API.Identity(ctx); err != nil {
				return api.Posted{}, false, err
			}
		}
		if said.User == me.User || (me.Bot != "" && said.Bot == me.Bot) {
			return api.Posted{Channel: channel, TS: said.TS}, true, nil
		}
	}
	return api.Posted{}, false, nil
}

// shortcode is an emoji as Slack keeps it, whichever way it was written.
var shortcode = regexp.MustCompile(`:[a-z0-9_+-]+:`)

// words is what stays the same of a text that Slack keeps in its own way.
func words(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return r
		}
		return -1
	}, shortcode.ReplaceAllString(text, ""))
}
