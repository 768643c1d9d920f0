package telemetry

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

const examples = "../../examples/observability/"

// query is an expression in PromQL, and where it stands.
type query struct{ where, expr string }

// dashboardQueries are those of all panels.
func dashboardQueries(t *testing.T) []query {
	t.Helper()
	text, err := os.ReadFile(examples + "dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			ID          int
			Type, Title string
			Datasource  struct{ UID string }
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	var all []query
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Type != "row" && (p.Datasource.UID != "${datasource}" || len(p.Targets) == 0) {
			t.Errorf("panel %d %q: id taken %v, data source %q, %d queries, want the variable and some", p.ID, p.Title, ids[p.ID], p.Datasource.UID, len(p.Targets))
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			all = append(all, query{"panel " + p.Title, strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")})
		}
	}
	return all
}

// alert is a rule of alerts.yaml: its keys, those of labels and annotations
// among them.
type alert map[string]string

// alerts reads the part of YAML that alerts.yaml is written in: maps, one list of
// rules, and scalars on one line.
func alerts(t *testing.T) []alert {
	t.Helper()
	text, err := os.ReadFile(examples + "alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`^( *)(- )?([a-z]+):(?: (.*))?$`)
	var all []alert
	for n, l := range strings.Split(string(text), "\n") {
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		m := line.FindStringSubmatch(l)
		if m == nil {
			t.Fatalf("line %d: %q is not in the form that this test reads", n+1, l)
		}
		if m[3] == "alert" {
			all = append(all, alert{})
		}
		if len(all) > 0 && m[4] != "" {
			all[len(all)-1][m[3]] = scalar(t, n+1, m[4])
		}
	}
	return all
}

// scalar is the value of a scalar; plain ones may hold nothing that YAML reads as
// something else.
func scalar(t *testing.T, n int, s string) string {
	t.Helper()
	if inner, ok := strings.CutPrefix(s, "'"); ok {
		inner, closed := strings.CutSuffix(inner, "'")
		if !closed || strings.Contains(strings.ReplaceAll(inner, "''", ""), "'") {
			t.Errorf("line %d: %q is not quoted well", n, s)
		}
		return strings.ReplaceAll(inner, "''", "'")
	}
	if strings.Contains(s, ": ") || strings.Contains(s, " #") || strings.ContainsAny(s[:1], "\"{}[]&*!|>%@`") {
		t.Errorf("line %d: %q must be quoted", n, s)
	}
	return s
}

func TestAlertsSayWhatToDo(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range alerts(t) {
		if seen[a["alert"]] || !strings.HasPrefix(a["alert"], "Fluxmcp") {
			t.Errorf("alert %q is there twice, or has a name of its own kind", a["alert"])
		}
		seen[a["alert"]] = true
		if a["summary"] == "" || !strings.HasSuffix(a["description"], ".") || a["severity"] != "page" && a["severity"] != "ticket" {
			t.Errorf("%s: summary %q, description %q, severity %q, want all three", a["alert"], a["summary"], a["description"], a["severity"])
		}
	}
	for _, watched := range []string{"InboxWaits", "InboxDead", "RefreshFails", "TokenUnreadable", "IdentityMismatch", "SigningKeysOld", "LimitsAlone", "AuditLost",
		"CallsFail", "CallsInternal", "CallsSlow", "WebhookSilent"} {
		if !seen["Fluxmcp"+watched] {
			t.Errorf("there is no alert Fluxmcp%s", watched)
		}
	}
}

// values are all that a label can hold, of labels that have few values.
var values = map[string]string{
	"outcome": "ok canceled internal", "mcp_method_name": "tools/call", "error_type": "", "http_response_status_code": "5..",
	"result": "ok refused failed hit miss bypass volatile accepted duplicate rejected unavailable ignored",
}

func TestQueriesUseWhatThereIs(t *testing.T) {
	all := families(t, fed(t))
	queries := dashboardQueries(t)
	for _, a := range alerts(t) {
		queries = append(queries, query{"alert " + a["alert"], a["expr"]})
	}
	if len(queries) < 60 {
		t.Fatalf("%d queries, want all of the dashboard and the alerts", len(queries))
	}
	for _, q := range queries {
		for _, problem := range problems(q.expr, all) {
			t.Errorf("%s: %s in %s", q.where, problem, q.expr)
		}
	}
}

func TestEveryMetricIsOnTheDashboard(t *testing.T) {
	var shown string
	for _, q := range dashboardQueries(t) {
		shown += q.expr + "\n"
	}
	for name := range families(t, fed(t)) {
		ours := !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_")
		if ours && !regexp.MustCompile(`\b`+name+`(_bucket|_count|_sum)?\b`).MatchString(shown) {
			t.Errorf("%s is on no panel", name)
		}
	}
}

// The parts of PromQL that the examples use.
var (
	promTokens = regexp.MustCompile(`"[^"]*"|[a-zA-Z_]\w*|\d+(?:\.\d+)?(?:[smhd])?|==|!=|=~|!~|>=|<=|[-+*/<>=(){}\[\],]|\s+|.`)
	promWords  = strings.Fields("sum max min count by rate increase histogram_quantile absent and or unless offset")
)

// problems are what is wrong with an expression: brackets, words that are no
// function, metrics and labels that do not exist.
func problems(expr string, all map[string]*dto.MetricFamily) []string {
	c := checker{all: all, labels: map[string]bool{}}
	var tokens []string
	for _, tok := range promTokens.FindAllString(expr, -1) {
		if strings.TrimSpace(tok) != "" {
			tokens = append(tokens, tok)
		}
	}
	for i, tok := range tokens {
		c.token(tokens, i, tok)
	}
	if len(c.open) > 0 {
		c.say("%d brackets stay open", len(c.open))
	}
	for _, l := range c.grouped {
		if !c.labels[l] {
			c.say("no metric has the label %s to group by", l)
		}
	}
	return c.found
}

type checker struct {
	all     map[string]*dto.MetricFamily
	open    []string // brackets; by( for a list of labels
	metric  string   // the last one named
	labels  map[string]bool
	grouped []string
	found   []string
}

func (c *checker) say(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

func (c *checker) inside() string {
	if len(c.open) == 0 {
		return ""
	}
	return c.open[len(c.open)-1]
}

func (c *checker) token(tokens []string, i int, tok string) {
	switch first := tok[0]; {
	case strings.Contains("([{", tok):
		if i > 0 && tokens[i-1] == "by" {
			tok = "by("
		}
		c.open = append(c.open, tok)
	case strings.Contains(")]}", tok):
		want := map[string]string{"(": ")", "by(": ")", "[": "]", "{": "}"}[c.inside()]
		if want != tok {
			c.say("%s does not close %q", tok, c.inside())
			return
		}
		c.open = c.open[:len(c.open)-1]
	case first == '_' || first >= 'a' && first <= 'z' || first >= 'A' && first <= 'Z':
		c.word(tokens, i, tok)
	case !regexp.MustCompile(`^["\d=!<>*/+,-]`).MatchString(tok) || tok == "\"":
		c.say("%q has no place here", tok)
	}
}

func (c *checker) word(tokens []string, i int, tok string) {
	switch c.inside() {
	case "by(":
		c.grouped = append(c.grouped, tok)
		return
	case "{":
		c.matcher(tokens, i, tok)
		return
	}
	if slices.Contains(promWords, tok) {
		return
	}
	f, suffix := c.all[tok], ""
	for _, s := range []string{"_bucket", "_count", "_sum"} {
		if base := c.all[strings.TrimSuffix(tok, s)]; f == nil && base != nil {
			f, suffix = base, s
		}
	}
	if f == nil || f.GetType() == dto.MetricType_HISTOGRAM && suffix == "" {
		c.say("%s is neither a metric nor a function", tok)
		return
	}
	c.metric = f.GetName()
	for _, l := range labelsOf(f) {
		c.labels[l] = true
	}
	c.labels["le"] = c.labels["le"] || suffix == "_bucket"
}

// matcher checks a label inside of braces, and the values it is compared with.
func (c *checker) matcher(tokens []string, i int, tok string) {
	if i+2 >= len(tokens) || !slices.Contains([]string{"=", "!=", "=~", "!~"}, tokens[i+1]) {
		c.say("%s is not compared", tok)
		return
	}
	if !slices.Contains(labelsOf(c.all[c.metric]), tok) {
		c.say("%s has no label %s", c.metric, tok)
	}
	for v := range strings.SplitSeq(strings.Trim(tokens[i+2], `"`), "|") {
		if !slices.Contains(append(strings.Fields(values[tok]), ""), v) {
			c.say("%s is never %q", tok, v)
		}
	}
}

func TestTheCheckOfQueriesSeesMistakes(t *testing.T) {
	all := families(t, fed(t))
	for _, c := range []struct{ name, expr, want string }{
		{"misspelt metric", `sum(rate(fluxmcp_tool_call_total[5m]))`, "neither a metric nor a function"},
		{"unknown function", `summ(fluxmcp_inbox_pending)`, "neither a metric nor a function"},
		{"histogram without a suffix", `max(fluxmcp_webhook_ack_seconds)`, "neither a metric nor a function"},
		{"bracket left open", `sum(rate(fluxmcp_tool_calls_total[5m])`, "stay open"},
		{"bracket of another kind", `sum(rate(fluxmcp_tool_calls_total[5m))`, "does not close"},
		{"label of another metric", `fluxmcp_tool_calls_total{provider="x"}`, "has no label provider"},
		{"group by a label that is not there", `sum by (bucket) (fluxmcp_tool_calls_total)`, "no metric has the label bucket"},
		{"value that never is", `fluxmcp_tool_calls_total{outcome="failed_"}`, "is never"},
		{"stray character", `fluxmcp_inbox_pending ; 1`, "has no place"},
		{"le of a counter", `sum by (le) (fluxmcp_tool_calls_total)`, "no metric has the label le"},
		{"nothing", `sum by (tool) (rate(fluxmcp_tool_calls_total{outcome=~"ok|canceled"}[5m])) / 2 > 0.5`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(problems(c.expr, all), "; ")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("problems(%s) = %q, want %q", c.expr, got, c.want)
			}
		})
	}
}
