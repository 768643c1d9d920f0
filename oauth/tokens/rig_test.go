package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
)

// key is the main token of a person's account.
func key(name, provider string) tokens.Key {
	return tokens.Key{Person: oauth.Person{Issuer: "https://id.example", Subject: name, Email: name + "@example.com"}, Provider: provider}
}

var ada = key("ada", "figma")

// memory is a Store within the process, held to what the contract says.
type memory struct {
	mu      sync.Mutex
	rows    map[string]*row // by subject and provider
	latency time.Duration   // of Load
	loads   int
	used    [][]string
	down    error // of all methods
	full    error // of storing a renewed token
}

type row struct {
	tokens.Stored
	key    tokens.Key
	status string        // empty: active; else the reason to connect again
	gone   bool          // disconnected
	lock   chan struct{} // holds one: free
}

func newMemory() *memory { return &memory{rows: map[string]*row{}} }

func named(k tokens.Key) string { return k.Person.Subject + " " + k.Provider }

// put connects an account; the token's texts are made of name and "1".
func (m *memory) put(k tokens.Key, life time.Duration) *row {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := &row{key: k, lock: make(chan struct{}, 1), Stored: tokens.Stored{
		ID: "row of " + named(k), AccountID: "account of " + named(k), Version: 1,
		Token: oauth.Token{Kind: oauth.KindUser, Access: oauth.NewSecret("access-1"), Refresh: oauth.NewSecret("refresh-1 of " + named(k))},
	}}
	if life != 0 {
		r.Token.Expires = time.Now().Add(life)
	}
	r.lock <- struct{}{}
	m.rows[named(k)] = r
	return r
}

// fails lets all methods fail with err, or none.
func (m *memory) fails(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = err
}

// noted are the accounts whose use was noted, call by call.
func (m *memory) noted() [][]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.used)
}

// change lets f write to a row.
func (m *memory) change(k tokens.Key, f func(*row)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m.rows[named(k)])
}

func (m *memory) Load(ctx context.Context, k tokens.Key) (tokens.Stored, error) {
	m.mu.Lock()
	m.loads++
	m.mu.Unlock()
	time.Sleep(m.latency)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := errors.Join(m.down, ctx.Err()); err != nil {
		return tokens.Stored{}, err
	}
	r, ok := m.rows[named(k)]
	if !ok {
		return tokens.Stored{}, &oauth.NotConnected{Provider: k.Provider}
	}
	return r.found()
}

// found is what a row says; m.mu is held.
func (r *row) found() (tokens.Stored, error) {
	switch {
	case r.gone:
		return tokens.Stored{}, &oauth.NotConnected{} // as of a row that was deleted
	case r.status != "":
		return tokens.Stored{}, &oauth.NeedsReconnect{Provider: r.key.Provider, Reason: r.status}
	}
	return r.Stored, nil
}

func (m *memory) byID(id string) *row {
	for _, r := range m.rows {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (m *memory) Renew(ctx context.Context, id string, due func(tokens.Stored) bool,
	renew func(context.Context, tokens.Stored) (oauth.Token, error)) (tokens.Stored, bool, error) {
	m.mu.Lock()
	r := m.byID(id)
	m.mu.Unlock()
	select {
	case <-r.lock:
		defer func() { r.lock <- struct{}{} }()
	case <-ctx.Done():
		return tokens.Stored{}, false, ctx.Err()
	}
	s, err := m.begin(ctx, r)
	if err != nil || !due(s) {
		return s, false, err
	}
	t, err := renew(ctx, s)
	var told *oauth.Error
	if err != nil {
		if s.Attempted.IsZero() && errors.As(err, &told) && told.Kind != oauth.Away && told.Kind != oauth.Malformed {
			m.change(r.key, func(r *row) { r.Attempted = time.Time{} })
		}
		return tokens.Stored{}, false, err
	}
	return m.store(r, t)
}

// begin reads a row and notes the attempt.
func (m *memory) begin(ctx context.Context, r *row) (tokens.Stored, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := errors.Join(m.down, ctx.Err()); err != nil {
		return tokens.Stored{}, err
	}
	s, err := r.found()
	if err == nil && r.Attempted.IsZero() {
		r.Attempted = time.Now()
	}
	return s, err
}

func (m *memory) store(r *row, t oauth.Token) (tokens.Stored, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := tokens.Stored{ID: r.ID, AccountID: r.AccountID, Version: r.Version + 1, Token: t}
	next.Token.Kind = r.Token.Kind
	if m.full != nil {
		return next, false, m.full
	}
	r.Stored = next
	_, err := r.found()
	return next, true, err
}

func (m *memory) Expire(ctx context.Context, id string, version int64, reason string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := errors.Join(m.down, ctx.Err()); err != nil {
		return err
	}
	if r := m.byID(id); r.Version == version && r.status == "" {
		r.status = reason
	}
	return nil
}

func (m *memory) Used(_ context.Context, accounts []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used = append(m.used, accounts)
	return m.down
}

func (m *memory) Due(_ context.Context, before time.Time, limit int) ([]tokens.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var due []*row
	for _, r := range m.rows {
		if r.status == "" && !r.gone && !r.Token.Refresh.IsZero() && !r.Token.Expires.IsZero() && r.Token.Expires.Before(before) {
			due = append(due, r)
		}
	}
	slices.SortFunc(due, func(a, b *row) int { return a.Token.Expires.Compare(b.Token.Expires) })
	var keys []tokens.Key
	for _, r := range due[:min(limit, len(due))] {
		keys = append(keys, r.key)
	}
	return keys, m.down
}

// provider gives tokens that are numbered; each refresh token is good once.
type provider struct {
	mu       sync.Mutex
	latency  time.Duration
	life     time.Duration // of its tokens; zero: an hour
	answers  []error       // of the first requests; nil: a token
	always   error         // of those after
	requests []time.Time
	spent    map[string]bool
	given    int
	empty    bool // its tokens are empty
	busy     int  // requests at this moment
	most     int  // the highest that was
}

func (p *provider) Refresh(ctx context.Context, t oauth.Token) (oauth.Token, error) {
	p.begin()
	defer p.end()
	select {
	case <-time.After(p.latency):
	case <-ctx.Done():
		return oauth.Token{}, &oauth.Error{Kind: oauth.Away, Provider: "figma"}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.fails(); err != nil {
		return oauth.Token{}, err
	}
	if p.spent[t.Refresh.Reveal()] {
		return oauth.Token{}, refused
	}
	p.spent[t.Refresh.Reveal()] = true
	if p.empty {
		return oauth.Token{}, nil
	}
	p.given++
	n := p.given + 1
	return oauth.Token{Access: oauth.NewSecret(fmt.Sprint("access-", n)), Refresh: oauth.NewSecret(fmt.Sprint("refresh-", n, t.Refresh.Reveal())),
		Expires: time.Now().Add(p.life)}, nil
}

func (p *provider) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.spent == nil {
		p.spent = map[string]bool{}
	}
	if p.life == 0 {
		p.life = time.Hour
	}
	p.requests = append(p.requests, time.Now())
	p.busy++
	p.most = max(p.most, p.busy)
}

func (p *provider) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
}

func (p *provider) fails() error {
	err := p.always
	if len(p.answers) > 0 {
		err, p.answers = p.answers[0], p.answers[1:]
	}
	if err == errPanic {
		panic("a provider's client with a mistake")
	}
	return err
}

func (p *provider) asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.requests)
}

