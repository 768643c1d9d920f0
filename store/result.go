package store

import "time"

// Limits bound one read. All fields must be positive.
type Limits struct {
	Rows      int           // rows returned
	Bytes     int           // total size of the values returned, bytes in PostgreSQL's text format
	CellBytes int           // size of one value; a longer one is cut and says so
	Timeout   time.Duration // enforced by the server as statement_timeout, ms resolution
}

// Column is one column of a result.
type Column struct {
	Name string
	Type string // as format_type prints it, such as bigint or character varying
	OID  uint32 // of the type
}

// Value is one value as PostgreSQL prints it, so numbers and times are exact.
type Value struct {
	Text string
	Null bool
	Cut  int // size of the whole value in bytes where Text was cut, else 0
}

// Result is what a read returned, in the server's order.
type Result struct {
	Columns []Column
	Rows    [][]Value
	More    bool          // rows were left out because of Limits.Rows or Limits.Bytes
	Elapsed time.Duration // from sending the statement to its last row
}
