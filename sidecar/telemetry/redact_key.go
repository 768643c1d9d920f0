package telemetry

import "strings"

// The kinds of names that attributes have.
const (
	keyOpen   = iota // nothing is known against it
	keySecret        // texts under it are secret, numbers are not: token_count
	keyClosed        // anything under it is secret: password
)

// keyKind tells whether what key names is secret, by the words it is made of:
// access_token, X-Api-Key and clientSecret are, tool and monkey are not.
func keyKind(key string) int {
	kind, before := keyOpen, ""
	for key != "" {
		n := wordEnd(key)
		word := key[:n]
		kind = max(kind, wordKind(before, word))
		key, before = strings.TrimLeft(key[n:], "_-. "), word
	}
	return kind
}

// wordEnd is where the first word of s ends: before a separator, and in camelCase
// before a capital.
func wordEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '_' || c == '-' || c == '.' || c == ' ':
			return i
		case upper(c) && (!upper(s[i-1]) || i+1 < len(s) && lower(s[i+1])):
			return i
		}
	}
	return len(s)
}

func upper(c byte) bool { return c >= 'A' && c <= 'Z' }
func lower(c byte) bool { return c >= 'a' && c <= 'z' }

// wordKind is the kind of a word that follows another one.
func wordKind(before, word string) int {
	if len(word) < 2 || len(word) > 32 {
		return keyOpen
	}
	var low [32]byte
	for i := range len(word) {
		low[i] = word[i]
		if upper(word[i]) {
			low[i] += 'a' - 'A'
		}
	}
	switch w := low[:len(word)]; string(w) {
	case "password", "passwd", "passphrase", "pwd", "secret", "secrets", "otp", "pin":
		return keyClosed
	case "authorization", "auth", "token", "tokens", "cookie", "cookies", "dsn", "jwt", "bearer", "apikey", "verifier",
		"credential", "credentials", "signature", "ticket", "pass", "assertion":
		return keySecret
	case "key":
		return keyOf(before)
	case "id":
		return sessionOf(before)
	default:
		return compound(string(w))
	}
}

func keyOf(before string) int {
	for _, w := range [...]string{"api", "private", "signing", "encryption", "secret", "access", "master", "session"} {
		if strings.EqualFold(before, w) {
			return keySecret
		}
	}
	return keyOpen
}

func sessionOf(before string) int {
	if strings.EqualFold(before, "session") {
		return keySecret
	}
	return keyOpen
}

// compound is the kind of words written together.
func compound(w string) int {
	if strings.HasSuffix(w, "password") || strings.HasSuffix(w, "secret") {
		return keyClosed
	}
	if strings.HasSuffix(w, "token") || strings.HasSuffix(w, "cookie") || strings.HasSuffix(w, "apikey") {
		return keySecret
	}
	return keyOpen
}
