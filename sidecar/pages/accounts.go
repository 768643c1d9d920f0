package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// Status is what state an account is in.
type Status string

// The states.
const (
	Connected      Status = "connected"
	NeedsReconnect Status = "needs_reconnect" // its tokens are of no use any more
	Disconnecting  Status = "disconnecting"   // of no use from now on; the provider is being told
	NotConnected   Status = "not_connected"   // there is none
)

// Account is one account of a person.
type Account struct {
	Provider        string
	Status          Status
	Reason          string // of NeedsReconnect, for people; may be empty
	ID, Name, Email string // at the provider
	Scopes          []string
	ConnectedAt     time.Time
	LastUsedAt      time.Time // zero: never
	Expires         time.Time // of the access token; zero: never
}

// listed is a provider with the account of one person there, if there is one.
type listed struct {
	provider Provider
	Account
}

// accounts are those of who, one for each provider, in the order of Providers.
func (p *Pages) accounts(ctx context.Context, who oauth.Person) ([]listed, error) {
	own, err := p.Accounts.List(ctx, who)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	byName := map[string]Account{}
	for _, a := range own {
		byName[a.Provider] = a
	}
	all := make([]listed, 0, len(p.Providers))
	for _, v := range p.Providers {
		a, there := byName[v.Name]
		if !there {
			a = Account{Provider: v.Name, Status: NotConnected}
		}
		all = append(all, listed{v, a})
	}
	return all, nil
}

// row is an account as the page shows it.
type row struct {
	Provider    Provider
	Account     Account
	Name, Email string
	State, Tone string // of the badge
	Reason      string
	Permissions []string
	Again       bool // it can be connected again
	New         bool // it can be connected
	Leave       bool // it can be disconnected
}

// showAccounts lists who is signed in's accounts.
func (p *Pages) showAccounts(w http.ResponseWriter, r *http.Request, b browser) {
	if b.Person == nil {
		p.refuse(w, r, b, Provider{}, lacking(b))
		return
	}
	all, err := p.accounts(r.Context(), *b.Person)
	if err != nil {
		p.refuse(w, r, b, Provider{}, err)
		return
	}
	rows := make([]row, len(all))
	for i, a := range all {
		rows[i] = rowOf(a)
	}
	b = b.marked(w)
	p.show(w, r, sheet{
		Name: "accounts", Title: "Your accounts", Status: http.StatusOK, Forms: true, Token: p.token(b), Wide: true,
		Person: p.shown(b), Data: map[string]any{"Rows": rows, "SignOut": !b.local},
	})
}

func rowOf(a listed) row {
	v := row{Provider: a.provider, Account: a.Account, Name: plain(a.Name), Email: plain(a.Email), Permissions: a.provider.permissions(a.Scopes)}
	if v.Name == "" {
		v.Name = v.Email
	}
	if v.Email == v.Name {
		v.Email = ""
	}
	there := a.Status == Connected || a.Status == NeedsReconnect
	v.Again, v.New, v.Leave = there && a.provider.Offered, !there && a.Status != Disconnecting && a.provider.Offered, there
	switch {
	case a.Status == Connected:
		v.State, v.Tone = "Connected", toneGood
	case a.Status == NeedsReconnect:
		v.State, v.Tone, v.Reason = "Needs to be connected again", toneAsk, plain(a.Reason)
	case a.Status == Disconnecting:
		v.State, v.Tone = "Being disconnected", tonePlain
	case a.provider.Offered:
		v.State, v.Tone = "Not connected", tonePlain
	default:
		v.State, v.Tone = "Not offered here", tonePlain
	}
	return v
}

// askDisconnect says what disconnecting means, before it is done.
func (p *Pages) askDisconnect(w http.ResponseWriter, r *http.Request, b browser) {
	provider, known := p.provider(r.PathValue("provider"))
	if b.Person == nil || !known {
		p.refuse(w, r, b, provider, lacking(b))
		return
	}
	all, err := p.accounts(r.Context(), *b.Person)
	if err != nil {
		p.refuse(w, r, b, provider, err)
		return
	}
	for _, a := range all {
		if v := rowOf(a); a.Provider == provider.Name && v.Leave {
			p.tell(w, r, b, http.StatusOK, farewell(v))
			return
		}
	}
	redirect(w, accountsPath)
}

// farewell is the question before an account is disconnected.
func farewell(v row) message {
	t := v.Provider.Title
	m := message{
		Tone: toneAsk, Provider: v.Provider, Heading: "Disconnect " + t + "?", ListTitle: "What happens",
		Text: []string{t + " is connected as " + v.Name + "."},
		List: []string{"Tools cannot use the account from that moment."},
		Actions: []action{
			{Label: "Disconnect " + t, URL: accountsPath + "/" + v.Provider.Name + "/disconnect", Kind: "danger", Form: true},
			{Label: "Keep it", URL: accountsPath, Kind: "quiet"},
		},
	}
	if v.Provider.Revokes() {
		m.List = append(m.List, t+" is told to revoke fluxmcp's access.")
	} else {
		m.List = append(m.List, t+" cannot be told by a program; the next page says where you remove fluxmcp there.")
	}
	m.List = append(m.List, "fluxmcp deletes its keys to the account. What is in the account stays as it is.", "You can connect it again at any time.")
	return m
}

// disconnect disconnects an account.
func (p *Pages) disconnect(w http.ResponseWriter, r *http.Request, b browser) {
	provider, known := p.provider(r.PathValue("provider"))
	if b.Person == nil || !known {
		p.refuse(w, r, b, provider, lacking(b))
		return
	}
	gone, err := p.Accounts.Disconnect(r.Context(), *b.Person, provider.Name)
	var none *oauth.NotConnected
	if errors.As(err, &none) { // as by a second click
		redirect(w, accountsPath)
		return
	}
	if err != nil {
		p.refuse(w, r, b, provider, err)
		return
	}
	p.finish(w, r, b, outcome{Kind: disconnected, Provider: provider.Name, Name: plain(gone.Name), ByHand: gone.ByHand})
}

var ticketPath = regexp.MustCompile(`^/connect/[A-Za-z0-9_-]{1,100}$`)

// signOut makes the browser nobody's, and goes back to the link that wanted so.
func (p *Pages) signOut(w http.ResponseWriter, r *http.Request, b browser) {
	b.set(w, sessionCookie, "", -time.Second)
	to := accountsPath
	if back := r.PostForm.Get("back"); ticketPath.MatchString(back) {
		to = back
	}
	redirect(w, to)
}
