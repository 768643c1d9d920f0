package files

import (
	"bytes"
	"context"
	"io"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

// longest bounds what goes on for others when its caller has left.
const longest = 2 * time.Minute

// once lets callers of one key share one work. A caller that leaves does not
// end it: the others get it, and it is kept. It has the values of its first
// caller's context, so a key must belong to one account.
func once[T any](ctx context.Context, g *singleflight.Group, key string, work func(context.Context) (T, error)) (T, error) {
	done := g.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longest)
		defer cancel()
		return work(ctx)
	})
	var none T
	select {
	case r := <-done:
		v, _ := r.Val.(T)
		return v, r.Err
	case <-ctx.Done():
		return none, ctx.Err()
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
