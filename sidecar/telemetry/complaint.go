package telemetry

import (
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	complaintEvery = time.Minute
	complaintBytes = 300 // of an error's text; collectors answer with whole pages
)

// complaint tells the log that a destination does not take what it is sent: at
// most once a minute, because a destination that is down fails every time.
type complaint struct {
	log         *slog.Logger
	destination string
	secrets     *redactor
	mu          sync.Mutex
	last        time.Time
	silent      int // failures since the last line
}

// newComplaint is about a destination. log must not lead to it.
func newComplaint(log *slog.Logger, destination string, secrets *redactor) *complaint {
	return &complaint{log: log, destination: destination, secrets: secrets}
}

// about logs err unless it is nil or too early.
func (c *complaint) about(err error) {
	if err == nil {
		return
	}
	silent, speak := c.speak(time.Now())
	if !speak {
		return
	}
	text := c.secrets.known(err.Error())
	if len(text) > complaintBytes {
		text = strings.ToValidUTF8(text[:complaintBytes], "")
	}
	c.log.Warn("telemetry was not delivered", "destination", c.destination, "error", text, "failures_before", silent)
}

func (c *complaint) speak(now time.Time) (silent int, speak bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.last.IsZero() && now.Sub(c.last) < complaintEvery {
		c.silent++
		return 0, false
	}
	silent, c.silent, c.last = c.silent, 0, now
	return silent, true
}
