package consenttest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

// Kept is a store to test.
type Kept struct {
	Tickets consent.Tickets
	States  consent.States
	Age     func(d time.Duration) // lets time pass for all that is kept
}

// bench is a test of the contract, with a ticket of Alice's.
type bench struct {
	Kept
	t      *testing.T
	ctx    context.Context
	ticket consent.Ticket
}

var errNone = errors.New("no error")

// Contract checks that what open returns, each time empty or at least without
// what was put into another one, keeps the contract of consent.Tickets and
// consent.States.
func Contract(t *testing.T, open func(t *testing.T) Kept) {
	for _, c := range []struct {
		name string
		run  func(*bench)
	}{
		{"a ticket comes back as it was added", (*bench).ticketComesBack},
		{"a ticket and its state expire", (*bench).expiry},
		{"wrong codes and foreign openings burn a ticket, apart from each other", (*bench).tries},
		{"fifty tries at once are five", (*bench).triesAtOnce},
		{"what ended for good cannot end again", (*bench).endings},
		{"a state comes back as it was added", (*bench).stateComesBack},
		{"a claim that does not fit changes nothing", (*bench).claims},
		{"of fifty that take one state one has it", (*bench).takeAtOnce},
		{"only the last state of a ticket counts", (*bench).lastState},
		{"of fifty states that are added at once one is open", (*bench).addAtOnce},
		{"a ticket whose state was taken is busy until it ends", (*bench).busy},
		{"a state is taken or its ticket declined, never both", (*bench).takeOrDecline},
		{"a grant is held until it is decided about", (*bench).held},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &bench{Kept: open(t), t: t, ctx: t.Context()}
			b.ticket = b.addTicket()
			c.run(b)
		})
	}
}

func alice() oauth.Person {
	return oauth.Person{Issuer: "https://id.example", Subject: "alice", Email: "alice@example.com"}
}

func bob() oauth.Person { return oauth.Person{Issuer: "https://id.example", Subject: "bob"} }

