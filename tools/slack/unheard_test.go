package slack

import (
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

func TestNamesThatNotifyNobodyAreTold(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a name with @ is told", "done, @theo.norris.", "@theo.norris in the text"},
		{"several are, each once", "(@ann) @bob and @ann", "@ann, @bob in the text"},
		{"a mention is one", "done, <@U0SBX01AA>", ""},
		{"an address is none", "write to ann@example.com", ""},
		{"code is not looked at", "use `@theo` or ```\n@ann\n```", ""},
		{"what was neutralised is told elsewhere", "@\u200bchannel", ""},
	} {
		got := unheard([]api.NewMessage{{Text: c.text}})
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q: got %q, want %q", c.name, c.text, got, c.want)
		}
	}
}
