package files

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

// Bounds of works: of all, and of one that nobody waits for any longer, which
// goes on so long since its request is paid for already.
const (
	longest = 90 * time.Second
	alone   = 15 * time.Second
)

// flights are the works under way, by key.
type flights struct {
	mu   sync.Mutex
	byID map[string]*flight
}

// flight is one work, and how many wait for it.
type flight struct {
	key     string
	waiting int
	cancel  context.CancelFunc
	ending  *time.Timer // not nil: nobody waits
	done    chan struct{}
	value   any
	err     error
}

// once lets callers of one key share one work. A caller that leaves does not
// end it: the others get it, and it is kept. When all have left it has some
// seconds more. It has the values of its first caller's context, so a key must
// belong to one account.
func once[T any](ctx context.Context, g *flights, key string, work func(context.Context) (T, error)) (T, error) {
	f := g.join(ctx, key, func(ctx context.Context) (any, error) { return work(ctx) })
	defer g.leave(f)
	var none T
	select {
	case <-f.done:
		v, _ := f.value.(T)
		return v, f.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

func (g *flights) join(ctx context.Context, key string, work func(context.Context) (any, error)) *flight {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.byID[key]; f != nil {
		f.waiting++
		if f.ending != nil {
			f.ending.Stop()
			f.ending = nil
		}
		return f
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longest)
	f := &flight{key: key, waiting: 1, cancel: cancel, done: make(chan struct{})}
	if g.byID == nil {
		g.byID = map[string]*flight{}
	}
	g.byID[key] = f
	go func() {
		defer cancel()
		f.value, f.err = guarded(ctx, work)
		g.mu.Lock()
		g.forget(f)
		g.mu.Unlock()
		close(f.done)
	}()
	return f
}

// guarded turns a panic into an error of its callers: it is in a goroutine of
// its own, where it would end the process.
func guarded(ctx context.Context, work func(context.Context) (any, error)) (v any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return work(ctx)
}

func (g *flights) leave(f *flight) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		f.ending = time.AfterFunc(alone, func() { g.end(f) })
	}
}

// end stops a work, unless somebody has come again; who comes later begins anew.
func (g *flights) end(f *flight) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f.waiting == 0 {
		g.forget(f)
		f.cancel()
	}
}

func (g *flights) forget(f *flight) {
	if g.byID[f.key] == f {
		delete(g.byID, f.key)
	}
}

// fetch reads a file, or so much of it as q says.
func (s *Source) fetch(ctx context.Context, file string, q api.FileQuery) (f *design.File, err error) {
	err = s.cfg.API.File(ctx, file, q, func(r io.Reader) (err error) {
		f, err = design.Read(r)
		return err
	})
	return f, err
}

// encode is a file as it is kept.
func encode(f *design.File) ([]byte, error) {
	var b bytes.Buffer
	err := f.Encode(&b)
	return b.Bytes(), err
}

func decode(content []byte) (*design.File, error) { return design.Decode(bytes.NewReader(content)) }
