package api

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	awayWait  = 5 * time.Second  // after a failure that says no time
	limitWait = 60 * time.Second // after a 429 that says none
	maxError  = 4 << 10          // read of the body of an error, bytes
	maxLink   = 500              // of an upgrade link
)

// refused words an answer that is no success.
// Source: https://developers.figma.com/docs/rest-api/errors
func refused(a ask, resp *http.Response) *Error {
	if resp.StatusCode == http.StatusTooManyRequests {
		return overLimit(a, resp.Header)
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxError)) // a part will do
	e := worded(a, resp.StatusCode, message(text))
	if e.Kind == Away {
		if wait, ok := retryAfter(resp.Header, time.Now()); ok {
			e.Wait = wait
		}
	}
	return e
}

// message is the text in any of the shapes that Figma's errors have.
func message(body []byte) string {
	var shape struct {
		Err     string `json:"err"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &shape) != nil {
		return string(body)
	}
	return shape.Err + " " + shape.Message
}

// worded is the error of a status and of what Figma says with it.
func worded(a ask, status int, text string) *Error {
	text = strings.ToLower(text)
	e := &Error{Kind: BadRequest, Status: status, about: a.about()}
	switch {
	case status == http.StatusNotFound:
		e.Kind = NotFound
	case status == http.StatusUnauthorized, status == http.StatusForbidden && badToken(text):
		e.Kind = TokenRefused
	case status == http.StatusForbidden && strings.Contains(text, "scope"):
		e.Kind, e.Needed = ScopeMissing, scopesIn(text)
	case status == http.StatusForbidden:
		e.Kind = Forbidden
	case status == http.StatusRequestEntityTooLarge, status == http.StatusBadRequest && tooLarge(text):
		e.Kind = RequestTooLarge
	case status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		e.Kind, e.Wait, e.again = Away, awayWait, true
	}
	return e
}

func badToken(text string) bool {
	return strings.Contains(text, "invalid token") || strings.Contains(text, "token expired") || strings.Contains(text, "token has expired")
}

// tooLarge tells "Request too large. If applicable, filter by query params." and
// "Render timeout, try requesting fewer or smaller images" from other refusals.
func tooLarge(text string) bool {
	return strings.Contains(text, "too large") || strings.Contains(text, "timeout") || strings.Contains(text, "timed out")
}

var scopeName = regexp.MustCompile(`\b[a-z_]{1,40}:[a-z_]{1,40}\b`)

// scopesIn are the scopes that a refusal asks for, not those that it says are there.
func scopesIn(text string) string {
	_, wanted, _ := strings.Cut(text, "requires")
	found := scopeName.FindAllString(wanted, 4)
	return strings.Join(found, ", ")
}

var word = regexp.MustCompile(`^[a-z][a-z_-]{0,29}$`)

// ofFigma are the hosts of Figma's own pages.
var ofFigma = regexp.MustCompile(`^([a-z0-9-]+\.)*(figma|figma-gov)\.com$`)

// maxWait bounds how long Figma can have an account wait.
const maxWait = 31 * 24 * time.Hour

// overLimit words a 429.
// Source: https://developers.figma.com/docs/rest-api/rate-limits
func overLimit(a ask, h http.Header) *Error {
	e := &Error{Kind: Limited, Status: http.StatusTooManyRequests, Tier: a.tier, Wait: limitWait, about: a.about(), again: true}
	if wait, ok := retryAfter(h, time.Now()); ok {
		e.Wait = wait
	}
	for name, to := range map[string]*string{"X-Figma-Plan-Tier": &e.PlanTier, "X-Figma-Rate-Limit-Type": &e.LimitType} {
		if v := strings.ToLower(h.Get(name)); word.MatchString(v) {
			*to = v
		}
	}
	if link := h.Get("X-Figma-Upgrade-Link"); len(link) <= maxLink {
		if u, err := url.Parse(link); err == nil && u.Scheme == "https" && u.User == nil && ofFigma.MatchString(u.Host) {
			e.UpgradeLink = u.String()
		}
	}
	return e
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

// limited is the *Error in err, where it is Limited and Figma said so now.
func limited(err error) *Error {
	var e *Error
	if errors.As(err, &e) && e.Kind == Limited {
		return e
	}
	return nil
}

// dialed reports whether err came before there was a connection.
func dialed(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// lost makes of err what is known of something that was to be written.
func lost(err error) error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		if e.Kind == Away && !e.unsent || e.Kind == Unreadable || e.Kind == AnswerTooLarge {
			return &Unanswered{err}
		}
		e.again = e.Kind == Limited
		return err
	case coded(err):
		return err
	default:
		return &Unanswered{err}
	}
}

// unreadable says that an answer is not what it should be.
func unreadable(err error) error { return &Error{Kind: Unreadable, err: err} }
