package bearer

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// signedTime is how long FluxStudio's access tokens live.
const signedTime = 15 * time.Minute

// Sign makes an HS256 token for development, with FluxStudio's claims and the
// standard ones, that a Verifier with the same secret and audience accepts.
// An empty c.Issuer is DefaultIssuer, an empty c.ID random, and a zero c.Expires
// 15 minutes after now; c.Scopes count only where c.Scoped is set.
//
// Errors: *BadConfig.
func Sign(secret []byte, c Claims, audience []string, now time.Time) (string, error) {
	c = c.withDefaults(now)
	if err := c.checkSignable(secret, audience, now); err != nil {
		return "", err
	}
	claims := jwt.MapClaims{
		"iss": c.Issuer, "sub": c.Subject, "id": c.Subject, "aud": audience, "jti": c.ID,
		"type": "access", "iat": now.Unix(), "exp": c.Expires.Unix(),
	}
	if c.Email != "" {
		claims["email"] = c.Email
	}
	if c.ClientID != "" {
		claims["client_id"] = c.ClientID
	}
	if len(c.Roles) > 0 {
		claims["userType"], claims["roles"] = c.Roles[0], c.Roles
	}
	if c.Scoped {
		claims["scope"] = strings.Join(c.Scopes, " ")
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	return token, nil
}

func (c Claims) withDefaults(now time.Time) Claims {
	if c.Issuer == "" {
		c.Issuer = DefaultIssuer
	}
	if c.ID == "" {
		c.ID = rand.Text()
	}
	if c.Expires.IsZero() {
		c.Expires = now.Add(signedTime)
	}
	return c
}

// checkSignable refuses what Verify would refuse later.
func (c Claims) checkSignable(secret []byte, audience []string, now time.Time) error {
	if err := checkLength(secret); err != nil {
		return err
	}
	if err := checkAudiences(Config{Audiences: audience}); err != nil {
		return err
	}
	if c.Subject == "" || !plain(c.Subject) || !plain(c.Email) || !plain(c.ClientID) || !plain(c.ID) || !wellFormedIssuer(c.Issuer) {
		return &BadConfig{"the subject is empty, or a claim is over 255 bytes or has a control character",
			"Name a subject, and keep each claim short and on one line."}
	}
	if slices.ContainsFunc(c.Roles, notWord) || slices.ContainsFunc(c.Scopes, notScope) {
		return &BadConfig{"a role or scope is empty, too long or has a control character, or a scope has a space",
			"Give each role and each scope as a value of its own."}
	}
	if !c.Expires.After(now) || c.Expires.Unix() > maxTime {
		return &BadConfig{"the token would expire before it is signed, or after the year 9999", "Set a time to come as the expiry."}
	}
	return nil
}

func notWord(s string) bool { return s == "" || !plain(s) }

func notScope(s string) bool { return notWord(s) || strings.Contains(s, " ") }
