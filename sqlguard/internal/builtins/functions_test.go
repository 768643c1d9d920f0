package builtins

import (
	"strings"
	"testing"
)

func TestRefusedStableNamesExist(t *testing.T) {
	for _, list := range []string{refusedStable, timeDependent, relationByText} {
		for _, name := range strings.Fields(list) {
			if _, known := Lookup(name); !known && name != "pg_prepared_xact" && name != "current_user" {
				t.Errorf("%q is in a list but no function of PostgreSQL has this name", name)
			}
		}
	}
}
