package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
)

// answerWithin bounds a question to the client, which a person may have to
// answer. mcp-go asks outside of the tool's own deadline.
const answerWithin = 10 * time.Minute

// cannotAsk says that the client of a request cannot be asked something.
type cannotAsk struct{ method mcp.MCPMethod }

// Error names the question.
func (e *cannotAsk) Error() string {
	return fmt.Sprintf("this client cannot be asked for input (%s)", e.method)
}

func (e *cannotAsk) problem() problem {
	return problem{
		Code:    "client_cannot_answer",
		Message: e.Error(),
		Hint:    "Pass what is needed as arguments, or use a client that supports " + string(e.method) + ".",
	}
}

// unanswerable tells what of a result's input requests the client cannot answer,
// or returns nil. Without this an older client is asked and the call hangs; a
// 2026-07-28 client decides for itself.
func unanswerable(ctx context.Context, asked mcp.InputRequests, needed bool) *cannotAsk {
	c := callFrom(ctx)
	if !needed || c == nil || server.IsModernRequest(ctx) {
		return nil
	}
	for _, r := range asked {
		mode := ""
		if r.Elicitation != nil {
			mode = r.Elicitation.Mode
		}
		if err := c.canAsk(r.Method, mode); err != nil {
			return err
		}
	}
	return nil
}

// canAsk is nil where the client declared that it answers method, and there is a
// way to it. mode is the kind of elicitation.
func (c *call) canAsk(method mcp.MCPMethod, mode string) *cannotAsk {
	caps := c.GetClientCapabilities()
	able := false
	switch method {
	case mcp.MethodElicitationCreate:
		able = elicits(caps.Elicitation, mode)
	case mcp.MethodSamplingCreateMessage:
		able = caps.Sampling != nil
	case mcp.MethodListRoots:
		able = caps.Roots != nil
	}
	if !able || c.out == nil || c.peer.id == "" {
		return &cannotAsk{method}
	}
	return nil
}

// elicits reads the elicitation capability, whose empty form means form mode.
func elicits(e *mcp.ElicitationCapability, mode string) bool {
	if e == nil {
		return false
	}
	if mode == mcp.ElicitationModeURL {
		return e.URL != nil
	}
	return e.Form != nil || e.URL == nil
}

// RequestElicitation asks the person behind the client.
func (c *call) RequestElicitation(ctx context.Context, req mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	if err := c.canAsk(mcp.MethodElicitationCreate, req.Params.Mode); err != nil {
		return nil, err
	}
	var res mcp.ElicitationResult
	return &res, c.ask(ctx, mcp.MethodElicitationCreate, req.Params, &res)
}

// RequestSampling asks the client's model.
func (c *call) RequestSampling(ctx context.Context, req mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
	if err := c.canAsk(mcp.MethodSamplingCreateMessage, ""); err != nil {
		return nil, err
	}
	var res mcp.CreateMessageResult
	if err := c.ask(ctx, mcp.MethodSamplingCreateMessage, req.CreateMessageParams, &res); err != nil {
		return nil, err
	}
	content, err := mcp.ParseSamplingContent(res.Content)
	if err != nil {
		return nil, fmt.Errorf("read the sampled message: %w", err)
	}
	res.Content = content
	return &res, nil
}

// ListRoots asks for the client's roots.
func (c *call) ListRoots(ctx context.Context, _ mcp.ListRootsRequest) (*mcp.ListRootsResult, error) {
	if err := c.canAsk(mcp.MethodListRoots, ""); err != nil {
		return nil, err
	}
	var res mcp.ListRootsResult
	return &res, c.ask(ctx, mcp.MethodListRoots, nil, &res)
}

// ask sends a question on the stream of the request it arose from and decodes
// the reply into out.
func (c *call) ask(ctx context.Context, method mcp.MCPMethod, params, out any) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	id, replied := c.peer.expect()
	defer c.peer.forget(id)
	msg, err := json.Marshal(struct {
		JSONRPC string        `json:"jsonrpc"`
		ID      int64         `json:"id"`
		Method  mcp.MCPMethod `json:"method"`
		Params  any           `json:"params,omitempty"`
	}{mcp.JSONRPC_VERSION, id, method, params})
	if err != nil {
		return fmt.Errorf("encode %s: %w", method, err)
	}
	if err := c.emit(ctx, msg); err != nil {
		return fmt.Errorf("ask %s: %w", method, err)
	}
	select {
	case a := <-replied:
		return a.decode(method, out)
	case <-ctx.Done():
		c.withdraw(id)
		return fmt.Errorf("wait for %s: %w", method, ctx.Err())
	}
}

// withdraw tells the client that the question needs no answer any more.
func (c *call) withdraw(id int64) {
	msg, err := rpc.Notification(string(mcp.MethodNotificationCancelled), map[string]any{"requestId": id})
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = c.emit(ctx, msg) // a courtesy; a client that is gone needs none
}

func (a answer) decode(method mcp.MCPMethod, out any) error {
	if rpc.Given(a.failure) {
		var e struct {
			Code int `json:"code"`
		}
		_ = json.Unmarshal(a.failure, &e) // the code is only for the log
		return fmt.Errorf("the client refused %s with code %d", method, e.Code)
	}
	if err := json.Unmarshal(a.result, out); err != nil {
		return errors.Join(fmt.Errorf("the client's answer to %s has the wrong shape", method), err)
	}
	return nil
}
