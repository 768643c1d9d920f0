package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/fluxstudio/fluxmcp/tools/transport"
)

// sealer signs the state that a client keeps between the rounds of a request, so
// that it comes back as it was made and for the tool it was made for.
type sealer struct{ key []byte }

func newSealer() sealer { return sealer{key: []byte(rand.Text())} }

func (s sealer) mac(tool, state string) []byte {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte(tool + "\x00" + state))
	return m.Sum(nil)
}

// seal makes the requestState of a round of tool.
func (s sealer) seal(tool, state string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(state)) + "." + base64.RawURLEncoding.EncodeToString(s.mac(tool, state))
}

// open gives the state back, "" where the client sent none.
func (s sealer) open(tool, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	head, tail, _ := strings.Cut(sealed, ".")
	state, err := base64.RawURLEncoding.Strict().DecodeString(head)
	mac, macErr := base64.RawURLEncoding.Strict().DecodeString(tail)
	if err != nil || macErr != nil || !hmac.Equal(mac, s.mac(tool, string(state))) {
		return "", &transport.RPCError{Code: mcp.INVALID_PARAMS, Message: "requestState is not one that this server made"}
	}
	return string(state), nil
}