func hash(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func (b *bench) addTicket() consent.Ticket {
	b.t.Helper()
	t := consent.Ticket{
		ID: uuid(), Digest: hash(rand.Text()), CodeDigest: hash("right"), Person: alice(), Provider: "figma",
		Scopes: []string{"read", `odd "{scope},\`}, Client: "claude",
	}
	expires, err := b.Tickets.AddTicket(b.ctx, t)
	if err != nil {
		b.t.Fatalf("add a ticket: %v", err)
	}
	t.Expires = expires
	return t
}

// state is one of b's ticket that was added.
func (b *bench) state() consent.State {
	b.t.Helper()
	s := b.fresh()
	b.want("add a state", b.States.AddState(b.ctx, s), "")
	return s
}

func (b *bench) fresh() consent.State {
	return consent.State{
		ID: uuid(), Ticket: b.ticket.ID, Digest: hash(rand.Text()), Cookie: hash("cookie"), Person: alice(), Provider: "figma",
		RedirectURI: "https://flux.example/callback", Scopes: []string{"read"}, Client: "claude", Verifier: oauth.NewSecret("verifier"),
	}
}

// fitting is the claim that fits s.
func fitting(s consent.State) consent.Claim {
	return consent.Claim{Digest: s.Digest, Provider: s.Provider, RedirectURI: s.RedirectURI, Cookie: s.Cookie, Holding: s.Held != nil}
}

// want checks an error's reason; empty: none.
func (b *bench) want(what string, err error, reason consent.Reason) {
	b.t.Helper()
	if got := reasonOf(err); got != reason || err != nil && got == "" {
		b.t.Errorf("%s: got %v (%q), want %q", what, cmpErr(err), got, reason)
	}
}

func cmpErr(err error) error {
	if err == nil {
		return errNone
	}
	return err
}

func reasonOf(err error) consent.Reason {
	var r *consent.Refused
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}

// told is the ticket as it is kept.
func (b *bench) told() consent.Ticket {
	b.t.Helper()
	t, err := b.Tickets.TicketByID(b.ctx, b.ticket.ID)
	if err != nil {
		b.t.Fatalf("find the ticket: %v", err)
	}
	return t
}

func (b *bench) ticketComesBack() {
	byDigest, err := b.Tickets.Ticket(b.ctx, b.ticket.Digest)
	b.want("find it by digest", err, "")
	for how, got := range map[string]consent.Ticket{"by digest": byDigest, "by id": b.told()} {
		if !got.Expires.Equal(b.ticket.Expires) {
			b.t.Errorf("%s: expires %v, want %v", how, got.Expires, b.ticket.Expires)
		}
		got.Expires = b.ticket.Expires // of another location
		if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", b.ticket); g != w {
			b.t.Errorf("%s: got %s\nwant %s", how, g, w)
		}
	}
	_, err = b.Tickets.Ticket(b.ctx, hash("another"))
	b.want("find another by digest", err, consent.TicketUnknown)
	_, err = b.Tickets.TicketByID(b.ctx, uuid())
	b.want("find another by id", err, consent.TicketUnknown)
	bare := consent.Ticket{ID: uuid(), Digest: hash(rand.Text()), Person: bob()}
	_, err = b.Tickets.AddTicket(b.ctx, bare)
	b.want("add one without provider, code and scopes", err, "")
	got, err := b.Tickets.TicketByID(b.ctx, bare.ID)
	if err != nil || got.Provider != "" || got.CodeDigest != nil || len(got.Scopes) != 0 || !got.Person.Is(bob()) {
		b.t.Errorf("one without provider, code and scopes: got %+v, %v", got, err)
	}
}

func (b *bench) expiry() {
	s := b.state()
	b.Age(consent.TicketLife - time.Minute)
	if b.told().Expired {
		b.t.Error("the ticket has expired a minute too early")
	}
	b.Age(2 * time.Minute)
	if !b.told().Expired {
		b.t.Error("the ticket has not expired after its time")
	}
	b.want("add a state to an expired ticket", b.States.AddState(b.ctx, b.fresh()), consent.TicketExpired)
	b.want("decline it", b.Tickets.EndTicket(b.ctx, b.ticket.ID, consent.Ending{Outcome: consent.OutcomeDeclined}, true), consent.TicketExpired)
	_, err := b.States.TakeState(b.ctx, fitting(s))
	b.want("take an expired state", err, consent.StateUnknown)
	if told, err := b.States.State(b.ctx, s.Digest); err != nil || !told.Expired || told.Used {
		b.t.Errorf("the state: got %+v, %v; want it expired and unused", told, err)
	}
}

func (b *bench) tries() {
	for i := range consent.MaxTries {
		right, left, err := b.Tickets.TryTicket(b.ctx, b.ticket.ID, hash("right"))
		if !right || left != consent.MaxTries-i || err != nil {
			b.t.Fatalf("the right code after %d wrong ones: got %v, %d left, %v", i, right, left, err)
		}
		right, left, err = b.Tickets.TryTicket(b.ctx, b.ticket.ID, hash("wrong"))
		if right || left != consent.MaxTries-i-1 || err != nil {
			b.t.Fatalf("wrong code %d: got %v, %d left, %v", i+1, right, left, err)
		}
	}
	_, _, err := b.Tickets.TryTicket(b.ctx, b.ticket.ID, hash("right"))
	b.want("the right code after too many wrong ones", err, consent.TicketBurned)
	if !b.told().Burned {
		b.t.Error("the ticket is not burned")
	}
	b.want("add a state to a burned ticket", b.States.AddState(b.ctx, b.fresh()), consent.TicketBurned)
	b.ticket = b.addTicket()
	for i := range consent.MaxTries {
		if right, left, err := b.Tickets.TryTicket(b.ctx, b.ticket.ID, nil); right || left != consent.MaxTries-i-1 || err != nil {
			b.t.Fatalf("foreign opening %d: got %v, %d left, %v", i+1, right, left, err)
		}
	}
	_, _, err = b.Tickets.TryTicket(b.ctx, b.ticket.ID, nil)
	b.want("one opening too many", err, consent.TicketBurned)
	_, _, err = b.Tickets.TryTicket(b.ctx, uuid(), nil)
	b.want("try another ticket", err, consent.TicketUnknown)
}

// atOnce runs act n times at the same moment and counts how often it is true.
func atOnce(n int, act func(i int) bool) int {
	var group sync.WaitGroup
	start, yes := make(chan struct{}), make(chan bool, n)
	for i := range n {
		group.Go(func() { <-start; yes <- act(i) })
	}
	close(start)
	group.Wait()
	close(yes)
	count := 0
	for y := range yes {
		if y {
			count++
		}
	}
	return count
}

func (b *bench) triesAtOnce() {
	counted := atOnce(50, func(int) bool {
		_, _, err := b.Tickets.TryTicket(b.ctx, b.ticket.ID, hash("wrong"))
		return err == nil
	})
	if counted != consent.MaxTries {
		b.t.Errorf("%d of 50 wrong codes were looked at, want %d", counted, consent.MaxTries)
	}
}

func (b *bench) endings() {
	for _, c := range []struct {
		first consent.Outcome
		again consent.Reason
	}{
		{consent.OutcomeFailed, ""},
		{consent.OutcomeDenied, ""},
		{consent.OutcomeConnected, consent.TicketUsed},
		{consent.OutcomeDeclined, consent.TicketUsed},
		{consent.OutcomeSignedIn, consent.TicketUsed},
	} {
		b.ticket = b.addTicket()
		end := consent.Ending{Outcome: c.first, Reason: "why", Name: "who"}
		b.want("end it as "+string(c.first), b.Tickets.EndTicket(b.ctx, b.ticket.ID, end, true), "")
		if got := b.told().Ending; got != end {
			b.t.Errorf("%s: got %+v, want %+v", c.first, got, end)
		}
		b.want("a state after "+string(c.first), b.States.AddState(b.ctx, b.fresh()), c.again)
		if got := b.told().Ending; c.again == "" && got != (consent.Ending{}) {
			b.t.Errorf("%s and a new state: got %+v, want it pending", c.first, got)
		}
		b.want("an end after "+string(c.first), b.Tickets.EndTicket(b.ctx, b.ticket.ID, consent.Ending{Outcome: consent.OutcomeFailed}, false), c.again)
	}
	b.want("end another ticket", b.Tickets.EndTicket(b.ctx, uuid(), consent.Ending{Outcome: consent.OutcomeFailed}, false), consent.TicketUnknown)
}
