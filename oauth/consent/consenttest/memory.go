// Package consenttest is for tests of package consent and of what keeps its
// tickets: a store in memory, the contract that every store must hold, people
// with browsers and accounts at providers, and the property that no account is
// ever bound to the wrong person. It knows no database.
package consenttest

import (
	"context"
	"crypto/subtle"
	"slices"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

// Memory keeps tickets and states in memory. The zero value is ready. It is
// safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	age     time.Duration // how far its clock is ahead
	tickets []*ticket
	states  []*state
}

var (
	_ consent.Tickets = (*Memory)(nil)
	_ consent.States  = (*Memory)(nil)
)

type ticket struct {
	consent.Ticket
	foreign, wrong int
	busy           time.Time
}

type state struct {
	consent.State
	expires time.Time
}

// Age lets time pass for what is kept.
func (m *Memory) Age(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.age += d
}

func (m *Memory) now() time.Time { return time.Now().Add(m.age) }

// AddTicket stores t.
func (m *Memory) AddTicket(_ context.Context, t consent.Ticket) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t.Expires = m.now().Add(consent.TicketLife)
	m.tickets = append(m.tickets, &ticket{Ticket: t})
	return t.Expires, nil
}

// Ticket finds a ticket by its digest.
func (m *Memory) Ticket(_ context.Context, digest []byte) (consent.Ticket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.told(func(t *ticket) bool { return same(t.Digest, digest) })
}

// TicketByID finds a ticket by its ID.
func (m *Memory) TicketByID(_ context.Context, id string) (consent.Ticket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.told(func(t *ticket) bool { return t.ID == id })
}

// TryTicket compares a code, or counts an opening.
func (m *Memory) TryTicket(_ context.Context, id string, code []byte) (bool, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.find(func(t *ticket) bool { return t.ID == id })
	switch {
	case t == nil:
		return false, 0, refuse(consent.TicketUnknown)
	case t.burned():
		return false, 0, refuse(consent.TicketBurned)
	case code == nil:
		t.foreign++
		return false, consent.MaxTries - t.foreign, nil
	}
	right := same(t.CodeDigest, code)
	if !right {
		t.wrong++
	}
	return right, consent.MaxTries - t.wrong, nil
}

// EndTicket stores how the ticket ended.
func (m *Memory) EndTicket(_ context.Context, id string, e consent.Ending, idle bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.usable(id, idle)
	if err != nil {
		return err
	}
	m.endStates(id)
	t.Ending, t.busy = e, time.Time{}
	return nil
}

// AddState stores s as the only open state of its ticket.
func (m *Memory) AddState(_ context.Context, s consent.State) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.Ticket != "" {
		t, err := m.usable(s.Ticket, true)
		if err != nil {
			return err
		}
		m.endStates(s.Ticket)
		t.Ending = consent.Ending{}
	}
	m.states = append(m.states, &state{State: s, expires: m.now().Add(consent.StateLife)})
	return nil
}

// State finds a state by its digest.
func (m *Memory) State(_ context.Context, digest []byte) (consent.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.states {
		if same(s.Digest, digest) {
			told := s.State
			told.Verifier, told.Held = oauth.Secret{}, nil
			told.Expired = !s.expires.After(m.now())
			return told, nil
		}
	}
	return consent.State{}, refuse(consent.StateUnknown)
}

// TakeState takes the state that c fits.
func (m *Memory) TakeState(_ context.Context, c consent.Claim) (consent.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.states, func(s *state) bool { return same(s.Digest, c.Digest) })
	if i < 0 {
		return consent.State{}, refuse(consent.StateUnknown)
	}
	s := m.states[i]
	s.Expired = !s.expires.After(m.now())
	if c.Against(s.State) != "" {
		return consent.State{}, refuse(consent.StateUnknown)
	}
	taken := s.State
	s.use()
	if t := m.find(func(t *ticket) bool { return t.ID == s.Ticket }); t != nil {
		t.busy = m.now().Add(consent.BusyFor)
	}
	return taken, nil
}

// HoldState stores s, which holds a grant.
func (m *Memory) HoldState(_ context.Context, s consent.State) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t := m.find(func(t *ticket) bool { return t.ID == s.Ticket }); t != nil {
		t.busy = time.Time{}
	}
	s.Holding = true
	m.states = append(m.states, &state{State: s, expires: m.now().Add(consent.HeldLife)})
	return nil
}

// usable finds a ticket with which something may be done.
func (m *Memory) usable(id string, idle bool) (*ticket, error) {
	t := m.find(func(t *ticket) bool { return t.ID == id })
	if t == nil {
		return nil, refuse(consent.TicketUnknown)
	}
	now := m.now()
	t.Burned, t.Expired = t.burned(), !t.Expires.After(now)
	if r := t.Refuses(t.busy.After(now), idle); r != "" {
		return nil, refuse(r)
	}
	return t, nil
}

func (m *Memory) find(is func(*ticket) bool) *ticket {
	if i := slices.IndexFunc(m.tickets, is); i >= 0 {
		return m.tickets[i]
	}
	return nil
}

func (m *Memory) told(is func(*ticket) bool) (consent.Ticket, error) {
	t := m.find(is)
	if t == nil {
		return consent.Ticket{}, refuse(consent.TicketUnknown)
	}
	told := t.Ticket
	told.Burned, told.Expired = t.burned(), !t.Expires.After(m.now())
	return told, nil
}

func (m *Memory) endStates(ticket string) {
	for _, s := range m.states {
		if s.Ticket == ticket {
			s.use()
		}
	}
}

func (t *ticket) burned() bool { return t.foreign >= consent.MaxTries || t.wrong >= consent.MaxTries }

func (s *state) use() { s.Used, s.Verifier, s.Held = true, oauth.Secret{}, nil }

func same(a, b []byte) bool { return len(a) > 0 && subtle.ConstantTimeCompare(a, b) == 1 }

func refuse(r consent.Reason) error { return &consent.Refused{Reason: r} }
