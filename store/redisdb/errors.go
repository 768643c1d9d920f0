package redisdb

import "time"

// BadURL says that the address of Redis is not a URL of the kind we know. It
// never shows the URL, which may hold a password.
type BadURL struct{}

// Error names the setting.
func (e *BadURL) Error() string { return "REDIS_URL is not a Redis URL" }

// Code is bad_setting.
func (e *BadURL) Code() string { return "bad_setting" }

// Hint shows the shape.
func (e *BadURL) Hint() string {
	return "Set it as redis://USER:PASSWORD@HOST:6379/DATABASE, or rediss:// for TLS, with special characters percent-encoded."
}

// Unavailable says that Redis did not answer, or is left alone for a second
// because it did not.
type Unavailable struct{ err error }

// Error names no host: it may reach the agent.
func (e *Unavailable) Error() string { return "Redis cannot be reached" }

// Unwrap gives the cause.
func (e *Unavailable) Unwrap() error { return e.err }

// Code is redis_unavailable.
func (e *Unavailable) Code() string { return "redis_unavailable" }

// Hint says to wait.
func (e *Unavailable) Hint() string {
	return "Try again in a few seconds; if it stays so, ask the operator to run `fluxmcp doctor`."
}

// RetryAfter is until Redis is tried again.
func (e *Unavailable) RetryAfter() time.Duration { return probeAfter }

// LogCause is what the operator may see and the agent may not.
func (e *Unavailable) LogCause() string { return e.err.Error() }

// callerGone carries the error of a caller's context past the breaker.
type callerGone struct{ err error }

func (e *callerGone) Error() string { return e.err.Error() }
func (e *callerGone) Unwrap() error { return e.err }
