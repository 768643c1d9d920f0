package posting_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/posting"
)

func TestPolicy(t *testing.T) {
	general := api.Channel{ID: "C0GENERAL", Kind: api.Public, Name: "general"}
	tidal := api.Channel{ID: "C0TIDAL", Kind: api.Private, Name: "proj-tidal"}
	nameless := api.Channel{ID: "C0NAMELESS", Kind: api.Public}
	sana := api.Channel{ID: "D0SANA", Kind: api.Direct, User: "U0SANA"}
	unopened := api.Channel{ID: "U0SANA", Kind: api.Direct, User: "U0SANA"}
	several := api.Channel{ID: "G0SEVERAL", Kind: api.Group, Name: "mpdm-a--b-1"}
	who := api.User{ID: "U0SANA", Handle: "sana.patel"}
	for _, c := range []struct {
		name, policy string
		channel      api.Channel
		who          api.User
		allowed      bool
	}{
		{"blank text allows all", "  ", general, api.User{}, true},
		{"a name is allowed", "#general", general, api.User{}, true},
		{"a name is allowed whatever its case", "#GENERAL", general, api.User{}, true},
		{"a name is the whole name", "#gener", general, api.User{}, false},
		{"what is not named is denied", "#general", tidal, api.User{}, false},
		{"a pattern is allowed", "#general, #proj-*", tidal, api.User{}, true},
		{"a question mark is one character", "#proj-tida?", tidal, api.User{}, true},
		{"an id is allowed", "C0TIDAL", tidal, api.User{}, true},
		{"a denied name is denied", "!#general", general, api.User{}, false},
		{"where all entries deny, the rest is allowed", "!#general", tidal, api.User{}, true},
		{"denying wins over allowing", "#*, !#proj-*", tidal, api.User{}, false},
		{"denying wins in any order", "!C0TIDAL,#proj-tidal", tidal, api.User{}, false},
		{"a channel without a name is none of the allowed", "#*", nameless, api.User{}, false},
		{"a channel without a name may be a denied one", "!#general", nameless, api.User{}, false},
		{"a channel without a name is allowed by its id", "C0NAMELESS", nameless, api.User{}, true},
		{"names are not those of direct messages", "#*", sana, who, false},
		{"names are not those of several people's messages", "#*", several, api.User{}, false},
		{"any direct message is allowed", "@*", sana, who, true},
		{"that of several people too", "@*", several, api.User{}, true},
		{"any direct message is no channel", "@*", general, api.User{}, false},
		{"a person is allowed by handle", "@Sana.Patel", sana, who, true},
		{"a person is allowed by id", "@U0SANA", sana, who, true},
		{"a person is allowed by id alone", "U0SANA", sana, api.User{}, true},
		{"a person without a direct message yet is allowed", "@U0SANA", unopened, api.User{}, true},
		{"a direct message is allowed by its id", "D0SANA", sana, who, true},
		{"another person is denied", "@theo", sana, who, false},
		{"a denied person is denied", "@*,!@sana.patel", sana, who, false},
		{"a denied person is denied before there is a direct message", "!@U0SANA", unopened, who, false},
		{"a person without a handle may be a denied one", "!@theo", sana, api.User{}, false},
		{"a person without a handle is none of the allowed", "@sana.patel", sana, api.User{}, false},
		{"channels are allowed where only people are denied", "!@sana.patel", general, api.User{}, true},
	} {
		p, err := posting.ParsePolicy(c.policy)
		if err != nil {
			t.Errorf("%s: ParsePolicy(%q): %v", c.name, c.policy, err)
			continue
		}
		err = p.Check(c.channel, c.who)
		var denied *posting.Denied
		if (err == nil) != c.allowed || err != nil && !errors.As(err, &denied) {
			t.Errorf("%s: %q: %v, want allowed %v", c.name, c.policy, err, c.allowed)
		}
	}
	if err := (posting.Policy{}).Check(general, api.User{}); err != nil {
		t.Errorf("the zero policy: %v, want nil", err)
	}
}

func TestBadPolicies(t *testing.T) {
	for _, text := range []string{",", "#general,", "general", "#", "!", "!!#general", "@", "@@x", "#a b", "#[a-z]", `#a\*`, "@foo*", "C1", "https://x.slack.com/archives/C0GENERAL", "@C0GENERAL"} {
		_, err := posting.ParsePolicy(text)
		var bad *posting.BadPolicy
		if !errors.As(err, &bad) || bad.Code() != "bad_setting" {
			t.Errorf("ParsePolicy(%q): %v, want *BadPolicy", text, err)
		}
	}
	_, err := posting.ParsePolicy("#general, general2")
	if err == nil || !strings.Contains(err.Error(), `"general2"`) {
		t.Errorf("the error is %v, want one that names the entry", err)
	}
}

func TestDeniedNamesWhatIsAllowed(t *testing.T) {
	for _, c := range []struct{ name, policy, want string }{
		{"what is allowed is named", "#a,@*", "Post in one of #a, @*."},
		{"what is denied is named", "!#general", "Post elsewhere, not in #general."},
		{"both are named", "#proj-*,!#proj-x", "Post in one of #proj-*, not in #proj-x."},
		{"a long list ends", strings.Repeat("#a,", 20) + "#a", "Post in one of " + strings.Repeat("#a, ", 11) + "#a and more."},
	} {
		p, err := posting.ParsePolicy(c.policy)
		if err != nil {
			t.Fatal(err)
		}
		var denied *posting.Denied
		if err := p.Check(api.Channel{ID: "C0", Kind: api.Public, Name: "general"}, api.User{}); !errors.As(err, &denied) || denied.Hint() != c.want {
			t.Errorf("%s: %v, want the hint %q", c.name, err, c.want)
		}
	}
}
