package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// cause is what lies behind err in the operator's words; err itself may be
// worded for an agent.
func cause(err error) string {
	var telling interface{ LogCause() string }
	if errors.As(err, &telling) && telling.LogCause() != "" {
		return strings.Join(strings.Fields(telling.LogCause()), " ")
	}
	return err.Error()
}

// mendConnection says how to mend a connection that cannot be made.
func mendConnection(err error) string {
	var pg *pgconn.PgError
	var dns *net.DNSError
	switch {
	case errors.As(err, &pg) && strings.HasPrefix(pg.Code, "28"):
		return "Correct the user name and password in DATABASE_URL or QUERY_DATABASE_URL, or allow them in pg_hba.conf."
	case errors.As(err, &pg) && pg.Code == "3D000":
		return "Correct the database name at the end of the URL, or create the database."
	case errors.As(err, &pg) && strings.HasPrefix(pg.Code, "53"):
		return "Raise max_connections, or lower FLUXMCP_MAX_CONNECTIONS."
	case errors.As(err, &dns):
		return "Correct the host name in the URL."
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return "Start PostgreSQL there, or correct host and port in the URL."
	case errors.Is(err, context.DeadlineExceeded):
		return "The host does not answer: correct host and port in the URL, or open the firewall."
	case strings.Contains(err.Error()+cause(err), "TLS"), strings.Contains(cause(err), "certificate"):
		return "Set sslmode in the URL to what the server offers: disable, require or verify-full with sslrootcert."
	default:
		return "Correct the URL, and look at PostgreSQL's own log."
	}
}
