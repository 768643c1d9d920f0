package accounts

import "time"

// SetPauses makes retries quick.
func (a *Accounts) SetPauses(p ...time.Duration) { a.pauses = p }
