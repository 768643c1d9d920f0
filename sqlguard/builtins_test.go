package sqlguard

import (
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/builtins"
	"slices"
	"strings"
	"testing"
)

// holdVolatile checks that a line of builtins.txt that says volatile is refused unless it is on the short list.
func holdVolatile(t *testing.T, g *Guard, line string) {
	t.Helper()
	name, kind, _ := strings.Cut(line, " ")
	if kind[0] != 'v' || slices.Contains(strings.Fields(builtins.AllowedVolatile), name) {
		return
	}
	for _, sql := range []string{"SELECT " + quoted(name) + "()", "SELECT pg_catalog." + quoted(name) + "(1, 'x')",
		"SELECT * FROM " + quoted(name) + "(NULL)", "SELECT ('x'::text)." + quoted(name)} {
		if got, v := verdictOf(g, sql); got != "deny" || v.Rule != ruleFunction {
			t.Errorf("sql: %s\ngot  %s (%+v)\nwant deny by %s: %s is volatile", sql, got, v, ruleFunction, name)
		}
	}
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func TestVolatileFunctionsAreRefused(t *testing.T) {
	g, volatile := defaultGuard(t), 0
	for line := range strings.Lines(builtins.List) {
		if strings.Contains(line, " v") {
			volatile++
		}
		holdVolatile(t, g, strings.TrimSpace(line))
	}
	if volatile < 200 {
		t.Errorf("builtins.txt lists %d volatile names, want more than 200", volatile)
	}
}

// TestNamesInRefusedFamilies holds the families the facts name, by every spelling of a call.
func TestNamesInRefusedFamilies(t *testing.T) {
	g := defaultGuard(t)
	for _, name := range strings.Fields("table_to_xml schema_to_xml database_to_xml query_to_xml table_to_xmlschema pg_stat_get_activity" +
		" pg_stat_get_backend_activity pg_stat_get_backend_client_addr pg_stat_get_wal_senders pg_stat_get_wal_receiver pg_mcv_list_items" +
		" pg_cursor pg_prepared_statement pg_prepared_xact pg_config pg_relation_filepath pg_tablespace_location pg_listening_channels" +
		" txid_current pg_current_xact_id pg_get_functiondef ts_stat pg_stat_get_backend_io_of_a_later_version pg_ls_something_new") {
		sql := "SELECT " + name + "(NULL)"
		if got, v := verdictOf(g, sql); got != "deny" || v.Rule != ruleFunction {
			t.Errorf("sql: %s\ngot  %s (%+v)\nwant deny by %s", sql, got, v, ruleFunction)
		}
	}
}
