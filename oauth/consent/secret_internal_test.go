package consent

import (
	"bytes"
	"strings"
	"testing"
)

func TestCodesAreEven(t *testing.T) {
	count := map[rune]int{}
	const codes = 100_000
	for range codes {
		for _, c := range newCode() {
			count[c]++
		}
	}
	mean := codes * codeLength / len(codeAlphabet)
	for _, c := range codeAlphabet {
		if n := count[c]; n < mean*96/100 || n > mean*104/100 {
			t.Errorf("%c came %d times, want about %d", c, n, mean)
		}
	}
	if len(count) != len(codeAlphabet) {
		t.Errorf("%d letters came, want %d", len(count), len(codeAlphabet))
	}
}

func TestTypedCodes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"as shown", "ABCD-2345", "ABCD2345"},
		{"in small letters, with blanks", " abcd 2345\t", "ABCD2345"},
		{"with a typographic hyphen", "ABCD\u20112345", "ABCD2345"},
		{"too short", "ABCD-234", ""},
		{"too long", "ABCD-23456", ""},
		{"with a letter that no code has", "ABCD-2340", ""},
		{"very long", strings.Repeat(" ", 1000) + "ABCD2345", ""},
		{"nothing", "", ""},
	} {
		if got := typed(c.text); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if got := typed(shown("ABCD2345")); got != "ABCD2345" {
		t.Errorf("what is shown is read as %q", got)
	}
}

func TestDigestsDiffer(t *testing.T) {
	all := [][]byte{
		digest("a", "bc"), digest("ab", "c"), digest("a", "b", "c"), digest("a", "c", "b"), digest("a"), digest("a", ""),
		codeDigest("t", "c"), codeDigest("u", "c"), codeDigest("t", "d"),
	}
	for i, a := range all {
		for _, b := range all[:i] {
			if bytes.Equal(a, b) {
				t.Errorf("digest %d is that of another one", i)
			}
		}
	}
}

func TestErrorCodesOfProviders(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a code", "server_error", "server_error"},
		{"a code in capitals", "Server-Error", "server-error"},
		{"markup", "<script>", "other"},
		{"a line end", "a\nb", "other"},
		{"very long", strings.Repeat("a", 65), "other"},
	} {
		if got := word(c.text); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNamesThatOthersGive(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a name stays", "Ada Lovelace (ada@example.com) é 龍", "Ada Lovelace (ada@example.com) é 龍"},
		{"what cannot be stored or seen goes", "a\x00b\nc\xff\u202ed\u200b", "abcd"},
		{"what is too long is cut", strings.Repeat("é", 101), strings.Repeat("é", 99) + "…"},
	} {
		if got := plain(c.text); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
