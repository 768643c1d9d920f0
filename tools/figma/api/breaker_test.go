package api_test

import (
	"fmt"
	"maps"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

// planned is the refusal of a plan.
func planned(seconds, plan string) reply {
	r := limitOf(seconds)
	if plan != "" {
		r.head["X-Figma-Plan-Tier"] = plan
		r.head["X-Figma-Upgrade-Link"] = "https://www.figma.com/pricing"
	}
	return r
}

// step is one call of TestLimitsAreKept.
type step struct {
	account string
	call    string // of methods
	key     string
	after   time.Duration // before the call
	says    reply         // where Figma is asked
	asked   bool          // Figma must be
	want    string        // code
	wait    int
}

func TestLimitsAreKept(t *testing.T) {
	good := reply{body: `{"meta":{"components":[]}}`}
	starter, pro := planned("60", "starter"), planned("100", "pro")
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"the same file of the same account is not asked for until then", []step{
			{"a", "getFile", "K1", 0, starter, true, "figma_rate_limited", 60},
			{"a", "getFile", "K1", 20 * time.Second, good, false, "figma_rate_limited", 40},
			{"a", "getFileNodes", "K1", 39 * time.Second, good, false, "figma_rate_limited", 1},
			{"a", "getFile", "K1", time.Second, good, true, "", 0},
			{"a", "getFile", "K1", 0, good, true, "", 0},
		}},
		{"another account is asked", []step{
			{"a", "getFile", "K1", 0, starter, true, "figma_rate_limited", 60},
			{"b", "getFile", "K1", 0, good, true, "", 0},
		}},
		{"another tier is asked", []step{
			{"a", "getFile", "K1", 0, starter, true, "figma_rate_limited", 60},
			{"a", "getComments", "K1", 0, good, true, "", 0},
			{"a", "getFileMeta", "K1", 0, good, true, "", 0},
			{"a", "getImages", "K1", 0, good, false, "figma_rate_limited", 60},
		}},
		{"a file whose plan is not known is asked", []step{
			{"a", "getFile", "K1", 0, starter, true, "figma_rate_limited", 60},
			{"a", "getFile", "K2", 0, good, true, "", 0},
		}},
		{"files of one plan share their limit, once the plan is known", []step{
			{"a", "getFile", "K1", 0, starter, true, "figma_rate_limited", 60},
			{"a", "getFile", "K2", 0, planned("30", "starter"), true, "figma_rate_limited", 30},
			{"a", "getFile", "K3", 0, pro, true, "figma_rate_limited", 100},
			{"a", "getFile", "K1", 61 * time.Second, starter, true, "figma_rate_limited", 60},
			{"a", "getFile", "K2", 0, good, false, "figma_rate_limited", 60},
			{"a", "getFile", "K3", 0, good, false, "figma_rate_limited", 39},
			{"b", "getFile", "K2", 0, good, true, "", 0},
			{"a", "getFile", "K3", 39 * time.Second, good, true, "", 0},
		}},
		{"a limit without a plan is that of the file alone", []step{
			{"a", "getFile", "K1", 0, planned("60", ""), true, "figma_rate_limited", 60},
			{"a", "getFile", "K2", 0, good, true, "", 0},
			{"a", "getFile", "K1", 0, good, false, "figma_rate_limited", 60},
		}},
		{"a team's limit is no file's, nor another team's", []step{
			{"a", "getTeamComponents", "1", 0, planned("60", ""), true, "figma_rate_limited", 60},
			{"a", "getTeamComponentSets", "1", 0, good, false, "figma_rate_limited", 60},
			{"a", "getTeamComponents", "2", 0, good, true, "", 0},
			{"a", "getMe", "", 0, good, true, "", 0},
			{"a", "getFileMeta", "1", 0, good, true, "", 0},
		}},
		{"a limit that was waited for is over", []step{
			{"a", "getFile", "K1", 0, starter, true, "figma_rate_limited", 60},
			{"a", "getComments", "K1", 0, planned("1", "starter"), true, "figma_rate_limited", 1},
			{"a", "getComments", "K1", time.Second, good, true, "", 0},
		}},
		{"a failure is no limit", []step{
			{"a", "getFile", "K1", 0, reply{status: 403}, true, "figma_forbidden", 0},
			{"a", "getFile", "K1", 0, good, true, "", 0},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{}
				client := over(f)
				for i, s := range c.steps {
					time.Sleep(s.after) // of the bubble
					f.replies, f.seen = []reply{s.says}, nil
					err := methods(as(t.Context(), s.account), client)[s.call](s.key)
					got := toldOf(t, err)
					if (len(f.seen) > 0) != s.asked || got.code != s.want || got.wait != s.wait {
						t.Errorf("step %d, %s of %s: got %+v after %d requests, want %s, %d s, asked %v", i+1, s.call, s.key, got, len(f.seen), s.want, s.wait, s.asked)
					}
				}
			})
		})
	}
}

func TestWhatIsKeptSaysTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{replies: []reply{planned("396749", "starter")}}
		c := over(f)
		_, first := c.Images(t.Context(), "K1", api.Render{IDs: []string{"1:2"}, Format: "png"})
		_, again := c.Images(t.Context(), "K1", api.Render{IDs: []string{"1:2"}, Format: "png"})
		a, b := toldOf(t, first), toldOf(t, again)
		if len(f.seen) != 1 || a.code != b.code || a.wait != b.wait || !maps.Equal(a.details, b.details) || first.Error() != again.Error() {
			t.Errorf("got %+v, then %+v after %d requests, want the same after one", a, b, len(f.seen))
		}
	})
}

func TestLimitsAreForManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{replies: []reply{planned("600", "pro")}}
		c := over(f)
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				ctx := as(t.Context(), strconv.Itoa(i%3))
				if _, err := c.Comments(ctx, "K"+strconv.Itoa(i%50)); err == nil {
					t.Errorf("call %d: got no limit", i)
				}
			})
		}
		all.Wait()
	})
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{replies: []reply{planned("86400", "pro")}}
		c := over(f)
		for i := range 12_000 {
			if _, err := c.Me(as(t.Context(), fmt.Sprint("account ", i))); err == nil {
				t.Fatalf("call %d: got no limit", i)
			}
		}
		if plans, limits := api.Kept(c); plans > 10_000 || limits > 4_096+64 || limits == 0 {
			t.Errorf("got %d plans and %d limits, want at most 10,000 and 4,096", plans, limits)
		}
	})
}
