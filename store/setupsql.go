package store

import (
	"context"
	_ "embed" // the SQL text
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

//go:embed queries/setup_grants.sql
var setupGrantsSQL own.SQL

// defaultReaderTimeout is the reader role's own statement_timeout; reads set a shorter one.
const defaultReaderTimeout = 15 * time.Second

// SetupOptions say what role SetupSQL prints. The zero value is a role that
// the database's own login enters, reading all that is there when the script runs.
type SetupOptions struct {
	Role      string        // empty: DefaultReaderRole
	Login     bool          // a login of its own, for QUERY_DATABASE_URL; its password is set apart
	Members   []string      // roles that may enter it with SET ROLE; empty: the one that runs the script
	Forbidden []string      // name or schema.name; they and what shows their rows are not granted
	Hide      []string      // table.column or schema.table.column; the table's other columns are granted
	Timeout   time.Duration // statement_timeout of the role; 0: 15 s
	Grants    []Grant       // from LoadSetupGrants; nil: the script finds the tables when it runs
}

// Grant is one statement of the script; Step orders and groups them.
type Grant struct {
	Step int
	SQL  string
}

// BadHide says that an entry of SetupOptions.Hide does not name a column.
type BadHide struct{ Entry, reason string }

// Error tells what is wrong.
func (e *BadHide) Error() string { return e.reason }

// Code is bad_setting.
func (e *BadHide) Code() string { return "bad_setting" }

// Hint shows the shape.
func (e *BadHide) Hint() string {
	return "Give --hide as table.column or schema.table.column, as the database spells them."
}

// LoadSetupGrants reads from the database the statements that a script for o
// consists of today, so that they can be read before they are run.
// Errors: *BadHide where a column to hide does not exist.
func LoadSetupGrants(ctx context.Context, r *Reader, o SetupOptions) ([]Grant, error) {
	schemas, names := splitNames(o.Forbidden)
	hs, ht, hc, err := splitHide(o.Hide)
	if err != nil {
		return nil, err
	}
	grants, err := ReadAll[Grant](ctx, r, withClosure(setupGrantsSQL), schemas, names, hs, ht, hc, o.role())
	if err != nil {
		return nil, fmt.Errorf("list grants of the reader role: %w", err)
	}
	if len(grants) > 0 && grants[0].Step == 0 {
		return nil, &BadHide{reason: grants[0].SQL}
	}
	return grants, nil
}

// SetupSQL prints the SQL of a role that reads all but the forbidden tables
// and hidden columns. Run it as the owner of the database or a superuser; it
// may be run again at any time, and should be after migrations that add tables.
// Errors: *BadHide.
func SetupSQL(o SetupOptions) (string, error) {
	hs, ht, hc, err := splitHide(o.Hide)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(setupHead)
	b.WriteString(doBlock(o.createRole()))
	if o.Login {
		b.WriteString("-- The role has no password yet, so it cannot log in by one: set it with \\password in psql,\n" +
			"-- or with ALTER ROLE … PASSWORD '…'; then put the login into QUERY_DATABASE_URL.\n\n")
	}
	if o.Grants != nil {
		writeGrants(&b, o.Grants)
		b.WriteString(setupEnd)
		return b.String(), nil
	}
	schemas, names := splitNames(o.Forbidden)
	query := bindLiterals(string(withClosure(setupGrantsSQL)),
		sqlArray(schemas), sqlArray(names), sqlArray(hs), sqlArray(ht), sqlArray(hc), sqlLiteral(o.role()))
	b.WriteString(setupNotes)
	b.WriteString(doBlock(fmt.Sprintf(setupLoop, query)))
	b.WriteString(setupEnd)
	return b.String(), nil
}

const setupEnd = "\nCOMMIT;\n"

const setupHead = `-- A role that only reads, for agents. Run as the owner of the database or as a superuser:
--   psql --single-transaction -v ON_ERROR_STOP=1 -f this-file
-- It may be run again at any time. Run it again after migrations that add tables, views or functions.
BEGIN; -- all of it or nothing

`

// setupRefusals keep a mistyped --role from disarming a role that others need.
const setupRefusals = `	IF a.rolname IN (session_user, current_user) THEN
		RAISE EXCEPTION 'the role % runs this script: choose another name for the reader role', a.rolname;
	END IF;
	IF EXISTS (SELECT FROM pg_catalog.pg_shdepend d WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = a.oid AND d.deptype = 'o') THEN
		RAISE EXCEPTION 'the role % owns objects: choose another name for the reader role', a.rolname;
	END IF;
`

const setupNotes = `-- What is granted is found when this runs: USAGE on the schemas; SELECT on every table, view and sequence but
-- the forbidden ones, what shows their rows (views, partitions, children, foreign tables, calls of functions that
-- name them) and views that show a hidden column. Tables made later are readable through default privileges:
-- this includes a forbidden table made later, until this script has run again. The guard refuses it by name
-- meanwhile, and the check at start reports it.
-- Rights that everyone has through PUBLIC and a reader must not have (temporary tables, creating in public, writing,
-- functions that read a forbidden table as their owner) are taken from PUBLIC; every other role that exists now keeps
-- them by name. Roles made later need their own GRANT.
`

// setupLoop runs what the query lists. A right of PUBLIC that the one running
// the script may not take is reported and left.
const setupLoop = `
DECLARE
	todo record;
BEGIN
	-- Names of functions and operators below must mean the built-in ones. Compiling the query would take longer than it runs.
	PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), pg_catalog.set_config('jit', 'off', true);
	PERFORM pg_catalog.set_config('standard_conforming_strings', 'on', true);
	FOR todo IN
%s
	LOOP
		IF todo.step = 0 THEN
			RAISE EXCEPTION '%%', todo.text;
		ELSIF todo.step = 5 THEN
			BEGIN
				EXECUTE todo.text;
			EXCEPTION WHEN insufficient_privilege THEN
				RAISE WARNING 'not allowed, ask a superuser: %%', todo.text;
			END;
		ELSE
			EXECUTE todo.text;
		END IF;
	END LOOP;
END
`

func (o SetupOptions) role() string {
	if o.Role == "" {
		return DefaultReaderRole
	}
	return o.Role
}

// createRole is the body of the block that makes the role, or brings one that
// is there into shape. Attributes are only touched where they are wrong,
// because some need a superuser even to be taken away again.
func (o SetupOptions) createRole() string {
	name, ident := sqlLiteral(o.role()), sqlIdent(o.role())
	login := "NOLOGIN"
	if o.Login {
		login = "LOGIN"
	}
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = defaultReaderTimeout
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nDECLARE\n\ta record;\nBEGIN\n"+
		"\tIF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) %s) THEN\n\t\tCREATE ROLE %s NOLOGIN;\n\tEND IF;\n"+
		"\tSELECT * INTO a FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) %s;\n", name, ident, name)
	b.WriteString(setupRefusals)
	if !o.Login {
		b.WriteString("\tIF a.rolcanlogin THEN\n\t\tRAISE EXCEPTION 'the role % is a login: choose another name, or --login if it is meant', a.rolname;\n\tEND IF;\n")
	}
	for _, c := range []struct{ column, attribute string }{
		{"rolsuper", "NOSUPERUSER"}, {"rolbypassrls", "NOBYPASSRLS"}, {"rolreplication", "NOREPLICATION"},
		{"rolcreaterole", "NOCREATEROLE"}, {"rolcreatedb", "NOCREATEDB"},
	} {
		fmt.Fprintf(&b, "\tIF a.%s THEN\n\t\tALTER ROLE %s %s;\n\tEND IF;\n", c.column, ident, c.attribute)
	}
	fmt.Fprintf(&b, "\tALTER ROLE %s %s;\n", ident, login)
	ms := strconv.FormatInt(timeout.Milliseconds(), 10)
	for _, set := range []string{
		"default_transaction_read_only = on", "statement_timeout = " + ms, "lock_timeout = 1000",
		"idle_in_transaction_session_timeout = " + ms,
	} {
		fmt.Fprintf(&b, "\tALTER ROLE %s SET %s;\n", ident, set)
	}
	if !o.Login {
		for _, m := range o.members() {
			fmt.Fprintf(&b, "\tGRANT %s TO %s;\n", ident, m)
		}
	}
	return b.String() + "END\n"
}

