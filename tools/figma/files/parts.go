package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

// depths are how deep nodes are asked for, one after the other, where a file is
// too large: each try costs a request of the scarcest kind.
var depths = [...]int{0, 4, 1}

// Nodes gives a file that has at least the nodes of ids, with all below them or,
// where Figma gives no more at once, Got.Depth levels. Nodes that do not exist
// are not in it.
func (s *Source) Nodes(ctx context.Context, file string, ids []string) (Got, error) {
	v, got, large, err := s.try(ctx, file)
	if !large {
		return got, err
	}
	known, _ := s.narrow.GetIfPresent(v.key)
	for i := known.from; i < len(depths); i++ {
		got, err = s.part(ctx, v, "nodes", ids, depths[i])
		if err == nil && i > known.from && !v.Stale {
			s.narrow.Set(v.key, narrowed{v.Stamp, i})
		}
		if !less(v, err) {
			return got, err
		}
	}
	return got, err
}

// try gives the whole file, unless it is too large for that.
func (s *Source) try(ctx context.Context, file string) (v View, got Got, large bool, err error) {
	if v, err = s.Look(ctx, file); err != nil {
		return v, Got{}, false, err
	}
	got, err = s.get(ctx, v)
	return v, got, errors.As(err, new(*TooLarge)), err
}

// less tells whether to try with fewer levels: the answer was too large, or
// there is none of this depth and Figma cannot be asked.
func less(v View, err error) bool { return tooLarge(err) || (v.Stale && waits(err)) }

// Top gives the upper levels of a file: the whole file where that can be read.
func (s *Source) Top(ctx context.Context, file string, depth int) (Got, error) {
	v, got, large, err := s.try(ctx, file)
	if !large {
		return got, err
	}
	for ; depth > 0; depth-- {
		got, err = s.part(ctx, v, "top", nil, depth)
		if !less(v, err) {
			return got, err
		}
	}
	return got, err
}

// part reads some of a file that is too large, or has it.
func (s *Source) part(ctx context.Context, v View, what string, ids []string, depth int) (Got, error) {
	key := smallKey(v, what, strings.Join(slices.Sorted(slices.Values(ids)), ","), fmt.Sprint(depth))
	if content, ok := s.small(ctx, key); ok {
		if f, err := decode(content); err == nil {
			return Got{File: f, At: s.cfg.Now(), Depth: depth, Stale: v.Stale}, nil
		}
	}
	if v.Stale {
		return Got{}, v.why
	}
	f, err := once(ctx, &s.flight, key, func(ctx context.Context) (f *design.File, err error) {
		q := api.FileQuery{Depth: depth}
		if ids == nil {
			f, err = s.fetch(ctx, v.file, q)
		} else {
			err = s.cfg.API.Nodes(ctx, v.file, ids, q, func(r io.Reader) (err error) {
				f, err = design.ReadNodes(r)
				return err
			})
		}
		if err != nil {
			return nil, err
		}
		if content, err := encode(f); err == nil {
			s.keep(ctx, key, content, Life)
		}
		return f, nil
	})
	return Got{File: f, At: s.cfg.Now(), Depth: depth}, err
}

// At gives a whole file as it was at a version of its history, which does not
// change any more.
// Errors: *UnknownVersion.
func (s *Source) At(ctx context.Context, file, version string) (Got, error) {
	now, err := s.Look(ctx, file)
	if err != nil {
		return Got{}, err
	}
	v := now
	v.key, v.Stamp = now.key+"\x00"+version, version
	if h, ok := s.docs.GetIfPresent(v.key); ok && s.cfg.Now().Sub(h.at) < Life {
		return Got{File: h.file, At: h.at}, nil
	}
	key := smallKey(v, "at")
	if content, ok := s.small(ctx, key); ok {
		if f, err := decode(content); err == nil {
			return Got{File: f, At: s.cfg.Now()}, nil
		}
	}
	if now.Stale {
		return Got{}, now.why
	}
	h, err := once(ctx, &s.flight, key, func(ctx context.Context) (held, error) {
		f, err := s.fetch(ctx, file, api.FileQuery{Version: version})
		if kind, _ := api.KindOf(err); kind == api.NotFound || kind == api.BadRequest { // the file itself was there just now
			return held{}, &UnknownVersion{version}
		}
		if err != nil {
			return held{}, err
		}
		h := held{version, f, s.cfg.Now()}
		s.docs.Set(v.key, h)
		if content, err := encode(f); err == nil {
			s.keep(ctx, key, content, Life)
		}
		return h, nil
	})
	return Got{File: h.file, At: h.at}, err
}

