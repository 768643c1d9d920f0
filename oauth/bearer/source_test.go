package bearer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
)

const keysURL = "https://login.example.com" + jwksPath

// bubble runs a test with a clock of its own, which stands still while it computes.
func bubble(t *testing.T, s *site, test func(t *testing.T, r *rig)) {
	t.Helper()
	bubbleWith(t, s, func(*bearer.Config) {}, test)
}

func bubbleWith(t *testing.T, s *site, change func(*bearer.Config), test func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, s, change)
		defer r.Close() // before the bubble ends
		test(t, r)
	})
}

func esNew(changes ...map[string]any) string {
	return mint(jwt.SigningMethodES256, testKeys()["new"], "new", claims(changes...))
}

func TestFirstTokenOfARotatedKeyIsAccepted(t *testing.T) {
	s := newSite(jwks(jwk(testKeys()["p256"], "p256")))
	bubble(t, s, func(t *testing.T, r *rig) {
		time.Sleep(time.Minute)
		s.set(func(s *site) { s.docs[keysURL] = jwks(jwk(testKeys()["p256"], "p256"), jwk(testKeys()["new"], "new")) })
		var all sync.WaitGroup
		for i := range 50 { // all at once share one fetch
			all.Go(func() {
				if _, err := r.verify(t, esNew(with{"jti": fmt.Sprint("j-", i)})); err != nil {
					t.Errorf("got %v, want the new key to count", err)
				}
			})
		}
		all.Wait()
		if got := s.count(jwksPath); got != 2 {
			t.Errorf("got %d fetches, want the first and one more", got)
		}
		if _, err := r.verify(t, es()); err != nil {
			t.Errorf("the old key: got %v, want it accepted", err)
		}
	})
}

func TestFloodOfMadeUpKidsFetchesOnceIn30sAndDelaysNobody(t *testing.T) {
	s := newSite(allKeys())
	bubble(t, s, func(t *testing.T, r *rig) {
		time.Sleep(time.Minute)
		start := time.Now()
		for i := range 10_000 {
			_, err := r.Verify(t.Context(), mint(wideES256{}, nil, fmt.Sprint("k-", i), claims()))
			if got := reason(t, err); got != bearer.ReasonUnknownKey {
				t.Fatalf("got %q, want %q", got, bearer.ReasonUnknownKey)
			}
			if i%100 == 0 {
				if _, err := r.verify(t, es(with{"jti": fmt.Sprint("j-", i)})); err != nil {
					t.Fatalf("a known kid: got %v, want it accepted", err)
				}
			}
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("got a wait of %s, want none", got)
		}
		if got := s.count(jwksPath); got != 2 {
			t.Errorf("got %d fetches, want the first and one more", got)
		}
	})
}

// The issuer hangs, so that whoever waits for it is seen by the clock.
func TestFloodWhileTheIssuerHangs(t *testing.T) {
	s := newSite(allKeys())
	bubble(t, s, func(t *testing.T, r *rig) {
		time.Sleep(time.Minute)
		s.set(func(s *site) { s.hang = true })
		start := time.Now()
		var flood sync.WaitGroup
		for i := range 1000 {
			flood.Go(func() {
				_, err := r.Verify(t.Context(), mint(wideES256{}, nil, fmt.Sprint("k-", i), claims()))
				if got := reason(t, err); got != bearer.ReasonKeysUnavailable {
					t.Errorf("got %q, want %q", got, bearer.ReasonKeysUnavailable)
				}
			})
		}
		synctest.Wait() // all of the flood wait for the one fetch
		if _, err := r.verify(t, es()); err != nil || time.Since(start) != 0 {
			t.Errorf("a known kid: got %v after %s, want it accepted at once", err, time.Since(start))
		}
		flood.Wait()
		if got := time.Since(start); got != time.Second {
			t.Errorf("the flood waited %s, want 1s", got)
		}
		for i := range 100 {
			_, err := r.Verify(t.Context(), mint(wideES256{}, nil, fmt.Sprint("l-", i), claims()))
			reason(t, err)
		}
		if got := time.Since(start); got != time.Second {
			t.Errorf("with the budget spent: got a wait until %s, want none", got)
		}
	})
}

