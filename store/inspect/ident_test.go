package inspect_test

import (
	"testing"

	"github.com/fluxstudio/fluxmcp/store/inspect"
)

func TestIdent(t *testing.T) {
	for name, want := range map[string]string{
		"users": "users", "user": `"user"`, "Users": `"Users"`, "Ship To": `"Ship To"`, `a"b`: `"a""b"`, "_x$1": "_x$1", "1x": `"1x"`, "": `""`, "größe": `"größe"`,
	} {
		if got := inspect.Ident(name); got != want {
			t.Errorf("Ident(%q): got %s, want %s", name, got, want)
		}
	}
}
