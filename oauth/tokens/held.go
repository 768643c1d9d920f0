package tokens

import (
	"sync"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// held has tokens that a provider gave and the store could not take, so that
// they are stored later without asking again: the refresh token before them may
// be spent. They last as long as the process. The zero value is ready.
type held struct {
	mu   sync.Mutex
	list map[string]Stored
}

// after returns the token that follows stored, where it is held.
func (h *held) after(stored Stored) (oauth.Token, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	next, there := h.list[stored.ID]
	return next.Token, there && next.Version == stored.Version+1
}

func (h *held) keep(next Stored) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.list == nil {
		h.list = map[string]Stored{}
	}
	h.list[next.ID] = next
}

func (h *held) drop(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.list, id)
}