func TestFloodKeepsToOneFetchIn30s(t *testing.T) {
	s := newSite(allKeys())
	bubble(t, s, func(t *testing.T, r *rig) {
		time.Sleep(time.Second)
		for i := range 240 { // four a second for a minute
			_, err := r.Verify(t.Context(), mint(wideES256{}, nil, fmt.Sprint("k-", i), claims()))
			reason(t, err)
			time.Sleep(time.Second / 4)
		}
		if got := s.count(jwksPath); got != 3 {
			t.Errorf("got %d fetches, want the first and one at 0 and 30 s", got)
		}
	})
}

func TestRotationIsSeenWithin30sOfAFlood(t *testing.T) {
	s := newSite(allKeys())
	bubble(t, s, func(t *testing.T, r *rig) {
		_, err := r.Verify(t.Context(), mint(wideES256{}, nil, "made-up", claims()))
		reason(t, err)
		s.set(func(s *site) { s.docs[keysURL] = jwks(jwk(testKeys()["new"], "new")) })
		_, err = r.verify(t, esNew())
		if got := reason(t, err); got != bearer.ReasonUnknownKey {
			t.Errorf("with the budget spent: got %q, want %q", got, bearer.ReasonUnknownKey)
		}
		time.Sleep(30 * time.Second)
		if _, err := r.verify(t, esNew()); err != nil {
			t.Errorf("after 30 s: got %v, want it accepted", err)
		}
	})
}

func TestWaitEndsWithTheRequest(t *testing.T) {
	s := newSite(allKeys())
	bubble(t, s, func(t *testing.T, r *rig) {
		time.Sleep(time.Minute)
		s.set(func(s *site) { s.hang = true })
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := r.Verify(ctx, esNew())
		if got := reason(t, err); got != bearer.ReasonKeysUnavailable || time.Since(start) != 100*time.Millisecond {
			t.Errorf("got %q after %s, want %q after 100ms", got, time.Since(start), bearer.ReasonKeysUnavailable)
		}
	})
}

func TestKeysOutliveAnOutage(t *testing.T) {
	s := newSite(allKeys())
	bubble(t, s, func(t *testing.T, r *rig) {
		s.set(func(s *site) { s.down = true })
		for range 60 {
			time.Sleep(time.Minute)
			if _, err := r.verify(t, es()); err != nil {
				t.Fatalf("got %v, want the last keys to count", err)
			}
		}
		st := r.Keys()[0]
		if st.Age != time.Hour || st.Keys != 5 || st.Err != "login.example.com cannot be reached" {
			t.Errorf("got %+v, want 5 keys of an hour ago and why", st)
		}
		_, err := r.verify(t, esNew())
		if got := reason(t, err); got != bearer.ReasonKeysUnavailable {
			t.Errorf("a key that may be published: got %q, want %q", got, bearer.ReasonKeysUnavailable)
		}
		if got := strings.Count(r.log.String(), "\n"); got < 30 || got > 60 {
			t.Errorf("got %d lines in an hour, want about one a minute and no more", got)
		}
		s.set(func(s *site) { s.down = false })
		time.Sleep(31 * time.Second)
		if st := r.Keys()[0]; st.Err != "" || st.Age > 31*time.Second {
			t.Errorf("got %+v, want new keys within 31 s", st)
		}
	})
}

