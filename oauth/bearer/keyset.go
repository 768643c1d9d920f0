package bearer

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"slices"

	"github.com/MicahParks/jwkset"
)

const (
	maxKeys    = 100  // of one issuer, the first ones; a lookup compares them all
	minRSABits = 2048 // RFC 7518 section 3.3
	maxRSABits = 8192 // beyond, one check takes milliseconds; crypto/tls draws the same line
)

// publicKey is one that an issuer signs with. alg may be empty: any that fits.
type publicKey struct {
	kid, alg string
	key      any // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

// keySet is never changed once made.
type keySet []publicKey

// parseKeys takes the usable keys of a JWK set (RFC 7517 section 5), and leaves
// out those it has no use for, as that section says. ok is false where text is
// no such set; an empty set is one.
func parseKeys(text []byte) (set keySet, ok bool) {
	var doc struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &doc); err != nil || doc.Keys == nil {
		return nil, false
	}
	for _, raw := range doc.Keys[:min(len(doc.Keys), maxKeys)] {
		if k, usable := parseKey(raw); usable {
			set = append(set, k)
		}
	}
	return set, true
}

func parseKey(raw json.RawMessage) (publicKey, bool) {
	var m jwkset.JWKMarshal
	if err := json.Unmarshal(raw, &m); err != nil {
		return publicKey{}, false
	}
	forOther := m.USE != "" && m.USE != jwkset.UseSig || len(m.KEYOPS) > 0 && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify)
	// Who publishes a secret or a private half lets everyone sign.
	if forOther || m.K != "" || m.D != "" {
		return publicKey{}, false
	}
	k, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil || !strong(k.Key()) {
		return publicKey{}, false
	}
	return publicKey{kid: m.KID, alg: string(m.ALG), key: k.Key()}, true
}

func strong(key any) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() >= minRSABits && k.N.BitLen() <= maxRSABits
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	default:
		return false
	}
}

// fits says whether k may check alg. golang-jwt does not compare the curve.
func (k publicKey) fits(alg string) bool {
	if k.alg != "" && k.alg != alg {
		return false
	}
	switch key := k.key.(type) {
	case *rsa.PublicKey:
		return len(alg) > 2 && (alg[:2] == "RS" || alg[:2] == "PS")
	case *ecdsa.PublicKey:
		return curveAlg(key) == alg
	default:
		return alg == "EdDSA"
	}
}

// curveAlg is the one algorithm of a curve (RFC 7518 section 3.4).
func curveAlg(k *ecdsa.PublicKey) string {
	switch k.Curve {
	case elliptic.P256():
		return "ES256"
	case elliptic.P384():
		return "ES384"
	case elliptic.P521():
		return "ES512"
	default:
		return ""
	}
}

// has says whether any key goes by kid.
func (s keySet) has(kid string) bool {
	return slices.ContainsFunc(s, func(k publicKey) bool { return k.kid == kid })
}

// pick gives the one key that kid and alg mean, or the reason why there is none.
// A token without kid names its key only where no other fits.
func (s keySet) pick(kid, alg string) (key any, reason string) {
	var fitting []any
	for _, k := range s {
		if (kid == "" || k.kid == kid) && k.fits(alg) {
			fitting = append(fitting, k.key)
		}
	}
	switch {
	case len(fitting) == 1:
		return fitting[0], ""
	case len(fitting) == 0 && kid != "" && s.has(kid):
		return nil, ReasonAlgorithm
	default:
		return nil, ReasonUnknownKey
	}
}
