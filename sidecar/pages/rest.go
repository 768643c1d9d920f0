package pages

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/tools"
)

// otherAccount is the code of a return that waits for a decision.
const otherAccount = "other_account"

// integration is one provider as GET /api/integrations lists it.
type integration struct {
	Provider     string     `json:"provider"`
	Name         string     `json:"name"` // for people
	Connected    bool       `json:"connected"`
	Status       Status     `json:"status"`
	Scopes       []string   `json:"scopes"`      // as granted
	Permissions  []string   `json:"permissions"` // the same in plain words
	AccountName  string     `json:"accountName,omitempty"`
	AccountEmail string     `json:"accountEmail,omitempty"`
	AccountID    string     `json:"accountId,omitempty"`
	ConnectedAt  *time.Time `json:"connectedAt"`
	LastUsedAt   *time.Time `json:"lastUsedAt"`
	ExpiresAt    *time.Time `json:"expiresAt"`        // of the access token, which is renewed by itself
	Reason       string     `json:"reason,omitempty"` // why it must be connected again
	Offered      bool       `json:"offered"`          // false: the operator has not set it up
}

// apiList lists all providers with the caller's accounts.
func (p *Pages) apiList(w http.ResponseWriter, r *http.Request) {
	all, err := p.accounts(r.Context(), p.me(r.Context()))
	if err != nil {
		p.failREST(w, r, Provider{}, err)
		return
	}
	list := make([]integration, 0, len(all))
	for _, a := range all {
		list = append(list, integration{
			Provider: a.provider.Name, Name: a.provider.Title, Connected: a.Status == Connected, Status: a.Status,
			Scopes: append([]string{}, a.Scopes...), Permissions: a.provider.permissions(a.Scopes),
			AccountName: a.Name, AccountEmail: a.Email, AccountID: a.ID, Reason: a.Reason, Offered: a.provider.Offered,
			ConnectedAt: moment(a.ConnectedAt), LastUsedAt: moment(a.LastUsedAt), ExpiresAt: moment(a.Expires),
		})
	}
	p.answer(w, r, http.StatusOK, map[string]any{"integrations": list})
}

// moment is null in JSON where t is zero.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// apiStart gives a web client the provider's consent page. The code goes to
// ?redirect_uri, which the operator must have allowed, or else comes back here.
func (p *Pages) apiStart(w http.ResponseWriter, r *http.Request) {
	provider, known := p.provider(r.PathValue("provider"))
	if !known {
		p.failREST(w, r, provider, unknown())
		return
	}
	b := p.browser(r)
	ask := consent.Request{Person: p.me(r.Context()), Provider: provider.Name, Client: tools.PrincipalOf(r.Context()).Client}
	start, err := p.Flow.Start(r.Context(), ask, r.URL.Query().Get("redirect_uri"), consent.Browser{Cookie: b.Cookie})
	if err != nil {
		p.failREST(w, r, provider, err)
		return
	}
	b.set(w, browserCookie, start.Cookie, browserLife)
	p.answer(w, r, http.StatusOK, map[string]string{
		"authorizationUrl": start.URL, "stateToken": start.State, "provider": provider.Name,
	})
}

// returned is the body of POST callback: code and state as the provider gave
// them, or error and state; or decision and replace, after other_account.
type returned struct {
	Code     string `json:"code"`
	State    string `json:"state"`
	Error    string `json:"error"`
	Decision string `json:"decision"`
	Replace  bool   `json:"replace"`
}

// apiReturn finishes what apiStart began.
func (p *Pages) apiReturn(w http.ResponseWriter, r *http.Request) {
	provider, known := p.provider(r.PathValue("provider"))
	in, err := readReturned(w, r)
	if err == nil && !known {
		err = unknown()
	}
	me, cookie := p.me(r.Context()), p.browser(r).Cookie
	var done consent.Done
	switch {
	case err != nil:
	case in.Decision != "":
		done, err = p.Flow.Decide(r.Context(), in.Decision, in.Replace, consent.Browser{Cookie: cookie, Person: &me})
	default:
		c := consent.Callback{
			Provider: provider.Name, Code: in.Code, State: in.State, Error: in.Error,
			Browser: consent.Browser{Cookie: cookie}, Bearer: &me,
		}
		if err = incomplete(c); err == nil {
			done, err = p.Flow.Return(r.Context(), c)
		}
	}
	p.answerDone(w, r, provider, done, err)
}

