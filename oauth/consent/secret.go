package consent

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

const (
	ticketBytes = 24 // 192 bits
	secretBytes = 32 // of states, cookies and decisions

	codeLength = 8
	// Without 0 O 1 I L, which look alike, and U, so that no word comes out.
	codeAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// random returns n random bytes in base64url.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// wellFormed tells whether text is one that random(n) can return.
func wellFormed(text string, n int) bool {
	if len(text) != base64.RawURLEncoding.EncodedLen(n) {
		return false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(b) == n
}

// newID returns a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

func wellFormedID(id string) bool {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return false
	}
	b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	return err == nil && len(b) == 16
}

// digest is SHA-256 over label and texts, each with its length, so that no two
// lists of them give the same bytes.
func digest(label string, texts ...string) []byte {
	h := sha256.New()
	for _, t := range append([]string{"fluxmcp consent v1", label}, texts...) {
		_, _ = h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(t)))) // never fails, nor does the next
		_, _ = h.Write([]byte(t))
	}
	return h.Sum(nil)
}

// newCode returns a pairing code without its hyphen.
func newCode() string {
	const fair = 256 - 256%len(codeAlphabet) // bytes from here on would make some letters likelier
	code := make([]byte, 0, codeLength)
	var b [1]byte
	for len(code) < codeLength {
		_, _ = rand.Read(b[:]) // never fails
		if int(b[0]) < fair {
			code = append(code, codeAlphabet[int(b[0])%len(codeAlphabet)])
		}
	}
	return string(code)
}

// shown is how people read a code.
func shown(code string) string { return code[:codeLength/2] + "-" + code[codeLength/2:] }

// typed is a code as people type it, in any case, with blanks or hyphens; empty: it is none.
func typed(text string) string {
	if len(text) > 64 {
		return ""
	}
	code := strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\t", "", "\u2010", "", "\u2011", "", "\u2013", "").Replace(text))
	if len(code) != codeLength || strings.Trim(code, codeAlphabet) != "" {
		return ""
	}
	return code
}

// codeDigest binds a code to its ticket, so that nobody who reads the store
// can try codes: they would have to know the ticket.
func codeDigest(ticket, code string) []byte { return digest("code", ticket, code) }

// cookieDigest is nil where the cookie is none of ours.
func cookieDigest(cookie string) []byte {
	if !wellFormed(cookie, secretBytes) {
		return nil
	}
	return digest("cookie", cookie)
}

// word is a provider's error code fit to be stored and shown.
func word(text string) string {
	const known = "abcdefghijklmnopqrstuvwxyz0123456789_.-"
	if len(text) > 64 || strings.Trim(strings.ToLower(text), known) != "" {
		return "other"
	}
	return strings.ToLower(text)
}
