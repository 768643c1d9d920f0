package figma

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxAnswer bounds what is read of one answer, bytes.
const maxAnswer = 64 << 20

// api calls Figma's REST API.
// Source: https://developers.figma.com/docs/rest-api/
type api struct {
	base   string
	client func(context.Context) *http.Client
}

// get decodes the answer of path into out, which must be small whatever the
// answer holds.
// Errors: *apiError, those of the client as they are.
func (a api) get(ctx context.Context, path string, query url.Values, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+path+"?"+query.Encode(), nil)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := a.client(ctx).Do(req)
	if err != nil {
		return a.unsent(ctx, err)
	}
	defer resp.Body.Close()
	body := io.LimitReader(resp.Body, maxAnswer)
	if resp.StatusCode != http.StatusOK {
		return refused(resp)
	}
	if err := json.NewDecoder(body).Decode(out); err != nil {
		return &apiError{code: "figma_unreadable", message: "Figma's answer is too large or cannot be read", hint: "Ask for less depth, or for one node.", err: err}
	}
	return nil
}

// unsent keeps what a person can act on and hides the rest, which holds a URL.
func (a api) unsent(ctx context.Context, err error) error {
	var told interface{ Code() string }
	if errors.As(err, &told) || ctx.Err() != nil {
		return err
	}
	return &apiError{
		code: "figma_unavailable", message: "Figma cannot be reached", hint: "Try again after retry_after_seconds.",
		wait: 5 * time.Second, err: err,
	}
}

// refused words an answer that is no success.
func refused(resp *http.Response) *apiError {
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return &apiError{code: "unknown_file", message: "Figma has no such file, or this account may not see it", hint: "Check the link, or ask its owner to share the file with this account."}
	case resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusUnauthorized:
		return &apiError{code: "figma_forbidden", message: "Figma does not let this account read the file", hint: "Ask the file's owner for access, or call connect_account with reconnect to use another account."}
	case resp.StatusCode == http.StatusTooManyRequests:
		return &apiError{code: "figma_rate_limited", message: "Figma's rate limit is reached", hint: "Wait retry_after_seconds before the next call.", wait: retryAfter(resp)}
	case resp.StatusCode >= http.StatusInternalServerError:
		return &apiError{code: "figma_unavailable", message: "Figma failed", hint: "Try again after retry_after_seconds, with less depth.", wait: 5 * time.Second}
	default:
		return &apiError{code: "figma_refused", message: "Figma refused the request with status " + strconv.Itoa(resp.StatusCode), hint: "Check the arguments, and ask for less at once."}
	}
}

func retryAfter(resp *http.Response) time.Duration {
	if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	return time.Minute
}

// apiError is what Figma said, in terms of the caller's arguments.
type apiError struct {
	code, message, hint string
	wait                time.Duration
	err                 error
}

// Error says what is wrong.
func (e *apiError) Error() string { return e.message }

// Unwrap returns the cause.
func (e *apiError) Unwrap() error { return e.err }

// Code is the stable name of the failure.
func (e *apiError) Code() string { return e.code }

// Hint says what to do.
func (e *apiError) Hint() string { return e.hint }

// RetryAfter is when the same may succeed; zero: never.
func (e *apiError) RetryAfter() time.Duration { return e.wait }