func TestStartWhileTheIssuerIsDown(t *testing.T) {
	s := newSite(allKeys())
	s.down = true
	bubble(t, s, func(t *testing.T, r *rig) {
		_, err := r.verify(t, es())
		var later interface{ RetryAfter() time.Duration }
		if got := reason(t, err); got != bearer.ReasonKeysUnavailable || !errors.As(err, &later) {
			t.Fatalf("got %q %T, want %q with RetryAfter", got, err, bearer.ReasonKeysUnavailable)
		}
		if got := later.RetryAfter(); got != time.Second {
			t.Errorf("got RetryAfter %s, want 1s", got)
		}
		if _, err := r.verify(t, hs()); err != nil {
			t.Errorf("HS256 meanwhile: got %v, want it accepted", err)
		}
		time.Sleep(10 * time.Minute)
		if got := s.count(jwksPath); got < 20 || got > 35 {
			t.Errorf("got %d attempts in 10 minutes, want about two a minute", got)
		}
		if st := r.Keys()[0]; st.Keys != 0 || st.Age != 0 || st.Err == "" {
			t.Errorf("got %+v, want no keys and why", st)
		}
		s.set(func(s *site) { s.down = false })
		time.Sleep(31 * time.Second)
		if _, err := r.verify(t, es()); err != nil {
			t.Errorf("after the outage: got %v, want it accepted", err)
		}
	})
}

func TestNewWaitsASecondForAnIssuerThatHangs(t *testing.T) {
	s := newSite(allKeys())
	s.hang = true
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		r := newRig(t, s)
		defer r.Close()
		if got := time.Since(start); got != time.Second {
			t.Errorf("New took %s, want 1s", got)
		}
		_, err := r.verify(t, es())
		if got := reason(t, err); got != bearer.ReasonKeysUnavailable || time.Since(start) != time.Second {
			t.Errorf("got %q after %s, want %q at once", got, time.Since(start)-time.Second, bearer.ReasonKeysUnavailable)
		}
		time.Sleep(5 * time.Second)
		if got := r.Keys()[0].Err; got != "login.example.com did not answer in time" {
			t.Errorf("got %q, want that it did not answer in time", got)
		}
	})
}

func TestKeysAreRefreshedEvery10Minutes(t *testing.T) {
	s := newSite(allKeys())
	bubble(t, s, func(t *testing.T, r *rig) {
		s.set(func(s *site) { s.docs[keysURL] = jwks(jwk(testKeys()["new"], "new")) })
		time.Sleep(10*time.Minute + time.Second)
		_, err := r.verify(t, es())
		if got := reason(t, err); got != bearer.ReasonUnknownKey {
			t.Errorf("a withdrawn key: got %q, want %q", got, bearer.ReasonUnknownKey)
		}
	})
}

func TestClosedVerifierWaitsForNobody(t *testing.T) {
	s := newSite(allKeys())
	bubble(t, s, func(t *testing.T, r *rig) {
		r.Close()
		start := time.Now()
		if _, err := r.verify(t, es()); err != nil {
			t.Errorf("a held key: got %v, want it accepted", err)
		}
		_, err := r.verify(t, esNew())
		if got := reason(t, err); got != bearer.ReasonUnknownKey || time.Since(start) != 0 {
			t.Errorf("got %q after %s, want %q at once", got, time.Since(start), bearer.ReasonUnknownKey)
		}
		if st := r.Keys()[0]; st.Err != "" {
			t.Errorf("got %q, want no fault of the issuer's", st.Err)
		}
	})
}

