package observability

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// refusals are outcomes of calls that nobody at the server need mend.
var refusals = []string{
	"ok", "canceled", "bad_argument", "rate_limited", "insufficient_scope", "permission_denied", "sql_rejected", "sql_not_read_only", "sql_syntax",
	"sql_too_expensive", "forbidden_table", "forbidden_function", "table_not_allowed", "unknown_table", "row_too_large",
}

// values are what labels can hold, of labels that queries compare.
var values = map[string][]string{
	"outcome": append([]string{"internal", "timeout", "database_busy", "database_starting", "database_unavailable", "audit_unavailable"}, refusals...),
	"result": {"ok", "refused", "failed", "hit", "miss", "bypass", "volatile",
		"accepted", "duplicate", "rejected", "unavailable", "ignored"},
	"mcp_method_name": {"tools/call"}, "error_type": {""}, "http_response_status_code": {"200", "500"},
}

// The parts of PromQL that the examples use.
var (
	promTokens = regexp.MustCompile(`"[^"]*"|[a-zA-Z_]\w*|\d+(?:\.\d+)?[smhd]?|==|!=|=~|!~|>=|<=|[-+*/<>=(){}\[\],]|\S`)
	promKnown  = regexp.MustCompile(`^["\d=!<>*/+,-]`)
	promWords  = strings.Fields("sum max min count by on group_left rate increase histogram_quantile absent and or unless offset")
	closers    = map[string]string{"(": ")", "by": ")", "[": "]", "{": "}"}
)

