package tools

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"math"
	"time"
)

// Failure is what a caller is told of an error. It is the same object in MCP
// and REST answers.
type Failure struct {
	Code       string `json:"code"`                          // stable, snake_case
	Message    string `json:"message"`                       // what is wrong, in terms of the caller's arguments
	Hint       string `json:"hint"`                          // one imperative sentence
	RetryAfter int    `json:"retry_after_seconds,omitempty"` // only where the very same call may succeed later
	Ref        string `json:"ref,omitempty"`                 // under which the cause of an internal failure is logged

	Details map[string]string `json:"details,omitempty"` // what the provider says of it, by stable names

	ConnectURL     string `json:"connect_url,omitempty"`  // of the page that mends it
	ConnectCode    string `json:"connect_code,omitempty"` // that the page asks for
	ConnectExpires string `json:"expires_at,omitempty"`   // of the page, RFC 3339

	Limit     int  `json:"limit,omitempty"`         // of a call over its limit: calls a minute
	Remaining *int `json:"remaining,omitempty"`     // calls left at once
	Reset     int  `json:"reset_seconds,omitempty"` // until the whole limit is there again
}

// JSON is the form that a model reads.
func (f Failure) JSON() string {
	b, _ := json.Marshal(f) // strings and integers always encode
	return string(b)
}

// actionable is an error that its caller can do something about.
type actionable interface {
	error
	Code() string
	Hint() string
}

type retryable interface{ RetryAfter() time.Duration }

type detailed interface{ Details() map[string]string }

// failureOf tells apart what the caller can act on, what ran out of time, and
// the rest, whose cause must not leave the server.
func failureOf(ctx context.Context, err error) Failure {
	var told actionable
	if errors.As(err, &told) {
		f := Failure{Code: told.Code(), Message: told.Error(), Hint: told.Hint()}
		var again retryable
		if errors.As(err, &again) {
			f.RetryAfter = seconds(again.RetryAfter())
		}
		var more detailed
		if errors.As(err, &more) {
			f.Details = more.Details()
		}
		var over *limited
		if errors.As(err, &over) {
			f.Limit, f.Remaining, f.Reset = over.PerMinute, &over.Remaining, seconds(over.Quota.Reset)
		}
		return f
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Failure{Code: "timeout", Message: "the call ran out of time", Hint: "Ask for less at once, or narrow the request."}
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return Failure{Code: "canceled", Message: "the call was canceled", Hint: "Call again if the answer is still wanted."}
	}
	return internalFailure()
}

// seconds rounds up, so that who waits has waited enough.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// internalFailure has a reference and nothing else of the cause.
func internalFailure() Failure {
	return Failure{
		Code:    "internal",
		Message: "the server failed; your arguments were fine",
		Hint:    "Do not retry more than once; give the reference to the operator.",
		Ref:     newRef(),
	}
}

// newRef is 40 random bits in eight characters that people can read aloud.
func newRef() string {
	b := make([]byte, 5)
	_, _ = rand.Read(b) // never fails, since Go 1.24
	return base32.StdEncoding.EncodeToString(b)
}
