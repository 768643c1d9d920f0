package posting

import (
	"errors"
	"time"
)

// KeyReused says that a key was used for something else.
type KeyReused struct{}

// Error says so.
func (*KeyReused) Error() string { return "idempotency_key was used for another message before" }

// Code is idempotency_key_reused.
func (*KeyReused) Code() string { return "idempotency_key_reused" }

// Hint says what to do.
func (*KeyReused) Hint() string {
	return "Give another message an idempotency_key of its own, or repeat the first call unchanged."
}

// InProgress says that the same is being posted by another call.
type InProgress struct{ wait time.Duration }

// Error says so.
func (*InProgress) Error() string { return "the same call is under way already" }

// Code is slack_post_in_progress.
func (*InProgress) Code() string { return "slack_post_in_progress" }

// Hint says what to do.
func (*InProgress) Hint() string {
	return "Repeat the very same call after retry_after_seconds for its answer."
}

// RetryAfter is when it has ended, most likely.
func (e *InProgress) RetryAfter() time.Duration { return e.wait }

// Unsure says that it is not known whether something was posted. It does not
// unwrap to why: what that says of trying again is not true of what writes.
type Unsure struct {
	key    string // that the caller gave; empty: none
	wait   time.Duration
	lost   error // why there is no answer; nil: an earlier call has lost it
	unseen error // why it cannot be looked for; nil: it is not there yet
}

// Error says what is not known, and why.
func (e *Unsure) Error() string {
	s := "Slack's answer was lost, and the message may be posted or not"
	switch {
	case e.unseen == nil:
		return s + "; it is not there yet"
	case e.blind():
		return s + "; this account cannot look for it in the conversation"
	default:
		return s + "; it could not be looked for just now"
	}
}

// blind tells that looking again will not help.
func (e *Unsure) blind() bool {
	return e.unseen != nil && retryAfter(e.unseen) <= 0 && !passing(e.unseen)
}

// passing tells that a request may succeed the next time though it does not say
// when.
func passing(err error) bool {
	switch codeOf(err) {
	case "", "slack_unavailable", "slack_rate_limited", "slack_unreadable":
		return true
	}
	return false
}

func retryAfter(err error) time.Duration {
	var again interface{ RetryAfter() time.Duration }
	if !errors.As(err, &again) {
		return 0
	}
	return again.RetryAfter()
}

// Code is slack_outcome_unknown.
func (*Unsure) Code() string { return "slack_outcome_unknown" }

// Hint says how to find out.
func (e *Unsure) Hint() string {
	switch {
	case e.blind():
		return "Look in Slack whether the message is there, and only if it is not post it with another idempotency_key."
	case e.key == "":
		return "Repeat the very same call after retry_after_seconds: it looks for the message before it posts."
	default:
		return "Repeat the call with the same idempotency_key after retry_after_seconds: it looks for the message before it posts."
	}
}

// RetryAfter is when the very same call may succeed; zero: never.
func (e *Unsure) RetryAfter() time.Duration {
	if e.blind() {
		return 0
	}
	return max(e.wait, retryAfter(e.unseen))
}

// Details have the key, and the code of what hinders looking.
func (e *Unsure) Details() map[string]string {
	d := map[string]string{}
	if e.key != "" {
		d["idempotency_key"] = e.key
	}
	if code := codeOf(e.unseen); code != "" {
		d["look_up"] = code
	}
	return d
}

// LogCause is why there is no answer, and why it cannot be looked for.
func (e *Unsure) LogCause() string {
	if err := errors.Join(e.lost, e.unseen); err != nil {
		return err.Error()
	}
	return ""
}

// unlooked says why a message cannot be looked for.
type unlooked struct{ why string }

// Error says so.
func (e *unlooked) Error() string { return e.why }

// Code is slack_not_looked_up.
func (*unlooked) Code() string { return "slack_not_looked_up" }