// smallKey names a value of Cache: what it is of, and all that it depends on.
func smallKey(v View, parts ...string) string {
	sum := sha256.Sum256([]byte(v.key + "\x00" + v.Stamp + "\x00" + strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

func (s *Source) small(ctx context.Context, key string) ([]byte, bool) {
	if s.cfg.Small == nil {
		return nil, false
	}
	return s.cfg.Small.Get(ctx, key)
}

func (s *Source) keep(ctx context.Context, key string, value []byte, ttl time.Duration) {
	if s.cfg.Small != nil {
		s.cfg.Small.Put(ctx, key, value, ttl)
	}
}

// Picture is where a picture can be fetched, by anybody who has the URL.
type Picture struct {
	URL     string    `json:"url"` // empty: it cannot be rendered
	Expires time.Time `json:"expires"`
}

// How long Figma keeps pictures, less a day to be sure.
// Source: https://developers.figma.com/docs/rest-api/file-endpoints/
const (
	renderLife = 29 * 24 * time.Hour
	fillLife   = 13 * 24 * time.Hour
)

// Images gives pictures of nodes, by their ids. Those that were asked for before
// in this version are not asked for again.
func (s *Source) Images(ctx context.Context, file string, r api.Render) (map[string]Picture, error) {
	v, err := s.Look(ctx, file)
	if err != nil {
		return nil, err
	}
	outline := r.SVGOutlineText == nil || *r.SVGOutlineText
	key := smallKey(v, "images", r.Format, fmt.Sprint(r.Scale), fmt.Sprint(outline), r.Version)
	known := s.pictures(ctx, key)
	missing := slices.DeleteFunc(slices.Clone(r.IDs), func(id string) bool { return known[id].URL != "" })
	if len(missing) == 0 {
		return known, nil
	}
	if v.Stale {
		return nil, v.why
	}
	r.IDs = missing
	urls, err := s.cfg.API.Images(ctx, file, r)
	if err != nil {
		return nil, err
	}
	expires := s.cfg.Now().Add(renderLife)
	for id, u := range urls {
		known[id] = Picture{u, expires}
	}
	s.keepPictures(ctx, key, known)
	return known, nil
}

// Fills gives the images that a file uses, by their references.
func (s *Source) Fills(ctx context.Context, file string) (map[string]Picture, error) {
	v, err := s.Look(ctx, file)
	if err != nil {
		return nil, err
	}
	key := smallKey(v, "fills")
	if known := s.pictures(ctx, key); len(known) > 0 {
		return known, nil
	}
	urls, err := s.cfg.API.ImageFills(ctx, file)
	if err != nil {
		return nil, err
	}
	all := map[string]Picture{}
	for ref, u := range urls {
		all[ref] = Picture{u, s.cfg.Now().Add(fillLife)}
	}
	s.keepPictures(ctx, key, all)
	return all, nil
}

func (s *Source) pictures(ctx context.Context, key string) map[string]Picture {
	known := map[string]Picture{}
	if value, ok := s.small(ctx, key); ok && json.Unmarshal(value, &known) != nil {
		return map[string]Picture{}
	}
	return known
}

func (s *Source) keepPictures(ctx context.Context, key string, all map[string]Picture) {
	if value, err := json.Marshal(all); err == nil {
		s.keep(ctx, key, value, Life)
	}
}
