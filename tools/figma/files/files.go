// Package files gets the contents of Figma's files with as few of Figma's
// scarce requests as can be: it reads a file whole, once a version, asks for the
// version before it reads again, and answers from what it has while Figma's
// limit is reached. It knows neither tools nor how accounts are connected.
//
// What one account has read is never shown to another. Before anything that is
// kept is given out, Figma has said within Config.Fresh that this account may
// see the file now; only where Figma cannot be asked, since it is away or the
// account's limit is reached, the account gets what it has read itself within
// Life, marked as stale.
package files

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

// Life is how long contents may be given out, however often they are asked for.
const Life = 24 * time.Hour

// Config is what a Source needs. Only API is required.
type Config struct {
	API *api.Client

	// Account names who asks in ctx, and with which account of Figma: nothing is
	// shared between two names. It fails where no account is connected.
	Account func(ctx context.Context) (string, error)

	Kept   Keeper        // whole files beyond this process; nil: none
	Small  Cache         // parts of files, and URLs of pictures; nil: none
	Memory int64         // for files in this process, bytes; 0: 64 MiB
	Fresh  time.Duration // how long a version that Figma told holds; 0: 10 s
	Log    *slog.Logger
	Now    func() time.Time
}

// Keeper keeps whole files, one of each account and file, for the person who
// asks in ctx. What it cannot keep is forgotten.
type Keeper interface {
	Get(ctx context.Context, account, file string) (Kept, bool)
	Put(ctx context.Context, account, file, name string, k Kept)
	Drop(ctx context.Context, account, file string)
}

// Kept is a file as design.File encodes it.
type Kept struct {
	Stamp   string // of the version, see View
	Content []byte
	At      time.Time // when it was read
}

// Cache keeps values for a while, in one place for all processes if it can.
type Cache interface {
	Get(ctx context.Context, key string) ([]byte, bool)
	Put(ctx context.Context, key string, value []byte, ttl time.Duration)
}

// Source gives out files. It is safe for concurrent use.
//
// Errors of its methods: *api.Error, those of Config.Account and of the
// requests, and of the caller's context.
type Source struct {
	cfg      Config
	docs     *otter.Cache[string, held]
	views    *otter.Cache[string, View]
	narrow   *otter.Cache[string, narrowed]  // files that were too large to be read whole
	nameless *otter.Cache[string, time.Time] // accounts and files without names of variables, until when
	flight   flights
	whole    places // files being read at once
}

// held is a file in memory.
type held struct {
	stamp string
	file  *design.File
	at    time.Time
}

// narrowed says of a version that it must be read in parts.
type narrowed struct {
	stamp string
	from  int // which of depths to begin with: those before were too much
}

// Got is a file, or a part of one.
type Got struct {
	*design.File
	Stale bool      // Figma could not be asked whether it has changed since
	At    time.Time // when it was read
	Depth int       // levels below what was asked for, where Figma gives no more at once; 0: all
}

// How many files are read whole at once: in a process, and of them for one
// account, so that nobody takes all places; and how long a read waits for one.
const (
	parallel = 8
	ofOne    = 2
	patience = 3 * time.Second
)

