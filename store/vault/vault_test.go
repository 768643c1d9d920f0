package vault_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fluxstudio/fluxmcp/store/vault"
)

func newVault(t testing.TB, keys ...string) *vault.Vault {
	t.Helper()
	v, err := vault.New(keys)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// coded is an error with what tells a caller what to do.
type coded interface {
	error
	Code() string
	Hint() string
}

func TestWhatIsSealedOpensInItsPlaceAlone(t *testing.T) {
	v, other := newVault(t, vault.Generate()), newVault(t, vault.Generate())
	part := rapid.SampledFrom([]string{"", "a", "b", "ab", "oauth_tokens", "access_token", "refresh_token", "a\x00", "\x00\x00\x00\x01a"})
	places := rapid.Custom(func(t *rapid.T) vault.Place {
		return vault.Place{Table: part.Draw(t, "table"), Row: part.Draw(t, "row"), Column: part.Draw(t, "column"),
			Version: rapid.SampledFrom([]int64{-1, 0, 1, 2, 1 << 40}).Draw(t, "version")}
	})
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "plain")
		here, there := places.Draw(t, "here"), places.Draw(t, "there")
		sealed := v.Seal(plain, here)
		got, err := v.Open(sealed, there)
		var closed *vault.Unreadable
		switch {
		case here == there && (err != nil || !bytes.Equal(got, plain)):
			t.Fatalf("sealed and opened at %+v: got %q, %v; want %q", here, got, err, plain)
		case here != there && (!errors.As(err, &closed) || got != nil):
			t.Fatalf("sealed at %+v, opened at %+v: got %q, %v; want *Unreadable", here, there, got, err)
		}
		if got, err := other.Open(sealed, here); !errors.As(err, &closed) || got != nil {
			t.Fatalf("opened by another vault: got %q, %v; want *Unreadable", got, err)
		}
	})
}

// TestMovedCiphertextsAreRefused tries every pair of 96 places that differ in
// one part or several.
func TestMovedCiphertextsAreRefused(t *testing.T) {
	v := newVault(t, vault.Generate())
	var places []vault.Place
	for _, table := range []string{"oauth_tokens", "oauth_state_tokens"} {
		for _, row := range []string{"1", "2", "11", "6f1c1ae0-0000-4000-8000-000000000001"} {
			for _, column := range []string{"access_token", "refresh_token", "1"} {
				for version := range int64(4) {
					places = append(places, vault.Place{Table: table, Row: row, Column: column, Version: version})
				}
			}
		}
	}
	tried, refused := 0, 0
	for _, from := range places {
		sealed := v.Seal([]byte("xoxb-secret"), from)
		for _, to := range places {
			if from == to {
				continue
			}
			tried++
			if _, err := v.Open(sealed, to); errors.As(err, new(*vault.Unreadable)) {
				refused++
			}
		}
	}
	if tried != 96*95 || refused != tried {
		t.Errorf("%d of %d moved ciphertexts refused, want all of %d", refused, tried, 96*95)
	}
}

func TestEveryChangedBitIsNoticed(t *testing.T) {
	v := newVault(t, vault.Generate())
	p := vault.Place{Table: "t", Row: "1", Column: "c", Version: 1}
	sealed := v.Seal([]byte("token"), p)
	if want := len("token") + vault.Overhead; len(sealed) != want {
		t.Errorf("%d bytes sealed, want %d", len(sealed), want)
	}
	for bit := range 8 * len(sealed) {
		changed := bytes.Clone(sealed)
		changed[bit/8] ^= 1 << (bit % 8)
		if _, err := v.Open(changed, p); !errors.As(err, new(*vault.Unreadable)) {
			t.Errorf("bit %d changed: got %v, want *Unreadable", bit, err)
		}
	}
	for size := range len(sealed) {
		if _, err := v.Open(sealed[:size], p); !errors.As(err, new(*vault.Unreadable)) {
			t.Errorf("cut to %d bytes: got %v, want *Unreadable", size, err)
		}
	}
}

func TestSealsDiffer(t *testing.T) {
	v := newVault(t, vault.Generate())
	seen := map[string]bool{}
	for range 1000 {
		seen[string(v.Seal([]byte("same"), vault.Place{}))] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d different seals of one text, want 1000", len(seen))
	}
}

