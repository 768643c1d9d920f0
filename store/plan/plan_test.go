package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/store/plan"
	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/jackc/pgx/v5"
)

// TestPlanFindings reads plans that a real server makes.
func TestPlanFindings(t *testing.T) {
	url := storetest.DB(t)
	storetest.Exec(t, url, `CREATE TABLE big(id int PRIMARY KEY, grp int, a int, b int, pad text);
		INSERT INTO big SELECT g, g % 1000, g % 100, g % 100, repeat('x', 50) FROM generate_series(1, 50000) g;
		CREATE TABLE small(id int, name text); INSERT INTO small SELECT g, 'n' FROM generate_series(1, 300) g;
		CREATE INDEX big_grp ON big(grp)`, "ANALYZE")
	cases := []struct {
		name, settings, options, sql string
		rules                        string // in order
		text                         string // part of the tree
	}{
		{"a key look-up stands out in nothing", "", "", "SELECT * FROM big WHERE id = 7", "", "Index Scan using big_pkey on big  cost="},
		{"a filtered scan of a big table", "", "", "SELECT * FROM big WHERE pad LIKE '%y%'", "seq_scan", "filter: (pad ~~ '%y%'::text)"},
		{"an unfiltered scan is what was asked for", "", "", "SELECT count(*) FROM big", "", "Seq Scan on big"},
		{"a filtered scan of a small table does not matter", "", "", "SELECT * FROM small WHERE name = 'n'", "", "Seq Scan on small"},
		{"columns that depend on each other are misjudged", "", "ANALYZE", "SELECT * FROM big WHERE a = 1 AND b = 1 AND grp < 900", "seq_scan misestimate", "actual="},
		{"a LIMIT that stops early is no misestimate", "", "ANALYZE", "SELECT * FROM big LIMIT 5", "", "Limit"},
		{"a sort that spills", "work_mem = '64kB'", "ANALYZE", "SELECT * FROM big ORDER BY pad, a DESC", "spill", "disk="},
		{"a hash that spills", "work_mem = '64kB'; SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off", "ANALYZE", "SELECT count(*) FROM big x JOIN big y ON x.id = y.grp", "spill", "Hash"},
		{"a join without condition", "", "", "SELECT * FROM big, small", "cartesian", "Nested Loop"},
		{"a nested loop over a scan", "enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_material = off", "", "SELECT * FROM big JOIN small ON small.id = big.a", "loops", "join filter: (big.a = small.id)"},
		{"rows read by an index only to be dropped", "enable_seqscan = off; SET LOCAL enable_bitmapscan = off", "ANALYZE", "SELECT * FROM big WHERE grp < 900 AND pad = 'y'", "rows_removed", "removed=45"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := plan.Read(explainJSON(t, url, c.settings, c.options, c.sql))
			if err != nil {
				t.Fatal(err)
			}
			var rules []string
			for _, f := range p.Findings {
				rules = append(rules, f.Rule)
				if f.Node == "" || f.Detail == "" || !strings.HasSuffix(f.Advice, ".") {
					t.Errorf("not complete: %+v", f)
				}
			}
			if got := strings.Join(rules, " "); got != c.rules {
				t.Errorf("got %q, want %q\n%s\n%+v", got, c.rules, p.Text, p.Findings)
			}
			if !strings.Contains(p.Text, c.text) {
				t.Errorf("%q is not in\n%s", c.text, p.Text)
			}
			if p.Analyzed != (c.options != "") || (p.ExecutionMS > 0) != p.Analyzed {
				t.Errorf("got analyzed=%v in %f ms", p.Analyzed, p.ExecutionMS)
			}
		})
	}
}

func explainJSON(t *testing.T, url, settings, options, sql string) (plan []byte) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	set := "BEGIN; SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0"
	if settings != "" {
		set += "; SET LOCAL " + settings
	}
	if options != "" {
		options = ", " + options
	}
	if _, err := conn.Exec(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON"+options+") "+sql).Scan(&plan); err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestPlanTextIsATree(t *testing.T) {
	const planJSON = `[{"Plan": {"Node Type": "Aggregate", "Strategy": "Hashed", "Total Cost": 20.5, "Plan Rows": 3, "Plans": [
		{"Node Type": "Hash Join", "Join Type": "Left", "Total Cost": 10, "Plan Rows": 1234567, "Hash Cond": "(a.id =\n b.id)", "Plans": [
			{"Node Type": "Seq Scan", "Relation Name": "users", "Alias": "a", "Total Cost": 5, "Plan Rows": 10},
			{"Node Type": "CTE Scan", "CTE Name": "c", "Alias": "c", "Subplan Name": "InitPlan 1", "Total Cost": 0.01, "Plan Rows": 1}]}]}}]`
	const want = `HashAggregate  cost=20.50 rows=3
  Hash Join Left  cost=10.00 rows=1234567  hash: (a.id = b.id)
    Seq Scan on users a  cost=5.00 rows=10
    InitPlan 1: CTE Scan on c  cost=0.01 rows=1`
	p, err := plan.Read([]byte(planJSON))
	if err != nil || p.Text != want {
		t.Errorf("got\n%s\nwant\n%s\n%v", p.Text, want, err)
	}
}

func TestBadPlansAreRefused(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", "[{}]", "null", "[1]", `[{"Plan":{}}]`, strings.Repeat("[", 1<<20)} {
		if p, err := plan.Read([]byte(text)); err == nil {
			t.Errorf("%.40q: got %+v, want an error", text, p)
		}
	}
}

func FuzzPlanFindings(f *testing.F) {
	f.Add([]byte(`[{"Plan":{"Node Type":"Nested Loop","Join Type":"Inner","Actual Rows":0,"Actual Loops":0,"Plans":[{},{"Node Type":"Seq Scan","Filter":"x"}]}}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := plan.Read(text)
		if err == nil && strings.Count(p.Text, "\n") > len(text) {
			t.Errorf("%d lines of %d bytes", strings.Count(p.Text, "\n"), len(text))
		}
		_ = fmt.Sprint(p.Findings)
	})
}
