// Package sqlguard decides whether an SQL text is one read-only statement that may be sent to PostgreSQL, and is the
// only place that can make the Statement the reader takes.
//
// The text is parsed with PostgreSQL's own grammar and walked by reflection over every message of the tree. What is
// not known to be harmless is refused: statement kinds, node kinds, functions, operators, relations and names hidden
// in strings. Names are compared as the parser decoded them, never as text.
//
// The package knows no network, no connection and no user. What only the database can tell (views over a forbidden
// table, functions that overload built-in ones) comes in as a Catalog. It does not bound run time, rows or disk: that
// is the work of the role, the transaction and the cursor behind it. The role is the boundary; the guard is depth.
package sqlguard