func TestRotationKeepsWhatIsThereReadable(t *testing.T) {
	p := vault.Place{Table: "t", Row: "1", Column: "c", Version: 1}
	oldKey, newKey := vault.Generate(), vault.Generate()
	before, rolling, after, done := newVault(t, oldKey), newVault(t, oldKey, newKey), newVault(t, newKey, oldKey), newVault(t, newKey)
	was, is := before.Seal([]byte("old"), p), after.Seal([]byte("new"), p)
	for _, c := range []struct {
		name         string
		v            *vault.Vault
		sealed       []byte
		want, reason string
	}{
		{"the old key opens its own", before, was, "old", ""},
		{"both keys, the old one first, open the old", rolling, was, "old", ""},
		{"both keys, the old one first, open the new", rolling, is, "new", ""},
		{"both keys, the new one first, open the old", after, was, "old", ""},
		{"the new key alone opens the new", done, is, "new", ""},
		{"the new key alone names the key that is missing", done, was, "", vault.KeyName(before.KeyID())},
		{"the old key alone names the key that is missing", before, is, "", vault.KeyName(done.KeyID())},
		{"a text that was never sealed is told apart", done, []byte("plain text of the database, long enough to be one"), "", "no sealed text"},
	} {
		got, err := c.v.Open(c.sealed, p)
		if string(got) != c.want || (c.reason == "") != (err == nil) {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		}
		var told coded
		if c.reason != "" && (!errors.As(err, &told) || told.Code() != "vault_unreadable" || !strings.Contains(err.Error(), c.reason)) {
			t.Errorf("%s: got %v, want vault_unreadable with %q", c.name, err, c.reason)
		}
	}
	if got, ok := vault.KeyOf(was); !ok || got != before.KeyID() || got == after.KeyID() {
		t.Errorf("key of the old seal: got %v, %v; want %d, which the new one is not", got, ok, before.KeyID())
	}
	if ids := after.KeyIDs(); len(ids) != 2 || ids[0] != done.KeyID() || ids[1] != before.KeyID() || after.KeyID() != ids[0] {
		t.Errorf("keys %v, want the new one %d and then %d", ids, done.KeyID(), before.KeyID())
	}
}

func TestUnreadableSaysWhatToDoAndShowsNothing(t *testing.T) {
	oldKey, newKey := vault.Generate(), vault.Generate()
	v, before := newVault(t, newKey), newVault(t, oldKey)
	p := vault.Place{Table: "oauth_tokens", Row: "row-77", Column: "access_token", Version: 4}
	_, missing := v.Open(before.Seal([]byte("xoxb-secret"), p), p)
	_, moved := v.Open(v.Seal([]byte("xoxb-secret"), p), vault.Place{Table: "oauth_tokens", Row: "row-78", Column: "access_token", Version: 4})
	for _, c := range []struct {
		name string
		err  error
		hint string
	}{
		{"a missing key is to be added", missing, "add the old key, of id " + vault.KeyName(before.KeyID()) + ", at the end of OAUTH_ENCRYPTION_KEY"},
		{"a moved ciphertext is a change from outside", moved, "changed outside fluxmcp"},
	} {
		var told *vault.Unreadable
		if !errors.As(c.err, &told) || !strings.Contains(told.Hint(), c.hint) {
			t.Fatalf("%s: got %v, want a hint with %q", c.name, c.err, c.hint)
		}
		if cause := told.LogCause(); !strings.Contains(cause, "row-7") {
			t.Errorf("%s: cause %q, want the row in it", c.name, cause)
		}
		for _, secret := range []string{"xoxb", oldKey, newKey} {
			if all := fmt.Sprintf("%v %+v %s %s", told, told, told.Hint(), told.LogCause()); strings.Contains(all, secret) {
				t.Errorf("%s: %q shows %q", c.name, all, secret)
			}
		}
	}
}

func TestVaultShowsNoKey(t *testing.T) {
	key := "a passphrase, long enough, that nobody knows"
	v := newVault(t, key)
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("vault", slog.Any("v", v))
	text, err := json.Marshal(map[string]any{"v": v})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	fmt.Fprintf(&out, "%v %+v %#v %s %d %x %v", v, v, v, v, v, v, struct{ V *vault.Vault }{v})
	if got := out.String(); strings.Contains(got, "passphrase") || len(got) > 1000 {
		t.Errorf("logged and printed: %d bytes, %.200q; want the names of keys alone", len(got), got)
	}
	if got, want := fmt.Sprint(v), "vault of keys "+vault.KeyName(v.KeyID()); got != want {
		t.Errorf("printed: got %q, want %q", got, want)
	}
}

func TestDigest(t *testing.T) {
	if got, want := fmt.Sprintf("%x", vault.Digest("ticket", "abc")), "40100da52ec36fb8bf630478437750ad47fb4c2905b75ceed523af9f071f5363"; got != want {
		t.Errorf("digest %s, want %s, as an earlier fluxmcp stored it", got, want)
	}
	for _, c := range []struct {
		name                         string
		label, text, label2, another string
		same                         bool
	}{
		{"the same text has the same digest", "ticket", "abc", "ticket", "abc", true},
		{"another text has another", "ticket", "abc", "ticket", "abd", false},
		{"the same text as something else has another", "ticket", "abc", "state", "abc", false},
		{"label and text are told apart", "tick", "etabc", "ticket", "abc", false},
	} {
		if got := bytes.Equal(vault.Digest(c.label, c.text), vault.Digest(c.label2, c.another)); got != c.same {
			t.Errorf("%s: equal is %v, want %v", c.name, got, c.same)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	v := newVault(b, vault.Generate())
	token, p := bytes.Repeat([]byte("t"), 200), vault.Place{Table: "oauth_tokens", Row: "6f1c1ae0-0000-4000-8000-000000000001", Column: "access_token", Version: 3}
	b.ReportAllocs()
	for b.Loop() {
		v.Seal(token, p)
	}
}

func BenchmarkOpen(b *testing.B) {
	v := newVault(b, vault.Generate(), vault.Generate())
	p := vault.Place{Table: "oauth_tokens", Row: "6f1c1ae0-0000-4000-8000-000000000001", Column: "access_token", Version: 3}
	sealed := v.Seal(bytes.Repeat([]byte("t"), 200), p)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Open(sealed, p); err != nil {
			b.Fatal(err)
		}
	}
}
