package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	awayWait  = 5 * time.Second  // after a failure that says no time
	limitWait = 30 * time.Second // after a limit that says none
	maxWait   = 24 * time.Hour   // that Slack can have an account wait
	maxError  = 64 << 10         // read of the body of an error, bytes
)

// refused words an answer whose status is no success: Slack's own answers have
// status 200, but for its limits, and for what stands before it.
// Source: https://docs.slack.dev/apis/web-api/rate-limits
func refused(m method, resp *http.Response) *Error {
	switch status := resp.StatusCode; {
	case status == http.StatusTooManyRequests:
		return overLimit(m, status, "", resp.Header)
	case status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		e := away(m, nil)
		e.Status = status
		if wait, ok := retryAfter(resp.Header, time.Now()); ok {
			e.Wait = wait
		}
		return e
	}
	var h envelope
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxError)) // a part will do
	if json.Unmarshal(text, &h) == nil && !h.OK && h.Error != "" {
		return worded(m, resp.StatusCode, resp.Header, &h)
	}
	if resp.StatusCode < http.StatusBadRequest { // a redirect, or no content: who knows what was done
		return unreadable(m, errors.New("status "+strconv.Itoa(resp.StatusCode)))
	}
	return &Error{Kind: Refused, Status: resp.StatusCode, Method: m.name}
}

// code is what Slack's codes look like. Others are not passed on.
var code = regexp.MustCompile(`^[a-z0-9_.]{1,80}$`)

// worded is the error of an answer that says no.
func worded(m method, status int, header http.Header, h *envelope) *Error {
	said := h.Error
	if !code.MatchString(said) {
		said = ""
	}
	kind := kindOf(said)
	switch kind {
	case Limited:
		return overLimit(m, status, said, header)
	case Away:
		e := away(m, nil)
		e.Slack, e.Status = said, status
		return e
	}
	e := &Error{Kind: kind, Slack: said, Status: status, Method: m.name, Problems: problems(h.Metadata.Messages, h.Errors)}
	if kind == ScopeMissing {
		e.Needed, e.Provided = scopesIn(h.Needed), scopesIn(h.Provided)
	}
	return e
}

// kindOf sorts Slack's codes, which each method's page lists.
// Source: the Errors of https://docs.slack.dev/reference/methods/chat.postMessage,
// …/chat.update, …/chat.delete, …/conversations.history, …/conversations.replies,
// …/conversations.info, …/users.info, …/users.lookupByEmail, …/files.info and
// …/files.completeUploadExternal. Those of tokens are on all of them.
func kindOf(said string) Failure {
	switch said {
	case "channel_not_found", "invalid_channel":
		return UnknownChannel
	case "message_not_found":
		return UnknownMessage
	case "thread_not_found", "invalid_thread_ts":
		return UnknownThread
	case "user_not_found", "users_not_found", "user_not_visible":
		return UnknownUser
	case "file_not_found", "file_deleted", "file_is_deleted":
		return UnknownFile
	case "not_in_channel":
		return NotInChannel
	case "is_archived", "is_inactive":
		return ChannelArchived
	case "msg_too_long", "msg_blocks_too_long":
		return TooLong
	case "invalid_blocks", "invalid_blocks_format", "block_mismatch":
		return InvalidBlocks
	case "ratelimited", "rate_limited", "message_limit_exceeded":
		return Limited
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout":
		return Away
	}
	return kindOfRight(said)
}

// kindOfRight sorts those codes that say who may.
func kindOfRight(said string) Failure {
	switch said {
	case "missing_scope":
		return ScopeMissing
	case "not_authed", "invalid_auth", "account_inactive", "token_expired", "token_revoked", "org_login_required", "two_factor_setup_required":
		return TokenRefused
	case "not_allowed_token_type":
		return UserTokenNeeded
	case "access_denied", "accesslimited", "app_access_restricted", "cannot_reply_to_message", "cant_broadcast_message", "cant_delete_message",
		"cant_update_message", "channel_is_limited_access", "edit_window_closed", "ekm_access_denied", "enterprise_is_restricted", "is_bot",
		"messages_tab_disabled", "no_permission", "not_visible", "posting_to_channel_denied", "posting_to_general_channel_denied",
		"team_access_not_granted":
		return Forbidden
	}
	if strings.HasPrefix(said, "restricted_action") || strings.HasPrefix(said, "slack_connect_") {
		return Forbidden
	}
	return Refused
}

// overLimit words a limit that is reached. Slack says so with status 429, and
// sometimes with ok:false.
func overLimit(m method, status int, said string, h http.Header) *Error {
	e := &Error{Kind: Limited, Slack: said, Status: status, Method: m.name, Wait: limitWait, again: true}
	if wait, ok := retryAfter(h, time.Now()); ok {
		e.Wait = wait
	}
	return e
}

// away says that Slack failed, or that nothing came of it.
func away(m method, err error) *Error {
	return &Error{Kind: Away, Method: m.name, Wait: awayWait, again: true, err: err}
}

// unreadable says that an answer is not what it should be.
func unreadable(m method, err error) *Error {
	return &Error{Kind: Unreadable, Method: m.name, err: err}
}

// retryAfter reads the header, in seconds or as a time.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	v := h.Get("Retry-After")
	if n, err := strconv.ParseInt(v, 10, 32); err == nil && n >= 0 {
		return min(max(time.Duration(n)*time.Second, time.Second), maxWait), true
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(t.Sub(now), time.Second), maxWait), true
	}
	return 0, false
}

var scopeName = regexp.MustCompile(`^[a-z][a-z0-9_.:-]{0,79}$`)

// scopesIn are the scopes of a list, by ",".
func scopesIn(text string) string {
	list := slices.DeleteFunc(commas(text), func(s string) bool { return !scopeName.MatchString(s) })
	return strings.Join(list[:min(len(list), 60)], ",")
}

// commas are the items of a list by ",", without spaces.
func commas(text string) (list []string) {
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

const (
	maxProblems = 10
	maxProblem  = 200 // characters
)

// problems are Slack's texts about what is wrong, each once and none too long.
func problems(lists ...words) (found []string) {
	for _, text := range slices.Concat(lists...) {
		line := strings.Map(func(r rune) rune {
			if unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) {
				return -1
			}
			return r
		}, text)
		if runes := []rune(line); len(runes) > maxProblem {
			line = string(runes[:maxProblem-1]) + "…"
		}
		if line != "" && !slices.Contains(found, line) && len(found) < maxProblems {
			found = append(found, line)
		}
	}
	return found
}

// limited is the *Error in err, where it is Limited and Slack said so now.
func limited(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == Limited {
		return e
	}
	return nil
}

// lost makes of err what is known of something that was to be written.
func lost(m method, err error) error {
	e, told := errors.AsType[*Error](err)
	switch {
	case err == nil:
		return nil
	case told:
		if e.Kind == Away && !e.unsent || e.Kind == Unreadable || e.Kind == AnswerTooLarge {
			return &Unanswered{Method: m.name, err: err}
		}
		e.again = e.Kind == Limited
		return err
	case coded(err):
		return err
	default:
		return &Unanswered{Method: m.name, err: err}
	}
}