// New makes a source.
func New(cfg Config) *Source {
	if cfg.Memory <= 0 {
		cfg.Memory = 64 << 20
	}
	if cfg.Fresh <= 0 {
		cfg.Fresh = 10 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Account == nil {
		cfg.Account = func(context.Context) (string, error) { return "", nil }
	}
	now := func(f func()) { f() } // evict before Set returns: no goroutine outlives the source
	return &Source{
		cfg:   cfg,
		whole: places{free: parallel, taken: map[string]int{}},
		docs: otter.Must(&otter.Options[string, held]{
			MaximumWeight: uint64(cfg.Memory), Executor: now,
			Weigher: func(key string, h held) uint32 { return uint32(min(len(key)+h.file.Bytes(), 1<<31)) },
		}),
		nameless: otter.Must(&otter.Options[string, time.Time]{MaximumSize: 10_000, Executor: now}),
		views:    otter.Must(&otter.Options[string, View]{MaximumSize: 10_000, Executor: now}),
		narrow:   otter.Must(&otter.Options[string, narrowed]{MaximumSize: 10_000, Executor: now}),
	}
}

// File gives a whole file.
// Errors: *TooLarge where it can only be read in parts.
func (s *Source) File(ctx context.Context, file string) (Got, error) {
	v, err := s.Look(ctx, file)
	if err != nil {
		return Got{}, err
	}
	return s.get(ctx, v)
}

// get gives the whole file of v.
func (s *Source) get(ctx context.Context, v View) (Got, error) {
	if got, ok := s.had(ctx, v, v.Stale); ok {
		return got, nil
	}
	if n, ok := s.narrow.GetIfPresent(v.key); ok && n.stamp == v.Stamp {
		return Got{}, &TooLarge{}
	}
	if v.Stale {
		return Got{}, v.why
	}
	h, err := once(ctx, &s.flight, "file "+v.key+" "+v.Stamp, func(ctx context.Context) (held, error) { return s.read(ctx, v) })
	if err == nil {
		return Got{File: h.file, At: h.at}, nil
	}
	if waits(err) {
		if got, ok := s.had(ctx, v, true); ok {
			return got, nil
		}
	}
	return Got{}, err
}

// had is what there is of a file: of the version of v, or of any.
func (s *Source) had(ctx context.Context, v View, anyVersion bool) (Got, bool) {
	fits := func(stamp string, at time.Time) bool {
		return (anyVersion || stamp == v.Stamp) && s.cfg.Now().Sub(at) < Life
	}
	// What may be stale is given out only while no process has dropped it, since
	// Figma has refused it there.
	unasked := anyVersion && s.cfg.Kept != nil
	if h, ok := s.docs.GetIfPresent(v.key); ok && fits(h.stamp, h.at) && !unasked {
		return Got{File: h.file, At: h.at, Stale: anyVersion}, true
	}
	if s.cfg.Kept == nil {
		return Got{}, false
	}
	h, err := once(ctx, &s.flight, fmt.Sprint("kept ", v.key, " ", v.Stamp, anyVersion), func(ctx context.Context) (held, error) {
		k, ok := s.cfg.Kept.Get(ctx, v.account, v.file)
		if !ok || !fits(k.Stamp, k.At) {
			return held{}, nil
		}
		f, err := decode(k.Content)
		if err != nil {
			return held{}, err
		}
		h := held{k.Stamp, f, k.At}
		s.docs.Set(v.key, h)
		return h, nil
	})
	if err != nil {
		s.cfg.Log.WarnContext(ctx, "a kept file of figma cannot be used", "cause", err.Error())
	}
	return Got{File: h.file, At: h.at, Stale: anyVersion}, err == nil && h.file != nil
}

// read asks Figma for the whole file of v and keeps it.
func (s *Source) read(ctx context.Context, v View) (held, error) {
	leave, err := s.whole.enter(ctx, v.account)
	if err != nil {
		return held{}, err
	}
	defer leave()
	f, err := s.fetch(ctx, v.file, api.FileQuery{})
	if tooLarge(err) {
		s.narrow.Set(v.key, narrowed{stamp: v.Stamp})
		return held{}, &TooLarge{err: err}
	}
	if err != nil {
		if refused(err) {
			s.forget(ctx, v)
		}
		return held{}, err
	}
	h := held{v.Stamp, f, s.cfg.Now()}
	s.docs.Set(v.key, h)
	if s.cfg.Kept != nil {
		if content, err := encode(f); err == nil {
			s.cfg.Kept.Put(ctx, v.account, v.file, f.Name, Kept{h.stamp, content, h.at})
		}
	}
	return h, nil
}

// forget drops what there is of a file that the account may not see any more.
func (s *Source) forget(ctx context.Context, v View) {
	s.docs.Invalidate(v.key)
	s.views.Invalidate(v.key)
	if s.cfg.Kept != nil {
		s.cfg.Kept.Drop(ctx, v.account, v.file)
	}
}

// Peek gives what there is of a file, whatever its version, without asking
// Figma. Who calls it has seen that the account may read the file.
func (s *Source) Peek(ctx context.Context, file string) (Got, bool) {
	account, err := s.cfg.Account(ctx)
	if err != nil {
		return Got{}, false
	}
	return s.had(ctx, newView(account, file), true)
}

// Names are the names of nodes, as far as they are known without asking Figma,
// for who may call Peek.
func (s *Source) Names(ctx context.Context, file string, ids []string) (map[string]string, error) {
	names := map[string]string{}
	got, ok := s.Peek(ctx, file)
	for _, id := range ids {
		if !ok {
			break
		}
		if n := got.Node(id); n != nil {
			names[id] = n.Name
		}
	}
	return names, nil
}
