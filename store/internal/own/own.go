// Package own marks SQL that this program wrote itself. Only the packages under
// store can name the type, so that store.Reader.Read, which takes it, cannot be
// handed a caller's text: that needs a sqlguard.Statement. It knows nothing else.
package own

// SQL is a text written in this program, never built from anything a caller gave.
type SQL string
