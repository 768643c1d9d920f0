// Package vault seals what must not be readable in a database: tokens, code
// verifiers, payloads. What is sealed is bound to its place, so that a
// ciphertext that was moved to another row, column, table or version cannot be
// opened. It knows keys and bytes, and neither the database nor what the bytes mean.
//
// Seals are AES-256-GCM by Tink: one byte of format, four of the key's id, a
// random nonce of 12, the ciphertext, and a tag of 16.
// Source: https://developers.google.com/tink/wire-format
package vault

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// Overhead is by how many bytes a sealed text is longer than the plain one.
const Overhead = prefixSize + 12 + 16

const (
	prefixSize   = 5
	prefixFormat = 1 // of Tink's own prefix
	placeLabel   = "fluxmcp/v1"
)

// Vault seals with its first key and opens with all of them. It is safe for
// concurrent use.
type Vault struct {
	box tink.AEAD
	ids []int64 // the first is the primary key's
}

// Place is where a sealed text is kept. Only what is opened in the place it
// was sealed for can be opened at all.
type Place struct {
	Table, Row, Column string // Row: its primary key as text
	Version            int64  // of the row, so that an older state cannot be put back
}

// New makes a vault of keys. The first one seals, all of them open, so that a
// key can be replaced while what it sealed is still there. A key is base64
// (either alphabet, padded or not) or hex of exactly 32 bytes; any other text
// of 32 characters or more is turned into one by HKDF-SHA256.
//
// Errors: *BadKey, which does not show the key.
func New(keys []string) (*Vault, error) {
	set, err := parseKeys(keys)
	if err != nil {
		return nil, err
	}
	v := &Vault{}
	for _, k := range set {
		v.ids = append(v.ids, int64(k.id))
	}
	v.box, err = newBox(set)
	return v, err
}

// Generate makes a key for New: base64 of 32 random bytes.
func Generate() string {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

// Seal encrypts plain for p. The same text sealed twice differs.
func (v *Vault) Seal(plain []byte, p Place) []byte {
	sealed, err := v.box.Encrypt(plain, p.bind())
	if err != nil {
		panic("vault: seal: " + err.Error()) // only for texts of 64 GB
	}
	return sealed
}

// Open decrypts what Seal made for the same place.
// Errors: *Unreadable.
func (v *Vault) Open(sealed []byte, p Place) ([]byte, error) {
	plain, err := v.box.Decrypt(sealed, p.bind())
	if err != nil {
		return nil, v.unreadable(sealed, p)
	}
	return plain, nil
}

// KeyID is the id of the key that seals. It follows from the key, is positive,
// and fits into 32 bits.
func (v *Vault) KeyID() int64 { return v.ids[0] }

// KeyIDs are the ids of all keys that open, that of KeyID first.
func (v *Vault) KeyIDs() []int64 { return slices.Clone(v.ids) }

// KeyOf is the id of the key that sealed a text; false where it cannot have
// been sealed by a vault.
func KeyOf(sealed []byte) (int64, bool) {
	if len(sealed) < Overhead || sealed[0] != prefixFormat {
		return 0, false
	}
	return int64(binary.BigEndian.Uint32(sealed[1:prefixSize])), true
}

// KeyName writes a key's id as people read it: eight hexadecimal digits.
func KeyName(id int64) string { return fmt.Sprintf("%08x", id) }

// Digest is a hash for texts that are only compared and never read back, such
// as tickets, states, cookies and codes: SHA-256 over label and text. A label
// is one word for what the text is, so that digests of different things are
// never equal. It is for texts that nobody can guess: it has no key, and is fast.
func Digest(label, text string) []byte {
	h := sha256.New()
	_, _ = h.Write(join(placeLabel, "digest", label, text)) // never fails
	return h.Sum(nil)
}

// bind is what a ciphertext is bound to. Each part comes with its length, so
// that no two places give the same bytes.
func (p Place) bind() []byte {
	version := binary.BigEndian.AppendUint64(nil, uint64(p.Version))
	return join(placeLabel, p.Table, p.Row, p.Column, string(version))
}

// join writes parts so that they can be told apart.
func join(parts ...string) []byte {
	size := 0
	for _, p := range parts {
		size += 4 + len(p)
	}
	joined := make([]byte, 0, size)
	for _, p := range parts {
		joined = binary.BigEndian.AppendUint32(joined, uint32(len(p)))
		joined = append(joined, p...)
	}
	return joined
}

// Format shows the ids of the keys and nothing else, whatever the verb.
func (v *Vault) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.label()) } // a formatter's writer keeps its own error

// LogValue shows what Format shows.
func (v *Vault) LogValue() slog.Value { return slog.StringValue(v.label()) }

func (v *Vault) label() string {
	names := make([]string, len(v.ids))
	for i, id := range v.ids {
		names[i] = KeyName(id)
	}
	return "vault of keys " + strings.Join(names, ", ")
}
