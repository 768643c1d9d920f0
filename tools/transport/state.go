package transport

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// stateLife is how long a client may take over one round of a request: what a
// person needs to answer a question.
const stateLife = 15 * time.Minute

// openState gives a handler the state that it handed out in an earlier round of
// the same request, by the same principal. A client can send anything: what was
// not sealed for exactly this is refused.
func openState(ctx context.Context, target string, args any, sealed string) (string, error) {
	c := callFrom(ctx)
	if sealed == "" || c == nil || c.box == nil {
		return sealed, nil
	}
	state, err := c.box.Open(c.owner, c.purpose(target, args), sealed)
	if err != nil {
		return "", &RPCError{
			Code:    mcp.INVALID_PARAMS,
			Message: "requestState is not one that was given for this request, or it is too old; send the request again without it",
		}
	}
	return state, nil
}

// sealState is what the client gets in place of a handler's state.
func sealState(ctx context.Context, target string, args any, state string) string {
	c := callFrom(ctx)
	if state == "" || c == nil || c.box == nil {
		return state
	}
	return c.box.Seal(c.owner, c.purpose(target, args), state, stateLife)
}

// purpose binds a state to method, tool or prompt, and arguments. Maps encode in
// the order of their keys, so a client may reorder what it sends again.
func (c *call) purpose(target string, args any) string {
	text, _ := json.Marshal(args) // decoded JSON encodes
	sum := sha256.Sum256(text)
	return c.env.Method + " " + target + " " + hex.EncodeToString(sum[:])
}