// peak is the highest number of requests at one moment.
func (p *provider) peak() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.most
}

// Answers of providers.
var (
	refused   = &oauth.Error{Kind: oauth.RefusedGrant, Provider: "figma", Reason: "invalid_grant"}
	badClient = &oauth.Error{Kind: oauth.BadClient, Provider: "figma", Reason: "invalid_client"}
	broken    = &oauth.Error{Kind: oauth.Away, Provider: "figma", Reason: "http_503"}
	silence   = &oauth.Error{Kind: oauth.Away, Provider: "figma"}
	nonsense  = &oauth.Error{Kind: oauth.Malformed, Provider: "figma", Reason: "no_access_token"}
	errPanic  = errors.New("panic")
	errDown   = errors.New("the database is away")
)

func limited(wait time.Duration) error {
	return &oauth.Error{Kind: oauth.Limited, Provider: "figma", Reason: "http_429", Wait: wait}
}

// events counts what a Source tells.
type events struct {
	mu            sync.Mutex
	results       []string
	waited, saved int
}

func (e *events) Refreshed(_, result string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.results = append(e.results, result)
}

func (e *events) Waited(time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waited++
}

func (e *events) Saved() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.saved++
}

// shelf is a Cache within the process.
type shelf struct {
	mu    sync.Mutex
	list  map[tokens.Key]tokens.Stored
	drops int
}

func (c *shelf) Get(_ context.Context, k tokens.Key) (tokens.Stored, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.list[k]
	return s, ok
}

func (c *shelf) Put(_ context.Context, k tokens.Key, s tokens.Stored) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.list == nil {
		c.list = map[tokens.Key]tokens.Stored{}
	}
	s.Token.Refresh, s.Attempted = oauth.Secret{}, time.Time{}
	c.list[k] = s
}

func (c *shelf) Drop(_ context.Context, k tokens.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	delete(c.list, k)
}

// rig is a Source over fakes.
type rig struct {
	*tokens.Source
	t      *testing.T
	store  *memory
	figma  *provider
	slack  *provider
	events *events

	mu   sync.Mutex
	last oauth.Token // that token has given
}

// newRig makes one; change may be nil. It is closed with the test.
func newRig(t *testing.T, change func(*tokens.Config)) *rig {
	r := &rig{t: t, store: newMemory(), figma: &provider{}, slack: &provider{}, events: &events{}}
	cfg := tokens.Config{Store: r.store, Events: r.events, Client: func(name string) (tokens.Refresher, bool) {
		switch name {
		case "figma":
			return r.figma, true
		case "slack":
			return r.slack, true
		}
		return nil, false
	}}
	if change != nil {
		change(&cfg)
	}
	r.Source = tokens.New(cfg)
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

// state is a token's number, or an error in words.
func state(t oauth.Token, err error) string {
	var told interface{ Code() string }
	var again *oauth.NeedsReconnect
	switch {
	case errors.As(err, &again):
		return again.Code() + " " + again.Reason
	case errors.As(err, &told):
		return told.Code()
	case err != nil:
		return err.Error()
	}
	return strings.TrimPrefix(t.Access.Reveal(), "access-")
}

// token asks for ada's, and says what came of it.
func (r *rig) token() string {
	t, err := r.Token(r.t.Context(), ada)
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.last = t
	}
	return state(t, err)
}

// renewed says that the API refused the last token.
func (r *rig) renewed() string {
	return state(r.Renewed(r.t.Context(), ada, r.last))
}

// crowd lets n calls of f begin together, and returns what they said, each
// once, in order.
func crowd(n int, f func() string) []string {
	var all sync.WaitGroup
	said := make([]string, n)
	for i := range n {
		all.Go(func() { said[i] = f() })
	}
	all.Wait()
	slices.Sort(said)
	return slices.Compact(said)
}
