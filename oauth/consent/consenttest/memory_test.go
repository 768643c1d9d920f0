package consenttest_test

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/fluxstudio/fluxmcp/oauth/consent/consenttest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	consenttest.Contract(t, func(*testing.T) consenttest.Kept {
		m := new(consenttest.Memory)
		return consenttest.Kept{Tickets: m, States: m, Age: m.Age}
	})
}

func TestNoAccountIsBoundWronglyInMemory(t *testing.T) {
	consenttest.Property(t, seed(t), 10_000, 2, func() consenttest.Kept {
		m := new(consenttest.Memory)
		return consenttest.Kept{Tickets: m, States: m, Age: m.Age}
	})
}

var seedFlag = flag.Uint64("consent.seed", 0, "seed of the property's cases; 0: a new one")

func seed(t *testing.T) uint64 {
	t.Helper()
	if *seedFlag != 0 {
		return *seedFlag
	}
	return rand.Uint64()
}
