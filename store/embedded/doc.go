// Package embedded runs a private PostgreSQL for the current user.
//
// It finds (or fetches once) the binaries, makes the cluster, and lets any
// number of processes share one server. It knows nothing of what is stored
// there: no schema, no migrations, no queries.
//
// # Who does what
//
// Every process that called Start holds a shared lock on holders.lock; the
// kernel drops it however the process ends. One supervisor (the same program,
// re-executed as "embedded-watch") owns the server: it restarts it when it
// dies, and stops it when it can lock holders.lock exclusively, so when the
// last holder is gone. Between supervisor and server stands a small shell
// that stops the server when the supervisor's end of a pipe closes: killing
// all processes of ours with SIGKILL leaves no server behind.
//
// Starting and stopping happen under gate.lock alone, so two of them never
// overlap. The order is always gate, then holders. A cluster is made in a
// directory beside its final place and renamed, so a half-made one is never
// taken for a whole one.
//
// # Who may connect
//
// There is no TCP port. The socket lies in a directory of mode 0700, and the
// server asks the kernel who is connecting (peer): only the user who started
// fluxmcp gets the roles fluxmcp (owner of the database) and postgres. Other
// roles need a password of their own.
//
// As root, the server and initdb run under an unprivileged account.
package embedded
