package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// canaries are all secrets that the tests of this package use, and what could
// have told them: standard error and standard output of every child, audit rows,
// and what collectors and Sentry got. TestMain searches the one for the other.
type canaries struct {
	mu      sync.Mutex
	secrets map[string]bool
	sinks   []sink
}

type sink struct {
	name string
	text func() string
}

var told = canaries{secrets: map[string]bool{}} //nolint:gochecknoglobals // of the whole test run, that is the point

// canary notes a secret that must appear nowhere.
func canary(secret string) string {
	told.mu.Lock()
	defer told.mu.Unlock()
	told.secrets[secret] = true
	if parts := strings.Split(secret, "."); len(parts) == 3 && len(parts[2]) > 20 {
		told.secrets[parts[2]] = true // a token without its signature is none
	}
	return secret
}

// listen notes what may hold no canary at the end.
func listenFor(name string, text func() string) {
	told.mu.Lock()
	defer told.mu.Unlock()
	told.sinks = append(told.sinks, sink{name, text})
}

// searchCanaries reports the secrets that were told, and returns their number.
func searchCanaries() (hits, secrets, bytes int) {
	told.mu.Lock()
	defer told.mu.Unlock()
	for _, s := range told.sinks {
		text := s.text()
		bytes += len(text)
		for secret := range told.secrets {
			if at := strings.Index(text, secret); at >= 0 {
				hits++
				fmt.Fprintf(os.Stderr, "a secret of the tests was told in %s: …%.200s\n", s.name, text[max(0, at-100):])
			}
		}
	}
	return hits, len(told.secrets), bytes
}
