// Package builtins says what PostgreSQL itself brings, functions and system relations, and which of them a read may use.
// It knows no policy and no user's objects.
package builtins

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// List names every function of pg_catalog with its volatility, as builtins.sql prints it.
//
//go:generate go test -run TestBuiltinsAreCurrent -update-builtins ../..
//go:embed builtins.txt
var List string

// Func is what is known of one function name of pg_catalog.
type Func struct {
	Callable bool // may be called
	Volatile bool // two calls may differ
	Relation bool // an argument is read as the name of a relation
	Scalar   bool // returns a plain value, or an array of them, never a row
}

// Lookup returns what is known of a function name.
func Lookup(name string) (Func, bool) {
	f, ok := functions()[name]
	return f, ok
}

// ChangingNames returns the names of the functions whose result may change though no table did, sorted: those that are
// Volatile, and the stable ones about sessions and the server that no text may call but a view may.
func ChangingNames() []string {
	refused := set(refusedStable)
	var names []string
	for name, f := range functions() {
		if f.Volatile || refused[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// functions holds the functions of pg_catalog by name: PostgreSQL 15's from the generated list, later ones from
// laterBuiltins. It is built once and never changes.
var functions = sync.OnceValue(func() map[string]Func {
	known := map[string]Func{}
	refused, variable := set(refusedStable), set(timeDependent)
	allowed, byName := set(AllowedVolatile), set(relationByText)
	for line := range strings.Lines(List) {
		name, kind, _ := strings.Cut(strings.TrimSpace(line), " ")
		flags := kind[1:]
		known[name] = Func{
			Callable: (kind[0] != 'v' || allowed[name]) && !refused[name] && !refusedPrefix(name) && !strings.Contains(flags, "n"),
			Volatile: kind[0] == 'v' || variable[name] || strings.HasPrefix(name, "pg_"),
			Relation: strings.Contains(flags, "r") || byName[name],
			Scalar:   strings.Contains(flags, "s"),
		}
	}
	for _, name := range strings.Fields(laterBuiltins) {
		known[name] = Func{Callable: true, Scalar: true, Volatile: allowed[name] || variable[name], Relation: byName[name]}
	}
	for _, name := range strings.Fields(castFunctions) {
		known[name] = Func{Callable: true, Scalar: true, Relation: name == "regtype"}
	}
	return known
})

// AllowedVolatile are the volatile names that only compute or measure; every other volatile function is refused.
const AllowedVolatile = " random random_normal gen_random_uuid uuidv4 uuidv7 clock_timestamp any_value" +
	" pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size pg_database_size pg_tablespace_size ts_rewrite "

// refusedStable are stable or immutable names that read rows by a name in text, show other sessions, server files,
// replication or function source, assign transaction ids, or exist for the server's own use.
const refusedStable = " database_to_xml database_to_xml_and_xmlschema database_to_xmlschema schema_to_xml" +
	" schema_to_xml_and_xmlschema schema_to_xmlschema table_to_xml table_to_xml_and_xmlschema table_to_xmlschema" +
	" inet_client_addr inet_client_port inet_server_addr inet_server_port" +
	" pg_config pg_conf_load_time pg_cursor pg_prepared_statement pg_prepared_xact pg_listening_channels" +
	" pg_current_xact_id pg_current_xact_id_if_assigned txid_current txid_current_if_assigned pg_mcv_list_items" +
	" pg_filenode_relation pg_relation_filenode pg_relation_filepath pg_tablespace_location pg_tablespace_databases" +
	" pg_get_functiondef pg_get_function_sqlbody pg_get_object_address pg_get_publication_tables pg_get_replication_slots" +
	" pg_get_ruledef pg_extension_update_paths pg_options_to_table pg_replication_origin_oid pg_show_all_settings" +
	" pg_settings_get_flags pg_stat_get_activity pg_stat_get_archiver pg_stat_get_progress_info" +
	" pg_stat_get_replication_slot pg_stat_get_subscription pg_stat_get_subscription_stats postgresql_fdw_validator" +
	" satisfies_hash_partition "

func set(names string) map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		m[name] = true
	}
	return m
}

// refusedPrefix refuses families by the start of the name, so that a later version's members are refused too.
func refusedPrefix(name string) bool {
	return strings.HasPrefix(name, "pg_stat_get_backend_") || strings.HasPrefix(name, "pg_stat_get_wal") ||
		strings.HasPrefix(name, "pg_event_trigger_") || strings.HasPrefix(name, "pg_ls_") || strings.HasPrefix(name, "binary_upgrade_") ||
		strings.HasPrefix(name, "fmgr_")
}

// timeDependent are stable names whose result changes with time or session rather than with the data.
const timeDependent = " now statement_timestamp transaction_timestamp age current_setting txid_current_snapshot current_user" +
	" session_user system_user current_database current_schema current_schemas version "

// relationByText are functions that read a text argument as a relation's or a type's name without declaring regclass.
const relationByText = " regclass to_regclass to_regtype to_regtypemod pg_get_viewdef pg_get_serial_sequence row_security_active" +
	" has_table_privilege has_any_column_privilege has_column_privilege has_sequence_privilege has_type_privilege" +
	" pg_input_is_valid pg_input_error_info "

// laterBuiltins are immutable and stable names, and the allowed volatile ones, that PostgreSQL 16 to 18 added.
const laterBuiltins = " any_value random_normal erf erfc date_add date_subtract pg_input_is_valid pg_input_error_info" +
	" system_user to_regtypemod to_bin to_oct unicode_version icu_unicode_version unicode_assigned xmltext" +
	" uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7 pg_basetype casefold crc32 crc32c array_sort array_reverse" +
	" gamma lgamma json_array json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict json_agg_strict" +
	" jsonb_agg_strict jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict" +
	" json_scalar json_serialize json_exists json_query json_value "

// castFunctions are built-in types without a function of their name: name(x) is then a cast.
const castFunctions = " bytea json jsonb uuid inet tsvector tsquery jsonpath tid cid xid8 oidvector regtype "
