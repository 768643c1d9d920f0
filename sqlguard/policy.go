package sqlguard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/names"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// Policy says what is refused beyond the fixed rules. The zero value forbids no table: pass DefaultForbiddenTables.
// Table names compare without regard to case; "schema.*" stands for every relation of a schema.
type Policy struct {
	ForbiddenTables     []string // name (in any schema), schema.name or schema.*
	AllowedTables       []string // if not empty, only these relations, CTEs and the harmless catalogs: name, schema.name or schema.*
	AllowedFunctions    []string // user functions that may be called: name (unqualified or in public) or schema.name
	ForbiddenOperations []string // words of Operations; writes are refused with or without being listed
}

// DefaultForbiddenTables returns the tables that hold tokens: oauth_tokens, oauth_state_tokens, refresh_tokens.
func DefaultForbiddenTables() []string {
	return []string{"oauth_tokens", "oauth_state_tokens", "refresh_tokens"}
}

// feature is a construct that is readable but can be switched off by policy.
type feature uint32

const (
	featExplain feature = 1 << iota
	featAnalyze
	featShow
	featWith
	featRecursive
	featCross
	featStar
	featSample
	featLateral
	featSetOp
	featWindow
	featCatalog
	featValues
)

// featureWords maps a word of ForbiddenOperations to the construct it switches off.
//
//   - CROSS JOIN: an explicit CROSS JOIN, a JOIN … ON with a constant condition, and a comma between two tables or
//     sub-selects of a SELECT without WHERE. LATERAL items and functions in FROM are not counted: they depend on a row.
//   - SELECT *: a star in a select list, alone or qualified, and TABLE name. count(*) is none.
//   - SYSTEM CATALOGS: any relation of pg_catalog or information_schema.
func featureWords() map[string]feature {
	return map[string]feature{
		"EXPLAIN": featExplain, "EXPLAIN ANALYZE": featAnalyze, "SHOW": featShow,
		"WITH": featWith, "WITH RECURSIVE": featRecursive, "RECURSIVE": featRecursive,
		"CROSS JOIN": featCross, "CARTESIAN JOIN": featCross, "SELECT *": featStar,
		"TABLESAMPLE": featSample, "LATERAL": featLateral,
		"UNION": featSetOp, "INTERSECT": featSetOp, "EXCEPT": featSetOp, "SET OPERATIONS": featSetOp,
		"WINDOW": featWindow, "SYSTEM CATALOGS": featCatalog, "VALUES": featValues,
	}
}

// writeWords are accepted and change nothing: what they name is always refused.
func writeWords() []string {
	return []string{"ALTER", "ANALYZE", "BEGIN", "CALL", "CHECKPOINT", "CLUSTER", "COMMENT", "COMMIT", "COPY", "CREATE",
		"DEALLOCATE", "DECLARE", "DELETE", "DELETE FROM", "DISCARD", "DO", "DROP", "EXECUTE", "FETCH", "FOR UPDATE",
		"GRANT", "IMPORT", "INSERT", "INSERT INTO", "LISTEN", "LOAD", "LOCK", "MERGE", "MOVE", "NOTIFY", "PREPARE",
		"REASSIGN", "REFRESH", "REINDEX", "RENAME", "REPLACE", "RESET", "REVOKE", "ROLLBACK", "SAVEPOINT", "SECURITY LABEL",
		"SELECT INTO", "SET", "TRUNCATE", "UNLISTEN", "UPDATE", "UPSERT", "VACUUM"}
}

// Operations returns the words ForbiddenOperations understands, sorted. A statement word may be followed by TABLE,
// DATABASE or another object ("DROP TABLE"): the first word decides.
func Operations() []string {
	words := writeWords()
	for w := range featureWords() {
		words = append(words, w)
	}
	slices.Sort(words)
	return words
}

// rules is a Policy made ready for look-ups. It never changes after New.
type rules struct {
	forbidden    names.Set
	allowed      names.Set
	functions    map[string]bool // "name" or "schema.name"
	features     feature         // switched off
	forbiddenRaw []string
	nodes        []nodeRule // by plan ID
	selectBody   *tree.Plan // SELECT without its WITH clause, which has scope rules of its own
}

func compile(p Policy) (*rules, error) {
	r := &rules{forbidden: names.NewSet(), allowed: names.NewSet(), functions: map[string]bool{},
		nodes: nodeRules(), selectBody: tree.Of(&pgquery.SelectStmt{}).Without("WithClause")}
	for _, t := range p.ForbiddenTables {
		if err := r.forbidden.AddText(t); err != nil {
			return nil, fmt.Errorf("read forbidden tables: %w", err)
		}
		r.forbiddenRaw = append(r.forbiddenRaw, strings.TrimSpace(t))
	}
	for _, t := range p.AllowedTables {
		if err := r.allowed.AddText(t); err != nil {
			return nil, fmt.Errorf("read allowed tables: %w", err)
		}
	}
	for _, f := range p.AllowedFunctions {
		parts, ok := names.Split(f)
		if !ok || len(parts) > 2 {
			return nil, fmt.Errorf("read allowed functions: %q is not name or schema.name", f)
		}
		r.functions[strings.Join(parts, ".")] = true
	}
	return r, r.addWords(p.ForbiddenOperations)
}

func (r *rules) addWords(words []string) error {
	features, writes := featureWords(), writeWords()
	for _, word := range words {
		w := strings.ToUpper(strings.Join(strings.Fields(word), " "))
		if f, ok := features[w]; ok {
			r.features |= f
			continue
		}
		first, _, _ := strings.Cut(w, " ")
		if !slices.Contains(writes, w) && !slices.Contains(writes, first) {
			return fmt.Errorf("read forbidden operations: %q is not known; known words: %s", word, strings.Join(Operations(), ", "))
		}
	}
	return nil
}

// callable reports whether the policy allows a user function.
func (r *rules) callable(schema, name string) bool {
	if schema == "" || schema == "public" {
		return r.functions[name] || r.functions["public."+name]
	}
	return r.functions[schema+"."+name]
}
