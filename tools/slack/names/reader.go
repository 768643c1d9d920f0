package names

import (
	"context"
	"strings"
	"time"
)

// reader reads a list line by line. It asks Slack for what was not read before,
// so far as it may.
type reader struct {
	n     *Names
	w     who
	b     *book
	asks  int       // pages that may still be asked for
	until time.Time // when to ask for no more

	page    int // the one after that of lines
	cursor  string
	lines   []string
	line    int
	seen    int  // lines that were given out
	grew    bool // the list has become longer
	stopped bool // there is more, which was not read
}

func (n *Names) reader(w who, b *book, pages int) *reader {
	return &reader{n: n, w: w, b: b, asks: pages, until: n.cfg.Now().Add(patience)}
}

// next is the next line; false: there is none, or see stopped.
// Errors: those of grow.
func (r *reader) next(ctx context.Context) (string, bool, error) {
	for r.line >= len(r.lines) {
		l, ok, over := r.b.leaf(r.page)
		switch {
		case ok:
			r.turn(l)
			continue
		case over:
			r.stopped = !r.b.whole()
			return "", false, nil
		case r.asks <= 0 || r.n.cfg.Now().After(r.until):
			r.stopped = true
			return "", false, nil
		}
		r.asks--
		r.grew = true
		if err := r.n.grow(ctx, r.w, r.b, r.page); err != nil {
			return "", false, err
		}
	}
	r.line++
	r.seen++
	return r.lines[r.line-1], true, nil
}

// turn goes to a page.
func (r *reader) turn(l leaf) {
	r.page++
	r.cursor, r.lines, r.line = l.Cursor, nil, 0
	if l.Lines != "" {
		r.lines = strings.Split(l.Lines, ofLines)
	}
}

// skip goes past the first lines of the page that is read first.
func (r *reader) skip(ctx context.Context, lines int) error {
	for range lines {
		if _, ok, err := r.next(ctx); !ok || err != nil {
			return err
		}
		r.seen--
	}
	return nil
}

// ready tells that the next line, or the end, is known without asking Slack.
func (r *reader) ready() bool {
	if r.line < len(r.lines) {
		return true
	}
	_, ok, over := r.b.leaf(r.page)
	return ok || over && r.b.whole()
}

// ended tells that there is no next line.
func (r *reader) ended() bool {
	if r.line < len(r.lines) {
		return false
	}
	_, ok, _ := r.b.leaf(r.page)
	return !ok && r.b.whole()
}

// back makes the last line the next one again.
func (r *reader) back() {
	r.line--
	r.seen--
}

// place is where the next line is.
func (r *reader) place() (cursor string, line int) {
	if r.line < len(r.lines) {
		return r.cursor, r.line
	}
	if l, ok, _ := r.b.leaf(r.page); ok {
		return l.Cursor, 0
	}
	r.b.mu.Lock()
	defer r.b.mu.Unlock()
	return r.b.next, 0
}

// close keeps what was read, for the next call and for other processes.
func (r *reader) close(ctx context.Context) {
	if r.grew && !r.b.loose {
		r.n.keep(ctx, r.w, r.b)
	}
}
