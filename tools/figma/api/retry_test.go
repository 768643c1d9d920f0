package api_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

var (
	errReset  = errors.New("connection reset by peer")
	errDialed = &net.OpError{Op: "dial", Err: errors.New("connection refused")}
)

func limitOf(seconds string) reply {
	return reply{status: 429, head: map[string]string{"Retry-After": seconds}}
}

func TestReadsAreRepeatedWhereThatHelps(t *testing.T) {
	good, failed, cut := reply{body: `{"id":"1"}`}, reply{status: 500}, reply{body: `{"id":`, cut: true}
	for _, c := range []struct {
		name    string
		replies []reply
		asked   int
		want    string
		atMost  time.Duration // what it waits
	}{
		{"a good answer is asked for once", []reply{good}, 1, "", 0},
		{"a failure is asked about again", []reply{failed, good}, 2, "", time.Second},
		{"two failures are", []reply{failed, reply{status: 502}, good}, 3, "", 2 * time.Second},
		{"three failures are enough", []reply{failed}, 3, "figma_unavailable", 2 * time.Second},
		{"a connection that breaks", []reply{{err: errReset}, good}, 2, "", time.Second},
		{"a connection that cannot be made", []reply{{err: errDialed}}, 3, "figma_unavailable", 2 * time.Second},
		{"an answer that is cut", []reply{cut, good}, 2, "", time.Second},
		{"an answer that is always cut", []reply{cut}, 3, "figma_unavailable", 2 * time.Second},
		{"a limit of a second is waited for", []reply{limitOf("1"), good}, 2, "", time.Second},
		{"a limit of three is", []reply{limitOf("3"), good}, 2, "", 3 * time.Second},
		{"a limit of four is not", []reply{limitOf("4"), good}, 1, "figma_rate_limited", 0},
		{"two limits that are three seconds together", []reply{limitOf("1"), limitOf("2"), good}, 3, "", 3 * time.Second},
		{"two limits that are more", []reply{limitOf("2"), limitOf("2"), good}, 2, "figma_rate_limited", 2 * time.Second},
		{"a limit of a second each time is enough after three", []reply{limitOf("1")}, 3, "figma_rate_limited", 2 * time.Second},
		{"a failure that says for how long", []reply{{status: 503, head: map[string]string{"Retry-After": "30"}}}, 1, "figma_unavailable", 0},
		{"a refusal is final", []reply{{status: 403}, good}, 1, "figma_forbidden", 0},
		{"what cannot be read is", []reply{{body: `<html>`}, good}, 1, "figma_unreadable", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, start := &fake{replies: c.replies}, time.Now()
				_, err := over(f).Me(t.Context())
				if got := toldOf(t, err).code; got != c.want || len(f.seen) != c.asked {
					t.Errorf("got %q after %d requests, want %q after %d", got, len(f.seen), c.want, c.asked)
				}
				if waited := time.Since(start); waited > c.atMost {
					t.Errorf("it waited %v, want at most %v", waited, c.atMost)
				}
			})
		})
	}
}

func TestWritesAreSentOnce(t *testing.T) {
	good := reply{body: `{"id":"1"}`}
	for _, c := range []struct {
		name    string
		replies []reply
		asked   int
		want    string
	}{
		{"a good answer", []reply{good}, 1, ""},
		{"a failure may have posted it", []reply{{status: 500}, good}, 1, "figma_outcome_unknown"},
		{"a connection that breaks may have too", []reply{{err: errReset}, good}, 1, "figma_outcome_unknown"},
		{"an answer that is cut", []reply{{body: `{"id":`, cut: true}, good}, 1, "figma_outcome_unknown"},
		{"an answer that cannot be read", []reply{{body: `<html>`}, good}, 1, "figma_outcome_unknown"},
		{"an answer that is too large", []reply{{body: `{"id":"` + strings.Repeat("1", 9<<20)}, good}, 1, "figma_outcome_unknown"},
		{"a call that is over", []reply{{err: context.Canceled}, good}, 1, "figma_outcome_unknown"},
		{"a connection that cannot be made has not", []reply{{err: errDialed}, good}, 1, "figma_unavailable"},
		{"a limit has not, and is waited for", []reply{limitOf("2"), good}, 2, ""},
		{"a long limit is not waited for", []reply{limitOf("20"), good}, 1, "figma_rate_limited"},
		{"a refusal has not", []reply{{status: 400}, good}, 1, "figma_refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{replies: c.replies}
				_, err := over(f).PostComment(t.Context(), "AbCdEf0123456789", api.NewComment{Message: "Hi"})
				if got := toldOf(t, err).code; got != c.want || len(f.seen) != c.asked {
					t.Errorf("got %q after %d requests, want %q after %d", got, len(f.seen), c.want, c.asked)
				}
				if got := toldOf(t, err); got.code == "figma_outcome_unknown" && (got.wait != 0 || len(got.details) != 0) {
					t.Errorf("got %+v, want nothing about trying again", got)
				}
				if !slices.Contains(f.bodies, `{"message":"Hi"}`) || f.bodies[0] != f.bodies[len(f.bodies)-1] {
					t.Errorf("got bodies %q", f.bodies)
				}
			})
		})
	}
}

func TestNothingWaitsPastTheCallersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		f, start := &fake{replies: []reply{limitOf("2")}}, time.Now()
		_, err := over(f).Me(ctx)
		if got := toldOf(t, err).code; got != "figma_rate_limited" || time.Since(start) != 0 {
			t.Errorf("got %q after %v, want the limit at once", got, time.Since(start))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		f, start := &fake{replies: []reply{{status: 500}}}, time.Now()
		_, err := over(f).Me(ctx)
		if got := toldOf(t, err).code; got != "figma_unavailable" || time.Since(start) != 100*time.Millisecond || len(f.seen) != 1 {
			t.Errorf("got %q after %v and %d requests, want an end with the call", got, time.Since(start), len(f.seen))
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := over(&fake{replies: []reply{{err: context.Canceled}}}).Me(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the call is over", err)
	}
}

func TestReadBeginsAnewWithEachAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		c := over(&fake{replies: []reply{{body: `{"name":"Si`, cut: true}, {body: `{"name":"Site"}`}}})
		err := c.File(t.Context(), "AbCdEf0123456789", api.FileQuery{}, func(r io.Reader) error {
			text, err := io.ReadAll(r)
			got = append(got, string(text))
			return err
		})
		if want := []string{`{"name":"Si`, `{"name":"Site"}`}; err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	})
}
