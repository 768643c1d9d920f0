package vault_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/store/vault"
)

// random is 32 bytes that nothing is wrong with; in base64 it has both of the
// letters that the alphabets differ in.
const random = "\xfb\xff\xfe\x13\x77\x02\x9a\xc4\x31\x5d\xe8\x60\x0b\xa7\xd2\x49\x8c\x1e\xf3\x56\x2a\xb9\x04\xcd\x71\x95\x3f\xe2\x18\x6b\xad\x50"

func TestKeyTexts(t *testing.T) {
	raw := []byte(random)
	std, web := base64.StdEncoding.EncodeToString(raw), base64.URLEncoding.EncodeToString(raw)
	same := newVault(t, std).KeyID()
	for _, c := range []struct {
		name, text, wrong string // wrong: empty where it is taken
		derived           bool   // not the 32 bytes of random
	}{
		{"base64", std, "", false},
		{"base64 without padding", strings.TrimRight(std, "="), "", false},
		{"base64url", web, "", false},
		{"base64url without padding", strings.TrimRight(web, "="), "", false},
		{"hex", hex.EncodeToString(raw), "", false},
		{"hex in capitals", strings.ToUpper(hex.EncodeToString(raw)), "", false},
		{"white space around it", " " + std + "\n", "", false},
		{"any text of 32 characters", "correct horse battery staple why", "", true},
		{"base64 of 48 bytes is a text", base64.StdEncoding.EncodeToString([]byte(random + random[3:19])), "", true},
		{"32 characters of several bytes each", "pāskvīlīgs žurnāls ķēniņu āmurs!", "", true},

		{"none", "", "is empty", false},
		{"blanks", "   ", "is empty", false},
		{"a text of 31 characters", "correct horse battery staple wh", "is shorter", false},
		{"base64 of 16 bytes", base64.StdEncoding.EncodeToString(raw[:16]), "is shorter", false},
		{"31 characters of several bytes each", "pāskvīlīgs žurnāls ķēniņu āmurs", "is shorter", false},
		{"zeros in base64", base64.StdEncoding.EncodeToString(make([]byte, 32)), "placeholder", false},
		{"zeros in hex", strings.Repeat("00", 32), "placeholder", false},
		{"bytes that count up", hex.EncodeToString(counting()), "placeholder", false},
		{"a part that is repeated in hex", strings.Repeat("0123456789abcdef", 4), "placeholder", false},
		{"a part that is repeated in base64", base64.StdEncoding.EncodeToString([]byte(strings.Repeat(random[:16], 2))), "placeholder", false},
		{"a letter that is repeated", strings.Repeat("x", 40), "placeholder", false},
		{"a word that is repeated", strings.Repeat("correct-horse-", 4), "placeholder", false},
		{"few different letters", "abcabdabeabfabcabdabfabeabdabcab", "placeholder", false},
		{"what examples say", "CHANGE-ME-to-some-32-byte-secret!", "placeholder", false},
		{"what other examples say", "your-encryption-key-of-32-characters", "placeholder", false},
	} {
		v, err := vault.New([]string{c.text})
		if c.wrong == "" {
			if err != nil || (v.KeyID() == same) == c.derived {
				t.Errorf("%s: got %v, %v; want a key, derived from the text: %v", c.name, v, err, c.derived)
			}
			continue
		}
		var told coded
		if !errors.As(err, &told) || told.Code() != "bad_setting" || !strings.Contains(err.Error(), c.wrong) || told.Hint() == "" {
			t.Errorf("%s: got %v, want bad_setting with %q and a hint", c.name, err, c.wrong)
			continue
		}
		if text := strings.TrimSpace(c.text); text != "" && strings.Contains(err.Error()+told.Hint(), text) {
			t.Errorf("%s: %v shows the key", c.name, err)
		}
	}
}

func counting() []byte {
	b := make([]byte, 32)
	for i := range b {
		b[i] = byte(i + 7)
	}
	return b
}

func TestKeyLists(t *testing.T) {
	a, b := vault.Generate(), base64.StdEncoding.EncodeToString([]byte(random))
	for _, c := range []struct {
		name  string
		keys  []string
		wrong string
	}{
		{"no key", nil, "OAUTH_ENCRYPTION_KEY is not set"},
		{"the second is short", []string{a, "short"}, "key 2 of OAUTH_ENCRYPTION_KEY is shorter"},
		{"one key twice", []string{a, b, a}, "key 3 of OAUTH_ENCRYPTION_KEY is there twice"},
		{"one key in two ways of writing", []string{b, hex.EncodeToString([]byte(random))}, "key 2 of OAUTH_ENCRYPTION_KEY is there twice"},
	} {
		if _, err := vault.New(c.keys); err == nil || !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.wrong)
		}
	}
}

// TestKeysStayWhatTheyAre: what was sealed must open after an upgrade of
// fluxmcp, so neither ids nor derivation may change.
func TestKeysStayWhatTheyAre(t *testing.T) {
	p := vault.Place{Table: "oauth_tokens", Row: "6f1c1ae0-0000-4000-8000-000000000001", Column: "access_token", Version: 7}
	for _, c := range []struct{ name, key, id, sealed string }{
		{"32 bytes", hex.EncodeToString([]byte(random)), "92be2f3e", "0192be2f3e7d5c4abddb24ccc7c805073dc4aa66299d28670f386aa77d02c7a9ba7f5c66f2a9"},
		{"a text", "correct horse battery staple why", "83fccc84", "0183fccc8423bbc9e1b677213f4ffc184c53a39f97adfa4cf1ae55e16608f1e3493579b0fd6d"},
	} {
		v := newVault(t, c.key)
		if got := vault.KeyName(v.KeyID()); got != c.id {
			t.Errorf("%s: id %s, want %s", c.name, got, c.id)
		}
		sealed, err := hex.DecodeString(c.sealed)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got, err := v.Open(sealed, p); err != nil || string(got) != "token" {
			t.Errorf("%s: got %q, %v; want what an earlier fluxmcp sealed", c.name, got, err)
		}
	}
}

func TestGeneratedKeysAreTaken(t *testing.T) {
	seen := map[int64]bool{}
	for range 200 {
		key := vault.Generate()
		v, err := vault.New([]string{key})
		if err != nil || len(key) != 44 {
			t.Fatalf("generated key of %d characters: %v; want 44 that are taken", len(key), err)
		}
		if id := v.KeyID(); id <= 0 || id > 1<<32-1 {
			t.Errorf("key id %d, want 1 to 2^32-1", id)
		}
		seen[v.KeyID()] = true
	}
	if len(seen) != 200 {
		t.Errorf("%d different ids of 200 keys, want 200", len(seen))
	}
}
