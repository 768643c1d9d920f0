package names_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

// keeper keeps for the person of ctx.
type keeper struct {
	mu      sync.Mutex
	content map[string][]byte
	dropped []string
}

type personKey struct{}

func as(person string) context.Context {
	return context.WithValue(context.Background(), personKey{}, person)
}

func person(ctx context.Context) string { p, _ := ctx.Value(personKey{}).(string); return p }

func (k *keeper) Get(ctx context.Context, account, part string) ([]byte, time.Time, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	content, ok := k.content[person(ctx)+"/"+account+"/"+part]
	return content, time.Time{}, ok
}

func (k *keeper) Put(ctx context.Context, account, part string, content []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.content == nil {
		k.content = map[string][]byte{}
	}
	k.content[person(ctx)+"/"+account+"/"+part] = content
}

func (k *keeper) Drop(ctx context.Context, account string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dropped = append(k.dropped, person(ctx)+"/"+account)
	k.content = nil
}

func account(context.Context) (string, error) { return "T1/U1", nil }

func TestOtherProcessesUseWhatIsKept(t *testing.T) {
	s, k := many(1000), &keeper{}
	s.bot = true
	var time clock
	process := func() *names.Names {
		return names.New(names.Config{API: s, Kept: k, Account: account, Person: person, Now: time.Now})
	}
	if _, err := process().Channel(as("caleb"), "#many-499"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, person, text string
		pages              int
	}{
		{"what one process has read another has", "caleb", "#many-450", 0},
		{"and it goes on from there", "caleb", "#many-600", 1},
		{"a third goes on from the second", "caleb", "#many-700", 1},
		{"another person reads for themselves", "sana", "#many-450", 5},
	} {
		s.set(func() {})
		if ch, err := process().Channel(as(c.person), c.text); err != nil || s.count("conversations.list") != c.pages {
			t.Errorf("%s: %v, %v with %d pages, want %d", c.name, ch, err, s.count("conversations.list"), c.pages)
		}
	}
	time.pass(names.Life)
	s.set(func() {})
	if _, err := process().Channel(as("caleb"), "#many-450"); err != nil || s.count("conversations.list") != 5 {
		t.Errorf("after an hour: %v with %d pages, want all of them read anew", err, s.count("conversations.list"))
	}
	for key := range k.content {
		k.content[key] = []byte("no list")
	}
	s.set(func() {})
	if _, err := process().Channel(as("caleb"), "#many-450"); err != nil {
		t.Errorf("where what is kept is broken: %v, want it read anew", err)
	}
}

func TestPersonsAndAccountsShareNothing(t *testing.T) {
	s := studio()
	who := "U1"
	n := names.New(names.Config{API: s, Person: person, Account: func(context.Context) (string, error) { return who, nil }})
	ask := func(ctx context.Context) {
		_, _ = n.Channel(ctx, "#general")
		_, _ = n.Channel(ctx, "C0TIDAL01")
		_, _ = n.User(ctx, "U0SANA001")
		_, _ = n.User(ctx, "@theo")
	}
	ask(as("caleb"))
	want := s.count("")
	for _, c := range []struct {
		name, person, account string
	}{{"another person", "sana", "U1"}, {"another account", "caleb", "U2"}} {
		s.set(func() {})
		who = c.account
		ask(as(c.person))
		if got := s.count(""); got != want {
			t.Errorf("%s: %d calls of Slack, want all %d once more", c.name, got, want)
		}
	}
	s.set(func() {})
	who = "U1"
	ask(as("caleb"))
	if got := s.count(""); got != 0 {
		t.Errorf("the same person and account: %q, want nothing asked", s.asked)
	}
	n.Note(as("caleb"), api.User{ID: "U0NEW0001", Handle: "new"})
	if got := n.People(as("sana"), []string{"U0NEW0001"}); len(got) != 0 {
		t.Errorf("what one person noted is shown to another: %v", got)
	}
}

func TestARefusedTokenForgetsWhatIsKept(t *testing.T) {
	s, k := studio(), &keeper{}
	n := names.New(names.Config{API: s, Kept: k, Account: account, Person: person})
	_, _ = n.Channel(as("caleb"), "#leadership")
	s.set(func() { s.fail = map[string]error{"users.info": &failure{code: "slack_token_refused"}} })
	_, _ = n.User(as("caleb"), "U0SANA001")
	if len(k.dropped) != 1 || k.dropped[0] != "caleb/T1/U1" {
		t.Errorf("dropped %q, want caleb's", k.dropped)
	}
	if _, _ = n.Channel(as("caleb"), "#leadership"); s.count("users.conversations") != 1 {
		t.Errorf("asked %q, want the list of this process read anew", s.asked)
	}
}

