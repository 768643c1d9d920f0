package tools

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"
)

// Principal is who is asking: the identity that sessions, limits, caches,
// cursors and audit entries belong to. The zero value is the local user.
type Principal struct {
	Issuer  string   // iss of the token; LocalIssuer for stdio and --auth none
	Subject string   // sub of the token, unique within the issuer
	Email   string   // as the issuer gives it, may be empty
	Roles   []string // as of the token
	Scopes  []string // as of the token
	Scoped  bool     // the token names scopes, so that only those count
	Client  string   // client id of the token, may be empty
	Admin   bool     // may run the server

	Expires time.Time // of the token; zero: never
}

// LocalIssuer is the issuer of the one user of a server without authentication.
const LocalIssuer = "local"

// ID names the principal to people: issuer|subject.
func (p Principal) ID() string { return p.issuer() + "|" + p.Subject }

// Key is a digest of issuer and subject, 32 hexadecimal digits, for keys and
// logs. Two principals never share one, whatever their issuers and subjects hold.
func (p Principal) Key() string {
	issuer := p.issuer()
	text := binary.AppendUvarint(nil, uint64(len(issuer)))
	text = append(append(text, issuer...), p.Subject...)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

func (p Principal) issuer() string {
	if p.Issuer == "" {
		return LocalIssuer
	}
	return p.Issuer
}

// HasRole reports whether the token carries role.
func (p Principal) HasRole(role string) bool { return slices.Contains(p.Roles, role) }

type principalKey struct{}

// WithPrincipal makes p the one who asks in ctx.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalOf is who asks in ctx; the local user where nobody was named.
func PrincipalOf(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// Request is what the transport knows of the request that a call arrived in.
type Request struct {
	ID      string // of the HTTP request; empty for stdio
	Address string // of the client, without port; empty for stdio
}

type requestKey struct{}

// WithRequest notes the request of ctx.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestOf is the request of ctx.
func RequestOf(ctx context.Context) Request {
	r, _ := ctx.Value(requestKey{}).(Request)
	return r
}
