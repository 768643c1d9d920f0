package builtins

import "strings"

// harmlessCatalogs are the relations of pg_catalog that describe and count, but hold no row of a user's table
// (pg_stats, pg_statistic), no secret (pg_authid, pg_subscription, pg_settings, pg_roles with its rolconfig), no other
// session's SQL (pg_stat_activity, pg_locks) and no function source (pg_proc, pg_rewrite). All others are refused.
const harmlessCatalogs = " pg_aggregate pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_available_extensions pg_cast pg_class" +
	" pg_collation pg_constraint pg_conversion pg_database pg_depend pg_description pg_enum pg_extension pg_index pg_indexes" +
	" pg_inherits pg_language pg_matviews pg_namespace pg_opclass pg_operator pg_opfamily pg_partitioned_table pg_range" +
	" pg_sequence pg_sequences pg_tables pg_tablespace pg_timezone_abbrevs pg_timezone_names pg_trigger pg_ts_config" +
	" pg_ts_dict pg_type pg_views" +
	" pg_stat_all_indexes pg_stat_all_tables pg_stat_sys_indexes pg_stat_sys_tables pg_stat_user_indexes pg_stat_user_tables" +
	" pg_stat_user_functions pg_stat_database pg_stat_database_conflicts pg_stat_bgwriter pg_stat_checkpointer pg_stat_io" +
	" pg_stat_xact_all_tables pg_stat_xact_user_tables pg_stat_xact_sys_tables pg_stat_archiver pg_stat_slru" +
	" pg_statio_all_indexes pg_statio_all_sequences pg_statio_all_tables pg_statio_sys_indexes pg_statio_sys_sequences" +
	" pg_statio_sys_tables pg_statio_user_indexes pg_statio_user_sequences pg_statio_user_tables "

// harmlessSchema are the views of information_schema that are allowed: not those with source code (routines,
// triggers' bodies are the owner's), foreign options (passwords) or user mappings.
const harmlessSchema = " applicable_roles attributes character_sets check_constraints collations columns column_column_usage" +
	" column_domain_usage column_privileges column_udt_usage constraint_column_usage constraint_table_usage" +
	" data_type_privileges domain_constraints domain_udt_usage domains element_types enabled_roles" +
	" information_schema_catalog_name key_column_usage parameters referential_constraints role_table_grants" +
	" role_column_grants schemata sequences sql_features sql_implementation_info sql_sizing table_constraints" +
	" table_privileges tables triggers triggered_update_columns user_defined_types view_column_usage view_table_usage views "

const (
	// Schema is the schema of all built-in objects.
	Schema     = "pg_catalog"
	infoSchema = "information_schema"
)

// IsSystem reports whether a reference means a system relation, or looks so much like one that it is treated as
// one: pg_catalog comes first on every search path, extensions put pg_stat_statements into any schema, and pg_toast and
// pg_temp hold other tables' storage.
func IsSystem(schema, name string) bool {
	schema, name = strings.ToLower(schema), strings.ToLower(name)
	return schema == infoSchema || strings.HasPrefix(schema, "pg_") || strings.HasPrefix(name, "pg_")
}

// MayRead reports whether a system relation may be read.
func MayRead(schema, name string) bool {
	switch schema {
	case "", Schema:
		return !strings.Contains(name, " ") && strings.Contains(harmlessCatalogs, " "+name+" ")
	case infoSchema:
		return !strings.Contains(name, " ") && strings.Contains(harmlessSchema, " "+name+" ")
	}
	return false
}
