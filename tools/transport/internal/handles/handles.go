// Package handles makes opaque handles that only their maker can read, for one
// owner, one purpose and a limited time. It knows no protocol.
package handles

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// ErrForeign is returned by Open for what this Box did not seal, for another
// owner or purpose, or too long ago; the caller cannot tell which.
var ErrForeign = errors.New("not sealed here, or expired")

// Box seals with one key. Make it with New; safe for concurrent use.
type Box struct {
	aead cipher.AEAD
	now  func() time.Time
}

// New makes a Box whose key is derived from secret, which others may share for
// other uses.
func New(secret []byte) *Box {
	key, err := hkdf.Key(sha256.New, secret, nil, "fluxmcp handles v1", 32)
	if err != nil {
		panic(fmt.Sprintf("handles: derive key: %v", err)) // only for lengths beyond 8160 bytes
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(fmt.Sprintf("handles: cipher: %v", err)) // 32 bytes always fit
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(fmt.Sprintf("handles: GCM: %v", err)) // AES always fits
	}
	return &Box{aead: aead, now: time.Now}
}

// Seal makes a handle of data that Open gives back to the same owner, for the
// same purpose, until life has passed.
func (b *Box) Seal(owner, purpose, data string, life time.Duration) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(b.now().Add(life).Unix()))
	plain = append(plain, data...)
	return base64.RawURLEncoding.EncodeToString(b.aead.Seal(nil, nil, plain, bound(owner, purpose)))
}

// Open gives back what was sealed.
// Errors: ErrForeign.
func (b *Box) Open(owner, purpose, handle string) (string, error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(handle)
	if err != nil {
		return "", ErrForeign
	}
	plain, err := b.aead.Open(nil, nil, sealed, bound(owner, purpose))
	if err != nil || len(plain) < 8 || b.now().Unix() > int64(binary.BigEndian.Uint64(plain)) {
		return "", ErrForeign
	}
	return string(plain[8:]), nil
}

// bound is the authenticated text that no two pairs share.
func bound(owner, purpose string) []byte {
	text := binary.AppendUvarint(nil, uint64(len(owner)))
	return append(append(text, owner...), purpose...)
}
