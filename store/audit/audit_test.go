package audit_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/audit"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// migrated returns the URL of a database of this test with fluxmcp's tables.
func migrated(t testing.TB) string {
	t.Helper()
	return storetest.Template(t, "audit", func(url string) error {
		_, err := store.Migrate(context.Background(), url, store.MigrateLatest)
		return err
	})
}

func openDB(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(store.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// newLog returns a Log on url that the test need not close, and a channel that
// tells whenever nothing waits any more.
func newLog(t testing.TB, url string, o audit.Options) (*audit.Log, <-chan struct{}) {
	t.Helper()
	empty := make(chan struct{}, 1)
	o.OnDepth = func(n int) {
		if n == 0 {
			select {
			case empty <- struct{}{}:
			default:
			}
		}
	}
	l := audit.New(openDB(t, url).Own(), o)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // tests that need what is queued close it themselves
		_ = l.Close(ctx)
	})
	return l, empty
}

// finish closes l and gives it a minute.
func finish(t testing.TB, l *audit.Log) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return l.Close(ctx)
}

func await(t testing.TB, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatalf("%s: not within a minute", what)
	}
}

// texts runs sql, whose rows are one text each.
func texts(t testing.TB, url, sql string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, _ := conn.Query(t.Context(), sql) // CollectRows returns the error
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

func as(t testing.TB, address, user string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(user, "secret")
	return u.String()
}

func full(n int) audit.Row {
	return audit.Row{
		At: time.Date(2026, 11, 24, 10, 0, 0, 123456000, time.UTC).Add(time.Duration(n) * time.Second), Issuer: "https://id.example", Subject: "auth0|7",
		Tool: "query", Effect: "read", Objects: []string{"table:public.orders", `odd "{name},\`}, Outcome: "ok", Duration: 1500 * time.Microsecond,
		Digest: strings.Repeat("ab", 32), Ref: "K3QW7A2B", RequestID: "req-1", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", Address: "2001:db8::1",
	}
}

func same(a, b audit.Row) bool {
	objects := slices.Equal(a.Objects, b.Objects)
	at := a.At.Equal(b.At)
	a.Objects, b.Objects, a.At, b.At = nil, nil, time.Time{}, time.Time{}
	return objects && at && fmt.Sprint(a) == fmt.Sprint(b)
}

func TestWhatIsStoredComesBack(t *testing.T) {
	url := migrated(t)
	l, empty := newLog(t, url, audit.Options{})
	started, ok, bare := full(0), full(1), audit.Row{At: full(2).At, Outcome: "ok"}
	started.Outcome, started.Duration, started.Effect = audit.OutcomeStarted, 0, "write"
	if err := l.Before(t.Context(), started); err != nil {
		t.Fatal(err)
	}
	l.After(ok)
	l.After(bare)
	await(t, "the queue is stored", empty)
	got, err := l.List(t.Context(), audit.Filter{})
	if err != nil || len(got) != 3 {
		t.Fatalf("list: %v, %v; want three rows", got, err)
	}
	for i, want := range []audit.Row{bare, ok, started} {
		want.ID = got[i].ID
		if want.ID == 0 || !same(got[i], want) {
			t.Errorf("row %d: got %+v\nwant %+v", i, got[i], want)
		}
	}
	nulls := texts(t, url, "SELECT (duration_ms IS NULL)::text || ' ' || num_nulls(issuer, subject, tool, effect, ref, address) FROM fluxmcp.audit_log ORDER BY id")
	if want := []string{"true 0", "false 0", "false 6"}; !slices.Equal(nulls, want) {
		t.Errorf("no duration, and how many columns are null: got %q, want %q", nulls, want)
	}
}

func TestListFilters(t *testing.T) {
	l, empty := newLog(t, migrated(t), audit.Options{})
	for i, who := range []string{"a|x", "a|y", "b|x", "a|x|y", "|x", "local|"} {
		issuer, subject, _ := strings.Cut(who, "|")
		r := full(i)
		r.Issuer, r.Subject, r.Tool, r.Outcome = issuer, subject, fmt.Sprint("tool", i), []string{"ok", "timeout"}[i%2]
		l.After(r)
	}
	await(t, "the queue is stored", empty)
	for _, c := range []struct {
		name string
		f    audit.Filter
		want string
	}{
		{"everything, the newest first", audit.Filter{}, "tool5 tool4 tool3 tool2 tool1 tool0"},
		{"since is inclusive, until is not", audit.Filter{Since: full(1).At, Until: full(3).At}, "tool2 tool1"},
		{"a subject of any issuer", audit.Filter{Principal: "x"}, "tool4 tool2 tool0"},
		{"a subject of one issuer", audit.Filter{Principal: "a|x"}, "tool0"},
		{"a subject with the separator in it", audit.Filter{Principal: "x|y"}, "tool3"},
		{"an issuer and a subject with the separator in it", audit.Filter{Principal: "a|x|y"}, "tool3"},
		{"a subject without an issuer", audit.Filter{Principal: "|x"}, "tool4"},
		{"an issuer without a subject", audit.Filter{Principal: "local|"}, "tool5"},
		{"somebody who is not there", audit.Filter{Principal: "c|x"}, ""},
		{"a tool", audit.Filter{Tool: "tool1"}, "tool1"},
		{"an outcome", audit.Filter{Outcome: "timeout"}, "tool5 tool3 tool1"},
		{"at most so many", audit.Filter{Limit: 2}, "tool5 tool4"},
		{"all of it at once", audit.Filter{Since: full(0).At, Until: full(4).At, Principal: "x", Outcome: "ok", Limit: 9}, "tool2 tool0"},
		{"a text that cannot be stored", audit.Filter{Tool: "a\x00\xff"}, ""},
	} {
		if got := tools(t, l, c.f); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func tools(t *testing.T, l *audit.Log, f audit.Filter) string {
	t.Helper()
	rows, err := l.List(t.Context(), f)
	if err != nil {
		t.Fatalf("list %+v: %v", f, err)
	}
	var names []string
	for _, r := range rows {
		names = append(names, r.Tool)
	}
	return strings.Join(names, " ")
}

func TestPagesJoinWithoutGapOrRepeat(t *testing.T) {
	url := migrated(t)
	l, empty := newLog(t, url, audit.Options{})
	const n = 25
	for i := range n {
		r := full(i / 5) // five share a moment
		r.Tool = fmt.Sprint(i)
		l.After(r)
	}
	late := full(-60) // came late, as after an outage
	late.Tool = "late"
	l.After(late)
	await(t, "the queue is stored", empty)
	var got []string
	f := audit.Filter{Limit: 4}
	for {
		page, err := l.List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			got = append(got, r.Tool)
		}
		f.Before = page[len(page)-1].ID
	}
	want := []string{"late"}
	for i := range n {
		want = append(want, fmt.Sprint(i))
	}
	slices.Reverse(want)
	if !slices.Equal(got, want) {
		t.Errorf("pages: got %v, want %v", got, want)
	}
	if got := tools(t, l, audit.Filter{Before: 1 << 40, Limit: 1}); got != "late" {
		t.Errorf("before an id that does not exist yet: got %q, want the row stored last, late", got)
	}
}

func TestTenThousandRowsArriveCompleteAndInOrder(t *testing.T) {
	url := migrated(t)
	l, _ := newLog(t, url, audit.Options{OnDrop: func(n int) { t.Errorf("%d rows dropped", n) }})
	send(l, audit.QueueRows, 4)
	if err := finish(t, l); err != nil {
		t.Fatal(err)
	}
	inOrder(t, url, audit.QueueRows, 4)
}

// send queues n rows of so many people in turn, numbered in request_id.
func send(l *audit.Log, n, people int) {
	for i := range n {
		r := full(0)
		r.Subject, r.RequestID = fmt.Sprint("person", i%people), fmt.Sprint(i)
		l.After(r)
	}
}

// inOrder checks that what send sent is there once, and for each person in order.
func inOrder(t *testing.T, url string, n, people int) {
	t.Helper()
	const disorder = `SELECT count(*)::text || ' rows, ' || count(DISTINCT request_id) || ' different, ' || count(DISTINCT subject) || ' people, ' ||
		count(*) FILTER (WHERE behind) || ' out of order'
		FROM (SELECT *, request_id::int < lag(request_id::int) OVER (PARTITION BY subject ORDER BY id) AS behind FROM fluxmcp.audit_log WHERE outcome = 'ok') x`
	want := fmt.Sprintf("%d rows, %d different, %d people, 0 out of order", n, n, people)
	if got := texts(t, url, disorder)[0]; got != want {
		t.Errorf("stored: %s; want %s", got, want)
	}
}
