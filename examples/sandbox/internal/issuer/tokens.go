package issuer

import (
	"slices"
	"time"
)

// Issue makes tokens for what a holder allowed.
func (s *Issuer) Issue(h Holder, person string, scopes []string, p Policy) Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Additive {
		scopes = union(s.allowed[h], scopes)
	}
	s.allowed[h] = scopes
	if old := s.living(h); p.Same && len(old) > 0 {
		t := old[len(old)-1]
		t.Scopes = scopes
		return t.Token
	}
	return s.issue(h, person, scopes, p, nil)
}

// issue makes an access token, and with it a refresh token unless the one that
// was used, which may be nil, stays good. The caller holds mu.
func (s *Issuer) issue(h Holder, person string, scopes []string, p Policy, by *refresh) Token {
	now := s.cfg.Now()
	a := &access{Token: Token{Holder: h, Person: person, Access: p.Prefix + random(), Scopes: scopes, Life: p.Life}}
	if p.Life > 0 {
		a.Expires = now.Add(p.Life)
	}
	if p.Refresh && (by == nil || p.SingleUse) {
		r := &refresh{value: p.RefreshPrefix + random(), person: person, holder: h, scopes: scopes}
		if p.RefreshLife > 0 {
			r.expires = now.Add(p.RefreshLife)
		}
		a.Refresh = r.value
		s.refresh[r.value] = r
		s.renewals[h] = append(s.renewals[h], r)
		s.retire(h, p)
	}
	s.access[a.Access] = a
	s.held[h] = append(s.held[h], a)
	if old := s.living(h); p.Keep > 0 && len(old) > p.Keep {
		for _, t := range old[:len(old)-p.Keep] {
			t.dead = true
		}
	}
	return a.Token
}

// living are the access tokens of a holder that work, by age. The caller holds mu.
func (s *Issuer) living(h Holder) []*access {
	now := s.cfg.Now()
	var list []*access
	for _, t := range s.held[h] {
		if t.works(now) {
			list = append(list, t)
		}
	}
	return list
}

// retire ends all but the newest refresh tokens of a holder. The caller holds mu.
func (s *Issuer) retire(h Holder, p Policy) {
	left := p.KeepRefresh
	if left == 0 {
		return
	}
	for _, r := range slices.Backward(s.renewals[h]) {
		if r.dead || p.SingleUse && !r.used.IsZero() {
			continue
		}
		if left--; left < 0 {
			r.dead = true
		}
	}
}

// Renew takes a refresh token and makes tokens, as the policy of its kind says.
// Errors: Reason.
func (s *Issuer) Renew(value string, policy func(kind string) Policy) (Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.refresh[value]
	now := s.cfg.Now()
	if r == nil {
		return Token{}, UnknownToken
	}
	p := policy(r.holder.Kind)
	switch {
	case r.dead:
		return Token{}, RevokedToken
	case !r.expires.IsZero() && !now.Before(r.expires):
		return Token{}, ExpiredToken
	case p.SingleUse && !r.used.IsZero() && !now.Before(r.used.Add(p.Grace)):
		return Token{}, UsedToken
	}
	if r.used.IsZero() {
		r.used = now
	}
	scopes := r.scopes
	if p.Additive {
		scopes = s.allowed[r.holder]
	}
	return s.issue(r.holder, r.person, scopes, p, r), nil
}

// Find looks an access token up.
// Errors: Reason.
func (s *Issuer) Find(value string) (Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.access[value]
	switch {
	case t == nil:
		return Token{}, UnknownToken
	case t.dead:
		return Token{}, RevokedToken
	case !t.Expires.IsZero() && !s.cfg.Now().Before(t.Expires):
		return Token{}, ExpiredToken
	}
	return t.Token, nil
}

// Plant adds an access token with a value of its own, that never expires.
func (s *Issuer) Plant(t Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &access{Token: t}
	s.access[t.Access] = a
	s.held[t.Holder] = append(s.held[t.Holder], a)
}

// RevokeToken ends one access token; what renews it lives on.
func (s *Issuer) RevokeToken(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.access[value]; t != nil {
		t.dead = true
	}
}

// Revoke ends all tokens of the holders that match, and forgets what they allowed.
func (s *Issuer) Revoke(match func(h Holder, person string) bool) (ended int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.each(func(t *access) {
		if !t.dead && match(t.Holder, t.Person) {
			t.dead = true
			delete(s.allowed, t.Holder)
			ended++
		}
	})
	for _, list := range s.renewals {
		for _, r := range list {
			if !r.dead && match(r.holder, r.person) {
				r.dead = true
				delete(s.allowed, r.holder)
			}
		}
	}
	return ended
}

// Expire ends the life of all access tokens that have one, as time would.
func (s *Issuer) Expire() (ended int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	s.each(func(t *access) {
		if !t.Expires.IsZero() && t.works(now) {
			t.Expires = now
			ended++
		}
	})
	return ended
}

// Alive is how many access tokens work now.
func (s *Issuer) Alive() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	s.each(func(t *access) {
		if t.works(now) {
			n++
		}
	})
	return n
}

// each calls do with every access token there was. The caller holds mu.
func (s *Issuer) each(do func(*access)) {
	for _, list := range s.held {
		for _, t := range list {
			do(t)
		}
	}
}

func (t *access) works(now time.Time) bool {
	return !t.dead && (t.Expires.IsZero() || now.Before(t.Expires))
}

// union is a with what it lacks of b.
func union(a, b []string) []string {
	all := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(all, x) {
			all = append(all, x)
		}
	}
	return all
}

// Seconds are those of a life, for expires_in.
func Seconds(d time.Duration) int64 { return int64(d / time.Second) }
