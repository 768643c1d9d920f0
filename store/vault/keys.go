package vault

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/secretdata"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const (
	keySize     = 32 // of AES-256, bytes
	minText     = 32 // characters of a text that is no encoded key
	minDistinct = 10 // different bytes; of 32 random ones, fewer than 20 are there once in 10^9 keys
	derivation  = "fluxmcp vault key v1"
	keyIDLabel  = "fluxmcp vault key id v1"
)

type key struct {
	id    uint32
	bytes []byte
}

func parseKeys(texts []string) ([]key, error) {
	if len(texts) == 0 {
		return nil, &BadKey{Wrong: "is not set"}
	}
	var set []key
	for i, text := range texts {
		secret, wrong := parseKey(strings.TrimSpace(text))
		if wrong != "" {
			return nil, &BadKey{Number: i + 1, Wrong: wrong}
		}
		k := key{id: keyID(secret), bytes: secret}
		for _, other := range set {
			if bytes.Equal(other.bytes, k.bytes) {
				return nil, &BadKey{Number: i + 1, Wrong: "is there twice"}
			}
			if other.id == k.id {
				return nil, &BadKey{Number: i + 1, Wrong: "happens to have the id of another one, so that it cannot be used beside it"}
			}
		}
		set = append(set, k)
	}
	return set, nil
}

// parseKey gives the 32 bytes that a text stands for, or says what is wrong with it.
func parseKey(text string) (secret []byte, wrong string) {
	switch secret = decoded(text); {
	case text == "":
		return nil, "is empty"
	case secret == nil && utf8.RuneCountInString(text) < minText:
		return nil, fmt.Sprintf("is shorter than %d characters", minText)
	case placeholder(text), weak([]byte(text)), weak(secret):
		return nil, "is a placeholder or a pattern, not random"
	case secret != nil:
		return secret, ""
	}
	secret, err := hkdf.Key(sha256.New, []byte(text), nil, derivation, keySize)
	if err != nil {
		return nil, "cannot be used by this build: " + err.Error() // FIPS mode alone
	}
	return secret, ""
}

// decoded reads hex and base64 of exactly 32 bytes; nil: text is neither.
func decoded(text string) []byte {
	if b, err := hex.DecodeString(text); err == nil && len(b) == keySize {
		return b
	}
	bare := strings.TrimRight(text, "=")
	for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if b, err := alphabet.DecodeString(bare); err == nil && len(b) == keySize {
			return b
		}
	}
	return nil
}

// placeholder finds what examples have in the place of a key.
func placeholder(text string) bool {
	lower := strings.ToLower(text)
	return slices.ContainsFunc([]string{"change-this", "change-me", "changeme", "change_me", "change-in-production",
		"your-secret", "your_secret", "your-super", "your-key", "your_key", "your-encryption", "your_encryption", "replace-with", "replace_with", "placeholder", "example", "encryption-key", "encryption_key",
		"0123456789abcdef", "abcdefghijklmnop"}, func(part string) bool { return strings.Contains(lower, part) })
}

// weak finds bytes that nothing random gives: few different ones, a part that
// is repeated, or steps of one size, as in 00 01 02.
func weak(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	distinct, steps := map[byte]bool{}, map[byte]bool{}
	for i, c := range b {
		distinct[c] = true
		if i > 0 {
			steps[c-b[i-1]] = true
		}
	}
	return len(distinct) < minDistinct || len(steps) <= 2 || periodic(b)
}

// periodic tells whether b is one part over and over, the last time perhaps cut.
func periodic(b []byte) bool {
	for period := 1; period <= len(b)/2; period++ {
		if bytes.Equal(b[period:], b[:len(b)-period]) {
			return true
		}
	}
	return false
}

// keyID names a key without telling anything of it. It is never 0.
func keyID(secret []byte) uint32 {
	sum := sha256.Sum256(join(keyIDLabel, string(secret)))
	for at := 0; at+4 <= len(sum); at += 4 {
		if id := binary.BigEndian.Uint32(sum[at:]); id != 0 {
			return id
		}
	}
	return 1
}

// newBox makes Tink's keyset of keys, the first the primary one.
func newBox(set []key) (tink.AEAD, error) {
	params, err := aesgcm.NewParameters(aesgcm.ParametersOpts{KeySizeInBytes: keySize, IVSizeInBytes: 12, TagSizeInBytes: 16, Variant: aesgcm.VariantTink})
	if err != nil {
		return nil, fmt.Errorf("describe the keys: %w", err)
	}
	manager := keyset.NewManager()
	for _, k := range set {
		made, err := aesgcm.NewKey(secretdata.NewBytesFromData(k.bytes, insecuresecretdataaccess.Token{}), k.id, params)
		if err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		if _, err := manager.AddKey(made); err != nil {
			return nil, fmt.Errorf("add a key: %w", err)
		}
	}
	if err := manager.SetPrimary(set[0].id); err != nil {
		return nil, fmt.Errorf("choose the first key: %w", err)
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, fmt.Errorf("close the keyset: %w", err)
	}
	return aead.New(handle)
}
