package names

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// maxKept bounds what is read of a kept list, bytes after decompression.
const maxKept = 32 << 20

// kept is a book as it is kept.
type kept struct {
	At     time.Time
	Next   string
	Done   bool
	Kinds  []api.Kind
	Listed bool
	Lacks  []string
	Pages  []leaf
}

// keep gives a book to the Keeper.
func (n *Names) keep(ctx context.Context, w who, b *book) {
	if n.cfg.Kept == nil {
		return
	}
	b.mu.Lock()
	k := kept{b.at, b.next, b.done, b.kinds, b.listed, b.lacks, b.pages}
	denied := b.denied != nil
	b.mu.Unlock()
	if denied || len(k.Pages) == 0 {
		return // a token that may more is asked for soon
	}
	var content bytes.Buffer
	z := gzip.NewWriter(&content)
	if err := json.NewEncoder(z).Encode(k); err != nil || z.Close() != nil {
		return // strings and numbers encode, and a buffer takes all
	}
	n.cfg.Kept.Put(context.WithoutCancel(ctx), w.account, string(b.part), content.Bytes())
}

// load takes what was kept of a book, if it is longer than b. The caller has the
// turn of b.
func (n *Names) load(ctx context.Context, w who, b *book) {
	if n.cfg.Kept == nil {
		return
	}
	content, _, ok := n.cfg.Kept.Get(ctx, w.account, string(b.part))
	if !ok {
		return
	}
	k, err := decode(content)
	if err != nil {
		n.cfg.Log.WarnContext(ctx, "a kept list of slack cannot be used", "part", string(b.part), "cause", err.Error())
		return
	}
	if age := n.cfg.Now().Sub(k.At); age < 0 || age >= Life {
		return
	}
	b.mu.Lock()
	b.at, b.next, b.done, b.kinds, b.listed, b.lacks, b.pages = k.At, k.Next, k.Done, k.Kinds, k.Listed, k.Lacks, k.Pages
	size := 0
	for _, l := range k.Pages {
		size += len(l.Lines) + len(l.Cursor) + 64
		if l.Lines != "" {
			b.lines += strings.Count(l.Lines, ofLines) + 1
		}
	}
	b.mu.Unlock()
	b.bytes.Store(int64(size))
	n.weigh(w, b)
}

func decode(content []byte) (k kept, err error) {
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return k, fmt.Errorf("decompress: %w", err)
	}
	if err := json.NewDecoder(io.LimitReader(z, maxKept)).Decode(&k); err != nil {
		return k, fmt.Errorf("decode: %w", err)
	}
	return k, nil
}
