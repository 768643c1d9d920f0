package observability

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// alert is a rule of alerts.yaml.
type alert struct {
	name   string
	fields map[string]string // expr, for, severity, summary, description
}

// form is a line that alerts.yaml may hold: how deep it is indented, and what the
// key may be. The file is written in this part of YAML alone, so that no reader
// of all of it is needed here.
var (
	line  = regexp.MustCompile(`^( *(?:- )?)([a-z]+):(?: (.*))?$`)
	forms = map[string]string{
		"": "groups", "  - ": "name", "    ": "rules", "      - ": "alert",
		"        ": "expr for labels annotations", "          ": "severity summary description",
	}
)

// alerts reads alerts.yaml.
func alerts(t *testing.T) []alert {
	t.Helper()
	text, err := os.ReadFile("alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all, wrong := rulesOf(string(text))
	if len(wrong) > 0 || len(all) == 0 {
		t.Fatalf("alerts.yaml has %d rules; wrong are %q", len(all), wrong)
	}
	return all
}

// rulesOf are the rules in text, and the lines that it should not hold.
func rulesOf(text string) (all []alert, wrong []string) {
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		if comment := strings.TrimLeft(l, " "); comment == "" || comment[0] == '#' {
			continue
		}
		m := line.FindStringSubmatch(l)
		if m == nil || !strings.Contains(" "+forms[m[1]]+" ", " "+m[2]+" ") {
			wrong = append(wrong, l)
			continue
		}
		value, ok := scalar(m[3])
		switch _, twice := last(all).fields[m[2]]; {
		case !ok || twice:
			wrong = append(wrong, l)
		case m[2] == "alert":
			all = append(all, alert{value, map[string]string{}})
		case len(all) > 0:
			last(all).fields[m[2]] = value
		}
	}
	return all, wrong
}

func last(all []alert) alert {
	if len(all) == 0 {
		return alert{}
	}
	return all[len(all)-1]
}

// scalar is a value without its quotes. ok is false where YAML would read it as
// something else: plain ones may hold no character that means something to it.
func scalar(s string) (value string, ok bool) {
	if inner, quoted := strings.CutPrefix(s, "'"); quoted {
		inner, closed := strings.CutSuffix(inner, "'")
		inner = strings.ReplaceAll(inner, "''", "\x00")
		return strings.ReplaceAll(inner, "\x00", "'"), closed && !strings.Contains(inner, "'")
	}
	plain := s == "" || !strings.ContainsAny(s[:1], "\"{}[]&*!|>%@`,#?-: ")
	return s, plain && !strings.Contains(s, ": ") && !strings.HasSuffix(s, ":") && !strings.Contains(s, " #")
}

func TestLinesThatYAMLReadsOtherwiseAreSeen(t *testing.T) {
	const head = "groups:\n  - name: x\n    rules:\n      - alert: A\n"
	for _, c := range []struct {
		name, text string
		wrong      bool
	}{
		{"plain value", head + "        expr: sum(x) > 1", false},
		{"quoted value", head + "        expr: 'x{a=\"b\"} > 1: it''s'", false},
		{"colon in a plain value", head + "        expr: a: b", true},
		{"comment in a plain value", head + "        expr: a #b", true},
		{"value that begins as a map", head + "        expr: {a}", true},
		{"quote that stays open", head + "        expr: 'a", true},
		{"quote in the middle", head + "        expr: 'a'b'", true},
		{"wrong depth", head + "      expr: a", true},
		{"tab", head + "\texpr: a", true},
		{"unknown key", head + "        expression: a", true},
		{"key given twice", head + "        expr: a\n        expr: b", true},
		{"text on a line of its own", head + "        expr: a\n          more", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if all, wrong := rulesOf(c.text); len(wrong) > 0 != c.wrong || len(all) != 1 {
				t.Errorf("%d rules, wrong are %q; want one rule, wrong: %v", len(all), wrong, c.wrong)
			}
		})
	}
}

func TestAlertsSayWhatToDo(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range alerts(t) {
		if seen[a.name] || !strings.HasPrefix(a.name, "Fluxmcp") {
			t.Errorf("alert %q is there twice, or its name does not begin with Fluxmcp", a.name)
		}
		seen[a.name] = true
		f := a.fields
		if f["summary"] == "" || strings.Count(f["description"], ". ") == 0 || !strings.HasSuffix(f["description"], ".") {
			t.Errorf("%s: summary %q, description %q, want what is wrong, and sentences on what to do", a.name, f["summary"], f["description"])
		}
		if f["severity"] != "page" && f["severity"] != "ticket" {
			t.Errorf("%s: severity %q, want page or ticket", a.name, f["severity"])
		}
	}
	for _, name := range []string{"InboxWaits", "InboxDead", "RefreshFails", "TokenUnreadable", "IdentityMismatch", "SigningKeysOld", "LimitsAlone", "AuditLost",
		"CallsFail", "CallsInternal", "CallsSlow", "WebhookSilent"} {
		if !seen["Fluxmcp"+name] {
			t.Errorf("there is no alert Fluxmcp%s", name)
		}
	}
}

func TestRefusalsAreNotAlarmed(t *testing.T) {
	matcher := regexp.MustCompile(`outcome(=~|=)"([^"]*)"`)
	for _, a := range alerts(t) {
		expr := a.fields["expr"]
		if strings.Contains(expr, "outcome!") {
			t.Errorf("%s alarms about all outcomes but some: %s", a.name, expr)
		}
		for _, m := range matcher.FindAllStringSubmatch(expr, -1) {
			pattern := regexp.MustCompile(`^(?:` + m[2] + `)$`)
			for _, refusal := range refusals {
				if pattern.MatchString(refusal) {
					t.Errorf("%s alarms about %s, which is how the server is meant to work", a.name, refusal)
				}
			}
		}
	}
}
