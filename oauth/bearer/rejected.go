package bearer

import "time"

// Reasons of a Rejected.
const (
	ReasonMalformed       = "malformed"        // not a JWT, or a claim of the wrong JSON type
	ReasonTooLong         = "too_long"         // over 8 KiB
	ReasonAlgorithm       = "algorithm"        // not one that the issuer may use, or the key is for another
	ReasonSignature       = "signature"        // does not match
	ReasonExpired         = "expired"          // exp is past, beyond the leeway
	ReasonNotYetValid     = "not_yet_valid"    // nbf or iat is to come, beyond the leeway
	ReasonAudience        = "audience"         // aud is missing or names other servers only
	ReasonIssuer          = "issuer"           // not configured, and no secret is
	ReasonNoExpiry        = "no_expiry"        // exp is missing
	ReasonWrongType       = "wrong_type"       // the type claim or the typ header is not that of an access token
	ReasonNoSubject       = "no_subject"       // sub and id are missing or empty
	ReasonUnknownKey      = "unknown_key"      // the issuer publishes no such key, or which one is meant is not said
	ReasonKeysUnavailable = "keys_unavailable" // the issuer's keys were not fetched
)

// Rejected says that a token is not accepted, and why. It quotes neither the
// token nor a claim.
type Rejected struct{ Reason string }

// Error is fit for the one who sent the token.
func (e *Rejected) Error() string { return message(e.Reason) }

// Code is invalid_token, the error code of RFC 6750.
func (e *Rejected) Code() string { return "invalid_token" }

// Hint says how to get a token that is accepted.
func (e *Rejected) Hint() string { return hint(e.Reason) }

// Unavailable is a Rejected that is no fault of the token: the very same one may
// be accepted later. It unwraps to a *Rejected with ReasonKeysUnavailable.
type Unavailable struct{ after time.Duration }

// Error is fit for the one who sent the token.
func (e *Unavailable) Error() string { return message(ReasonKeysUnavailable) }

// Unwrap gives the *Rejected.
func (e *Unavailable) Unwrap() error { return &Rejected{ReasonKeysUnavailable} }

// Code is invalid_token, as of every Rejected.
func (e *Unavailable) Code() string { return "invalid_token" }

// Hint says to wait.
func (e *Unavailable) Hint() string { return hint(ReasonKeysUnavailable) }

// RetryAfter is when the keys are next fetched, at least 1 s.
func (e *Unavailable) RetryAfter() time.Duration { return max(e.after, time.Second) }

func message(reason string) string {
	switch reason {
	case ReasonMalformed:
		return "the token is not a well-formed JWT"
	case ReasonTooLong:
		return "the token is longer than 8 KiB"
	case ReasonAlgorithm:
		return "the token is signed with an algorithm that is not accepted"
	case ReasonSignature:
		return "the token's signature does not match"
	case ReasonExpired:
		return "the token has expired"
	case ReasonNotYetValid:
		return "the token is not valid yet"
	case ReasonAudience:
		return "the token was not issued for this server"
	case ReasonIssuer:
		return "the token's issuer is not accepted"
	case ReasonNoExpiry:
		return "the token has no expiry"
	case ReasonWrongType:
		return "the token is not an access token"
	case ReasonNoSubject:
		return "the token names no subject"
	case ReasonUnknownKey:
		return "the token is signed with a key that its issuer does not publish"
	case ReasonKeysUnavailable:
		return "the signing keys of the token's issuer cannot be fetched now"
	default:
		return "the token is not accepted"
	}
}

func hint(reason string) string {
	switch reason {
	case ReasonMalformed:
		return "Send the access token exactly as it was issued."
	case ReasonTooLong:
		return "Ask the issuer for a token with fewer claims."
	case ReasonAlgorithm:
		return "Ask the issuer for a token signed with RS256, PS256, ES256 or EdDSA."
	case ReasonNotYetValid:
		return "Check that the clocks of the issuer and of this server agree."
	case ReasonAudience:
		return "Request a token whose audience is this server's resource identifier."
	case ReasonIssuer:
		return "Get a token from an authorization server that this server's metadata names."
	case ReasonNoExpiry:
		return "Ask the issuer for a token with an exp claim."
	case ReasonWrongType:
		return "Send the access token, not a refresh token or an ID token."
	case ReasonNoSubject:
		return "Ask the issuer for a token with a sub claim."
	case ReasonKeysUnavailable:
		return "Send the same token again in a few seconds."
	default: // signature, expired, unknown_key
		return "Sign in again to get a new token."
	}
}
