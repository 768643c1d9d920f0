package tokens

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	usageDelay = 5 * time.Second // uses of so long are noted together
	usageEvery = time.Minute     // an account's use is noted once in
)

// usage notes which accounts are used. It is safe for concurrent use.
type usage struct {
	source  *Source
	mu      sync.Mutex
	noted   map[string]time.Time // accounts whose use was noted, or is about to be
	pending []string
}

// note sees to it that an account's use is stored soon.
func (u *usage) note(account string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	if at, there := u.noted[account]; there && now.Sub(at) < usageEvery {
		return
	}
	if u.noted == nil {
		u.noted = map[string]time.Time{}
	}
	u.noted[account] = now
	u.pending = append(u.pending, account)
	if len(u.pending) == 1 {
		time.AfterFunc(usageDelay, func() {
			_, _ = detached(context.Background(), u.source, func(ctx context.Context) (none struct{}, err error) {
				u.flush(ctx)
				return none, nil
			}) // after Close there is nothing left to note
		})
	}
}

// flush stores what is pending. Where that fails, the next use is noted.
func (u *usage) flush(ctx context.Context) {
	accounts := u.take()
	if len(accounts) == 0 {
		return
	}
	if err := u.source.cfg.Store.Used(ctx, accounts); err != nil {
		u.source.cfg.Log.DebugContext(ctx, "use of accounts not noted", slog.Int("accounts", len(accounts)), slog.String("cause", err.Error()))
		u.forget(accounts)
	}
}

func (u *usage) take() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	accounts := u.pending
	u.pending = nil
	for account, at := range u.noted {
		if time.Since(at) >= usageEvery {
			delete(u.noted, account)
		}
	}
	return accounts
}

func (u *usage) forget(accounts []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, account := range accounts {
		delete(u.noted, account)
	}
}