func TestManyAtOnceReadAListOnce(t *testing.T) {
	s := many(1000)
	s.bot = true
	n := of(s)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if ch, err := n.Channel(context.Background(), fmt.Sprintf("#many-%d", 999-i*7)); err != nil {
				t.Errorf("%v, %v", ch, err)
			}
		})
	}
	all.Wait()
	if got := s.count("conversations.list"); got != 11 {
		t.Errorf("%d pages for 50 callers, want each of the 11 once", got)
	}
}

func TestPeople(t *testing.T) {
	s := studio()
	n := of(s)
	got := n.People(context.Background(), []string{"U0SANA001", "U0THEO001", "U0SANA001", "U0NOBODY1", "no id", ""})
	if len(got) != 2 || got["U0SANA001"].Display != "Sana" || s.count("users.info") != 3 {
		t.Errorf("%v after %q; want two people, each asked for once", got, s.asked)
	}
	s.set(func() {})
	got = n.People(context.Background(), []string{"U0SANA001", "U0NOBODY1"})
	if len(got) != 1 || s.count("") != 0 {
		t.Errorf("again: %v after %q; want what is known, also that there is none", got, s.asked)
	}
	n.Note(context.Background(), api.User{ID: "U0CALEB01", Name: "Caleb"}, api.User{ID: "U0SANA001", Name: "no"}, api.User{})
	got = n.People(context.Background(), []string{"U0SANA001", "U0CALEB01"})
	if got["U0CALEB01"].Name != "Caleb" || got["U0SANA001"].Name != "Sana Patel" || s.count("") != 0 {
		t.Errorf("noted: %v after %q; want Caleb as noted, and Sana as asked for", got, s.asked)
	}
	if u, err := n.User(context.Background(), "U0CALEB01"); err != nil || u.Title != "Director" {
		t.Errorf("User of somebody noted: %v, %v; want all of the profile", u, err)
	}
	s.set(func() {})
	_, _ = n.User(context.Background(), "@theo") // reads the list
	if got := n.People(context.Background(), []string{"U0TWIN001"}); len(got) != 1 || s.count("users.info") != 0 {
		t.Errorf("somebody of the list: %v after %q; want them from there", got, s.asked)
	}
}

func TestPeopleAreAskedForWithinBounds(t *testing.T) {
	var many []string
	s := crowd(200)
	for _, u := range s.users {
		many = append(many, u.ID)
	}
	if got := of(s).People(context.Background(), many); len(got) != 50 || s.count("users.info") != 50 {
		t.Errorf("%d people after %d calls, want 50", len(got), s.count("users.info"))
	}
	for _, code := range []string{"slack_scope_missing", "slack_rate_limited", "slack_unavailable"} {
		s.set(func() { s.fail = map[string]error{"users.info": &failure{code: code}} })
		n := of(s)
		for range 3 {
			if got := n.People(context.Background(), many); len(got) != 0 || s.count("users.info") > 8 {
				t.Errorf("%s: %v after %d calls, want no more than 8 in all", code, got, s.count("users.info"))
			}
		}
	}
	synctest.Test(t, func(t *testing.T) {
		s := studio()
		s.hold = make(chan struct{})
		begin := time.Now()
		if got := of(s).People(context.Background(), []string{"U0SANA001"}); len(got) != 0 || time.Since(begin) != 2*time.Second {
			t.Errorf("without an answer: %v after %v, want nothing after two seconds", got, time.Since(begin))
		}
	})
}

func TestChannelNames(t *testing.T) {
	s := studio()
	n := of(s)
	want := map[string]string{"C0TIDAL01": "tidal", "C0SECRET1": "leadership"}
	ask := []string{"C0TIDAL01", "C0SECRET1", "C0NOWHERE", "D0SANA001", "U0SANA001"}
	if got := n.ChannelNames(context.Background(), ask); fmt.Sprint(got) != fmt.Sprint(want) || s.count("conversations.info") != 3 {
		t.Errorf("%v after %q; want %v", got, s.asked, want)
	}
	s.set(func() {})
	if got := n.ChannelNames(context.Background(), ask); fmt.Sprint(got) != fmt.Sprint(want) || s.count("") != 0 {
		t.Errorf("again: %v after %q; want %v from what is known", got, s.asked, want)
	}
}
