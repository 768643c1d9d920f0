package api

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Failure is what went wrong.
type Failure int

// The failures. Their codes are in parentheses.
const (
	UnknownChannel  Failure = iota + 1 // there is no such conversation, or the account may not see it (unknown_channel)
	UnknownMessage                     // (unknown_message)
	UnknownThread                      // (unknown_thread)
	UnknownUser                        // (unknown_user)
	UnknownFile                        // (unknown_file)
	NotInChannel                       // the account must be in the conversation for that (slack_not_in_channel)
	ChannelArchived                    // (slack_channel_archived)
	ScopeMissing                       // the token may not (slack_scope_missing)
	TokenRefused                       // the token is no longer good (slack_token_refused)
	UserTokenNeeded                    // a bot may not, or a person may not (slack_user_token_needed)
	Forbidden                          // the account may not (slack_forbidden)
	TooLong                            // the message is too long (slack_message_too_long)
	InvalidBlocks                      // (slack_invalid_blocks)
	Limited                            // too many requests (slack_rate_limited)
	Away                               // Slack failed, or cannot be reached (slack_unavailable)
	Unreadable                         // the answer is not what it should be (slack_unreadable)
	AnswerTooLarge                     // the answer is more than this client takes (slack_answer_too_large)
	Refused                            // anything else that Slack refuses (slack_refused)
)

// KindOf is the Failure of the *Error in err.
func KindOf(err error) (Failure, bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return 0, false
	}
	return e.Kind, true
}

// Error is what Slack said, or that it said nothing.
type Error struct {
	Kind     Failure
	Slack    string        // Slack's own code; may be empty
	Status   int           // of HTTP, where that says it; 0: it does not
	Wait     time.Duration // after which the same may succeed; 0: never
	Needed   string        // of ScopeMissing: scopes, any of which may do, by ","
	Provided string        // of ScopeMissing: scopes of the token, by ","
	Method   string        // of the Web API
	Problems []string      // what Slack finds wrong with blocks or arguments

	token  bool // the account is a token, which cannot be connected again
	again  bool // asking once more is worth it
	unsent bool // Slack cannot have got the request
	err    error
}

// Error says what is wrong, in terms of what was asked about.
func (e *Error) Error() string {
	switch e.Kind {
	case UnknownChannel:
		return "Slack has no such conversation, or this account may not see it"
	case UnknownMessage:
		return "Slack has no such message in that conversation"
	case UnknownThread:
		return "Slack has no such thread in that conversation"
	case UnknownUser:
		return "Slack has no such person, or this account may not see them"
	case UnknownFile:
		return "Slack has no such file, or this account may not see it"
	case NotInChannel:
		return "this account is not in that conversation"
	case ChannelArchived:
		return "that conversation is archived"
	case ScopeMissing:
		return "this account's token lacks a scope that Slack asks for" + after(": ", e.Needed)
	case TokenRefused:
		return "Slack does not accept this account's token" + e.said()
	case UserTokenNeeded:
		return "Slack does not take this kind of token for " + e.Method
	default:
		return e.otherwise()
	}
}

func (e *Error) otherwise() string {
	switch e.Kind {
	case Forbidden:
		return "Slack does not let this account do that" + e.said()
	case TooLong:
		return "the message is longer than Slack takes" + e.said()
	case InvalidBlocks:
		return "Slack does not take these blocks" + after(": ", strings.Join(e.Problems, "; "))
	case Limited:
		return "Slack's rate limit is reached for " + e.Method
	case Away:
		return "Slack failed or cannot be reached" + e.said()
	case Unreadable:
		return "Slack's answer cannot be read"
	case AnswerTooLarge:
		return "Slack's answer is larger than this server takes"
	default:
		return "Slack refused " + e.Method + e.said() + after(": ", strings.Join(e.Problems, "; "))
	}
}

// said is Slack's code or the status, in parentheses.
func (e *Error) said() string {
	switch {
	case e.Slack != "":
		return " (" + e.Slack + ")"
	case e.Status != 0:
		return " (status " + strconv.Itoa(e.Status) + ")"
	default:
		return ""
	}
}

func after(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.err }

// Code is the stable name of the failure.
func (e *Error) Code() string {
	if name, ok := map[Failure]string{
		UnknownChannel: "unknown_channel", UnknownMessage: "unknown_message", UnknownThread: "unknown_thread",
		UnknownUser: "unknown_user", UnknownFile: "unknown_file", NotInChannel: "slack_not_in_channel",
		ChannelArchived: "slack_channel_archived", ScopeMissing: "slack_scope_missing", TokenRefused: "slack_token_refused",
		UserTokenNeeded: "slack_user_token_needed", Forbidden: "slack_forbidden", TooLong: "slack_message_too_long",
		InvalidBlocks: "slack_invalid_blocks", Limited: "slack_rate_limited", Away: "slack_unavailable",
		Unreadable: "slack_unreadable", AnswerTooLarge: "slack_answer_too_large",
	}[e.Kind]; ok {
		return name
	}
	return "slack_refused"
}

// RetryAfter is when the same may succeed; zero: never.
func (e *Error) RetryAfter() time.Duration { return e.Wait }

// MissingScopes are the scopes that the account's token lacks, any of which may
// do. None: that is not what is wrong, or Slack did not say which.
func (e *Error) MissingScopes() (provider string, scopes []string) {
	if e.Kind != ScopeMissing {
		return "slack", nil
	}
	return "slack", commas(e.Needed)
}

// Details are what else Slack said, by name.
func (e *Error) Details() map[string]string {
	d := map[string]string{}
	for name, value := range map[string]string{
		"slack_error": e.Slack, "needed": e.Needed, "provided": e.Provided, "method": e.Method, "problems": strings.Join(e.Problems, "; "),
	} {
		if value != "" {
			d[name] = value
		}
	}
	return d
}

// LogCause is what the operator may want to know of a failure on the way.
func (e *Error) LogCause() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

// Unanswered says that it is not known whether something was written. It does
// not unwrap to why: what that says of trying again is not true of what writes.
type Unanswered struct {
	Method string // of the Web API
	Key    string // idempotency key, where whoever wrote set one
	err    error
}

// Error says what is not known.
func (u *Unanswered) Error() string {
	return "Slack's answer to " + u.Method + " was lost, and it may be done or not"
}

// Code is slack_outcome_unknown.
func (*Unanswered) Code() string { return "slack_outcome_unknown" }

// Hint says how to find out.
func (u *Unanswered) Hint() string {
	if u.Key != "" {
		return "Call again with the same idempotency_key, which does not do it twice."
	}
	return "Call slack_get_channel_history, or slack_get_thread for a reply, to see whether it is done before doing it again."
}

// Details are the method, and the key where there is one.
func (u *Unanswered) Details() map[string]string {
	d := map[string]string{"method": u.Method}
	if u.Key != "" {
		d["idempotency_key"] = u.Key
	}
	return d
}

// LogCause is why there is no answer.
func (u *Unanswered) LogCause() string {
	if u.err == nil {
		return ""
	}
	return u.err.Error()
}
