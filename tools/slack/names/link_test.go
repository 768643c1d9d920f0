package names_test

import (
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

func TestLink(t *testing.T) {
	for _, c := range []struct {
		name, text          string
		channel, ts, thread string
		ok                  bool
	}{
		{"a message", "https://flux.slack.com/archives/C0TIDAL01/p1726133700123456", "C0TIDAL01", "1726133700.123456", "", true},
		{"a reply", "https://flux.slack.com/archives/C0TIDAL01/p1726133700123456?thread_ts=1726133600.000001&cid=C0TIDAL01", "C0TIDAL01", "1726133700.123456", "1726133600.000001", true},
		{"the first message of a thread is no reply", "https://flux.slack.com/archives/C0TIDAL01/p1726133700123456?thread_ts=1726133700.123456", "C0TIDAL01", "1726133700.123456", "", true},
		{"a thread that is no ts is none", "https://flux.slack.com/archives/C0TIDAL01/p1726133700123456?thread_ts=x", "C0TIDAL01", "1726133700.123456", "", true},
		{"a channel", "https://flux.slack.com/archives/C0TIDAL01", "C0TIDAL01", "", "", true},
		{"without its scheme", "flux.slack.com/archives/C0TIDAL01", "C0TIDAL01", "", "", true},
		{"an organisation's", "https://flux.enterprise.slack.com/archives/C0TIDAL01", "C0TIDAL01", "", "", true},
		{"a government's", "https://flux.slack-gov.com/archives/C0TIDAL01", "C0TIDAL01", "", "", true},
		{"in angle brackets", "<https://flux.slack.com/archives/C0TIDAL01/p1726133700123456|that>", "C0TIDAL01", "1726133700.123456", "", true},
		{"of the web client", "https://app.slack.com/client/T0FLUX001/C0TIDAL01/thread/C0TIDAL01-1726133700.123456", "C0TIDAL01", "1726133700.123456", "", true},
		{"of the desktop client", "slack://channel?team=T0FLUX001&id=C0TIDAL01", "C0TIDAL01", "", "", true},
		{"a resource of this server", "slack://channel/C0TIDAL01", "C0TIDAL01", "", "", true},
		{"another site's", "https://slack.com.evil.example/archives/C0TIDAL01", "", "", "", false},
		{"another site's that ends alike", "https://evilslack.com/archives/C0TIDAL01", "", "", "", false},
		{"a person's", "https://flux.slack.com/team/U0SANA001", "", "", "", false},
		{"a file", "file:///archives/C0TIDAL01", "", "", "", false},
		{"a name", "#tidal", "", "", "", false},
		{"nothing", "", "", "", "", false},
	} {
		channel, ts, thread, ok := names.Link(c.text)
		if channel != c.channel || ts != c.ts || thread != c.thread || ok != c.ok {
			t.Errorf("%s: Link(%q) = %q %q %q %v, want %q %q %q %v", c.name, c.text, channel, ts, thread, ok, c.channel, c.ts, c.thread, c.ok)
		}
	}
}
