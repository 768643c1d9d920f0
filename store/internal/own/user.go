package own

// UserSQL returns the id of a person's row, which it makes where there is none.
// It locks the row, so that those who write for one person come one after the
// other. $1: issuer, $2: subject, $3: address, which may be empty.
const UserSQL SQL = `INSERT INTO fluxmcp.users (issuer, subject, email) VALUES ($1, $2, nullif($3, ''))
	ON CONFLICT (issuer, subject) DO UPDATE SET email = coalesce(excluded.email, users.email) RETURNING id::text`