// A JWK set may hold what is of no use here, or would be dangerous.
func TestKeysThatAreIgnored(t *testing.T) {
	p256 := testKeys()["p256"]
	weak := weakRSA()
	tests := []struct {
		name  string
		key   map[string]any
		token string
		want  string
	}{
		{"a secret", map[string]any{"kty": "oct", "kid": "o", "k": b64(secret)},
			mint(jwt.SigningMethodHS256, []byte(secret), "o", claims()), bearer.ReasonAlgorithm},
		{"for encryption", jwk(p256, "p256", with{"use": "enc"}), es(), bearer.ReasonUnknownKey},
		{"for other operations", jwk(p256, "p256", with{"key_ops": []string{"sign"}}), es(), bearer.ReasonUnknownKey},
		{"with its private half", jwk(p256, "p256", with{"d": "AAAA"}), es(), bearer.ReasonUnknownKey},
		{"RSA of 1024 bits", jwk(weak, "weak"), mint(jwt.SigningMethodRS256, weak, "weak", claims()), bearer.ReasonUnknownKey},
		{"for another algorithm", jwk(testKeys()["rsa"], "rsa", with{"alg": "PS256"}),
			mint(jwt.SigningMethodRS256, testKeys()["rsa"], "rsa", claims()), bearer.ReasonAlgorithm},
		{"not on its curve", jwk(p256, "p256", with{"x": b64(strings.Repeat("a", 32))}), es(), bearer.ReasonUnknownKey},
		{"of an unknown type", map[string]any{"kty": "AKP", "kid": "p256"}, es(), bearer.ReasonUnknownKey},
		{"not an object", nil, es(), bearer.ReasonUnknownKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, newSite(jwks(tt.key, jwk(testKeys()["ed"], "ed"))))
			_, err := r.verify(t, tt.token)
			if got := reason(t, err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if _, err := r.verify(t, mint(jwt.SigningMethodEdDSA, testKeys()["ed"], "ed", claims())); err != nil {
				t.Errorf("the key beside it: got %v, want it to count", err)
			}
		})
	}
}

func TestTwoKeysOfOneKidAreTwoMeanings(t *testing.T) {
	r := newRig(t, newSite(jwks(jwk(testKeys()["p256"], "k"), jwk(testKeys()["new"], "k"), jwk(testKeys()["ed"], "k"))))
	_, err := r.verify(t, mint(jwt.SigningMethodES256, testKeys()["p256"], "k", claims()))
	if got := reason(t, err); got != bearer.ReasonUnknownKey {
		t.Errorf("two that fit: got %q, want %q", got, bearer.ReasonUnknownKey)
	}
	if _, err := r.verify(t, mint(jwt.SigningMethodEdDSA, testKeys()["ed"], "k", claims())); err != nil {
		t.Errorf("one that fits: got %v, want it accepted", err)
	}
}

// A scheduled fetch that hangs is no second chance to make requests wait.
func TestJoiningAScheduledFetchSpendsTheBudget(t *testing.T) {
	s := newSite(allKeys())
	bubble(t, s, func(t *testing.T, r *rig) {
		time.Sleep(time.Minute)
		_, err := r.Verify(t.Context(), mint(wideES256{}, nil, "made-up", claims())) // sets off the timer anew
		reason(t, err)
		s.set(func(s *site) { s.hang = true })
		for s.count(jwksPath) < 3 {
			time.Sleep(time.Second)
		}
		start := time.Now()
		for range 3 {
			_, err = r.Verify(t.Context(), esNew())
			reason(t, err)
		}
		if got := time.Since(start); got > time.Second {
			t.Errorf("got a wait of %s, want at most 1s for all", got)
		}
		if got := s.count(jwksPath); got != 3 {
			t.Errorf("got %d fetches, want no more than the scheduled one", got)
		}
	})
}

// blocking is a log that nobody reads.
type blocking struct{ free chan struct{} }

func (b blocking) Write(p []byte) (int, error) {
	<-b.free
	return len(p), nil
}

func TestALogThatBlocksHoldsNobodyUp(t *testing.T) {
	s := newSite(allKeys())
	synctest.Test(t, func(t *testing.T) {
		log := blocking{make(chan struct{})} // of the bubble, or its clock would not go on
		r := newRig(t, s, func(c *bearer.Config) { c.Log = slog.New(slog.NewTextHandler(log, nil)) })
		defer r.Close()
		defer close(log.free)
		s.set(func(s *site) { s.down = true })
		time.Sleep(11 * time.Minute)
		if st := r.Keys()[0]; st.Err == "" {
			t.Fatalf("got %+v, want a fault", st)
		}
		if _, err := r.verify(t, es()); err != nil {
			t.Errorf("got %v, want it accepted", err)
		}
	})
}