// problems are what is wrong with an expression: brackets, words that are no
// function, metrics, labels and values that do not exist.
func problems(expr string, all map[string]*dto.MetricFamily) []string {
	c := checker{all: all, labels: map[string]bool{}, tokens: promTokens.FindAllString(expr, -1)}
	for i := range c.tokens {
		c.token(i)
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

// checker reads the tokens of one expression.
type checker struct {
	all     map[string]*dto.MetricFamily
	tokens  []string
	open    []string // brackets; by is one around names of labels
	metric  *dto.MetricFamily
	labels  map[string]bool // of all metrics named
	grouped []string
	found   []string
}

func (c *checker) say(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

// inside is the innermost bracket that is open.
func (c *checker) inside() string {
	if len(c.open) == 0 {
		return ""
	}
	return c.open[len(c.open)-1]
}

func (c *checker) token(i int) {
	switch tok := c.tokens[i]; {
	case tok == "(" && i > 0 && (c.tokens[i-1] == "by" || c.tokens[i-1] == "on"):
		c.open = append(c.open, "by")
	case tok == "(" || tok == "[" || tok == "{":
		c.open = append(c.open, tok)
	case tok == ")" || tok == "]" || tok == "}":
		c.close(tok)
	case regexp.MustCompile(`^[a-zA-Z_]`).MatchString(tok):
		c.word(i, tok)
	case !promKnown.MatchString(tok) || tok == `"`:
		c.say("%q has no place here", tok)
	}
}

func (c *checker) close(tok string) {
	if closers[c.inside()] != tok {
		c.say("%s does not close %q", tok, c.inside())
		return
	}
	c.open = c.open[:len(c.open)-1]
}

func (c *checker) word(i int, tok string) {
	switch {
	case c.inside() == "by":
		c.grouped = append(c.grouped, tok)
	case c.inside() == "{":
		c.matcher(i, tok)
	case !slices.Contains(promWords, tok):
		c.series(tok)
	}
}

// series looks up the metric that name is of.
func (c *checker) series(name string) {
	f, suffix := c.all[name], ""
	for _, s := range []string{"_bucket", "_count", "_sum"} {
		if base := c.all[strings.TrimSuffix(name, s)]; f == nil && base != nil {
			f, suffix = base, s
		}
	}
	if f == nil || f.GetType() == dto.MetricType_HISTOGRAM && suffix == "" || f.GetType() != dto.MetricType_HISTOGRAM && suffix == "_bucket" {
		c.say("%s is neither a metric nor a function", name)
		return
	}
	c.metric = f
	maps.Copy(c.labels, labelsOf(f))
	c.labels["le"] = c.labels["le"] || suffix == "_bucket"
}

// matcher checks a label inside of braces, and the values it is compared with.
func (c *checker) matcher(i int, label string) {
	if i+2 >= len(c.tokens) || !slices.Contains([]string{"=", "!=", "=~", "!~"}, c.tokens[i+1]) {
		c.say("%s is not compared", label)
		return
	}
	if c.metric == nil {
		return // it has been said already that there is none
	}
	if !labelsOf(c.metric)[label] {
		c.say("%s has no label %s", c.metric.GetName(), label)
		return
	}
	for v := range strings.SplitSeq(strings.Trim(c.tokens[i+2], `"`), "|") {
		pattern, err := regexp.Compile(`^(?:` + v + `)$`)
		if err != nil || !slices.ContainsFunc(values[label], pattern.MatchString) {
			c.say("%s is never %q", label, v)
		}
	}
}

// labelsOf are the labels of a metric.
func labelsOf(f *dto.MetricFamily) map[string]bool {
	names := map[string]bool{}
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			names[l.GetName()] = true
		}
	}
	return names
}

func TestMistakesInQueriesAreSeen(t *testing.T) {
	all := gathered(t)
	for _, c := range []struct{ name, expr, want string }{
		{"misspelt metric", `sum(rate(fluxmcp_tool_call_total[5m]))`, "fluxmcp_tool_call_total is neither a metric nor a function"},
		{"misspelt metric with a label", `fluxmcp_tool_call_total{outcome="ok"}`, "fluxmcp_tool_call_total is neither a metric nor a function"},
		{"unknown function", `summ(fluxmcp_inbox_pending)`, "summ is neither a metric nor a function"},
		{"histogram without a suffix", `max(fluxmcp_webhook_ack_seconds)`, "neither a metric nor a function"},
		{"buckets of a counter", `rate(fluxmcp_tool_calls_total_bucket[5m])`, "neither a metric nor a function"},
		{"bracket left open", `sum(rate(fluxmcp_tool_calls_total[5m])`, "1 brackets stay open"},
		{"bracket of another kind", `sum(rate(fluxmcp_tool_calls_total[5m))`, `) does not close "["`},
		{"bracket too many", `sum(fluxmcp_inbox_pending))`, `) does not close ""`},
		{"label of another metric", `fluxmcp_tool_calls_total{provider="x"}`, "has no label provider"},
		{"label that is not compared", `fluxmcp_tool_calls_total{tool}`, "tool is not compared"},
		{"group by a label that is not there", `sum by (bucket) (fluxmcp_tool_calls_total)`, "no metric has the label bucket"},
		{"join on a label that is not there", `fluxmcp_inbox_pending / on (tool) group_left fluxmcp_inbox_pending`, "no metric has the label tool"},
		{"value that never is", `fluxmcp_tool_calls_total{outcome="failed"}`, `outcome is never "failed"`},
		{"pattern that cannot be read", `fluxmcp_tool_calls_total{outcome=~"ok(|internal"}`, "outcome is never"},
		{"stray character", `fluxmcp_inbox_pending ; 1`, `";" has no place here`},
		{"quote left open", `fluxmcp_tool_calls_total{outcome="ok}`, "has no place here"},
		{"le of a counter", `sum by (le) (fluxmcp_tool_calls_total)`, "no metric has the label le"},
		{"nothing", `sum by (tool) (rate(fluxmcp_tool_calls_total{outcome=~"ok|database_.+"}[5m])) / 2 > 0.5`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(problems(c.expr, all), "; ")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("problems(%s) = %q, want %q", c.expr, got, c.want)
			}
		})
	}
}