func (o SetupOptions) members() []string {
	if len(o.Members) == 0 {
		return []string{"CURRENT_USER"}
	}
	quoted := make([]string, len(o.Members))
	for i, m := range o.Members {
		quoted[i] = sqlIdent(m)
	}
	return quoted
}

// stepTitles head the groups of explicit statements, by Grant.Step.
func stepTitles() []string {
	return []string{
		1: "Start from nothing, so that a second run takes back what is no longer meant to be read.",
		2: "Schemas.",
		3: "Tables, views and sequences; hidden columns are left out of their table's list.",
		4: "Tables made later. This includes a forbidden table made later, until this script has been made and run again;\n" +
			"-- the guard refuses it by name meanwhile, and the check at start reports it.",
		5: "Rights that everyone has through PUBLIC and a reader must not have: the roles that exist now keep them by name.",
		6: "Rights of the role itself that a reader must not have.",
	}
}

func writeGrants(b *strings.Builder, grants []Grant) {
	titles := stepTitles()
	step := 0
	for _, g := range grants {
		if g.Step != step {
			step = g.Step
			fmt.Fprintf(b, "\n-- %s\n", titles[step])
		}
		b.WriteString(g.SQL + ";\n")
	}
}

// splitHide turns "table.column" and "schema.table.column" into three lists of equal length.
func splitHide(list []string) (schemas, tables, columns []string, err error) {
	schemas, tables, columns = []string{}, []string{}, []string{}
	for _, entry := range list {
		parts := strings.Split(entry, ".")
		if len(parts) == 2 {
			parts = append([]string{""}, parts...)
		}
		if len(parts) != 3 || parts[1] == "" || parts[2] == "" {
			return nil, nil, nil, &BadHide{Entry: entry, reason: fmt.Sprintf("%q does not name a column", entry)}
		}
		schemas, tables, columns = append(schemas, parts[0]), append(tables, parts[1]), append(columns, parts[2])
	}
	return schemas, tables, columns, nil
}