func readReturned(w http.ResponseWriter, r *http.Request) (in returned, err error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return in, &problem{"unsupported_media_type", "the body must be JSON", "Set Content-Type to application/json."}
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return in, &problem{"body_too_large", "a body may have 64 KiB at most", "Send code and state alone."}
	}
	if err != nil || json.Unmarshal(raw, &in) != nil {
		return in, &problem{"bad_json", "the body is not a JSON object of strings", `Send {"code": "…", "state": "…"}.`}
	}
	return in, nil
}

// answerDone tells a web client how a consent ended.
func (p *Pages) answerDone(w http.ResponseWriter, r *http.Request, provider Provider, d consent.Done, err error) {
	type data struct {
		Provider    string   `json:"provider"`
		Permissions []string `json:"permissions"` // scopes as granted
		AccountName string   `json:"accountName"`
		Was         string   `json:"connectedAccountName,omitempty"`
		Decision    string   `json:"decision,omitempty"` // to be sent back with replace
	}
	type answer struct {
		Success bool   `json:"success"`
		Message string `json:"message"`
		Code    string `json:"code,omitempty"`
		Hint    string `json:"hint,omitempty"`
		Wait    int    `json:"retry_after_seconds,omitempty"`
		Ref     string `json:"ref,omitempty"`
		Data    *data  `json:"data,omitempty"`
	}
	if err != nil {
		f := p.failure(r, provider, err).Refusal
		f.retryAfter(w)
		p.answer(w, r, statusOf(f), answer{Message: f.Message, Code: f.Code, Hint: f.Hint, Wait: f.Wait, Ref: f.Ref})
		return
	}
	a := answer{Success: true, Message: provider.Title + " integration successful"}
	a.Data = &data{Provider: d.Provider, Permissions: append([]string{}, d.Scopes...), AccountName: d.Name, Was: d.Was, Decision: d.Pending}
	if d.Kept {
		a.Message = provider.Title + " integration unchanged"
	}
	status := http.StatusOK
	if d.Pending != "" {
		a.Success, status, a.Code = false, http.StatusConflict, otherAccount
		a.Message = "another account of " + provider.Title + " is connected"
		a.Hint = "Ask the person, then post decision with replace true or false."
	}
	p.answer(w, r, status, a)
}

// apiDisconnect disconnects the caller's account.
func (p *Pages) apiDisconnect(w http.ResponseWriter, r *http.Request) {
	provider, known := p.provider(r.PathValue("provider"))
	if !known {
		p.failREST(w, r, provider, unknown())
		return
	}
	gone, err := p.Accounts.Disconnect(r.Context(), p.me(r.Context()), provider.Name)
	if err != nil {
		p.failREST(w, r, provider, err)
		return
	}
	answer := map[string]string{"message": provider.Title + " integration disconnected successfully", "provider": provider.Name}
	if gone.ByHand != "" {
		answer["byHand"] = gone.ByHand
	}
	p.answer(w, r, http.StatusOK, answer)
}

// failREST answers with the object that every failure of this server is.
func (p *Pages) failREST(w http.ResponseWriter, r *http.Request, provider Provider, err error) {
	f := p.failure(r, provider, err).Refusal
	f.retryAfter(w)
	p.answer(w, r, statusOf(f), f.failureOf())
}

// wantsJSON tells a program that reads JSON from a browser.
func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}

// answer writes v as JSON.
func (p *Pages) answer(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		p.Log.ErrorContext(r.Context(), "answer not encoded", "cause", err.Error())
		status, body = http.StatusInternalServerError, []byte(`{"code":"internal","message":"the server failed","hint":"Tell the operator."}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	send(w, r, status, append(body, '\n'))
}
