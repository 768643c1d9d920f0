package transport

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/drain"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/handles"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/lines"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
)

// stdio is one run of ServeStdio with its limits.
type stdio struct {
	srv     *server.MCPServer
	log     *slog.Logger
	observe Observer
	maxLine int
	eof     time.Duration // grace of requests in flight at the end of input
	term    time.Duration // grace of requests in flight when told to stop
	last    time.Duration // for requests to end once cancelled, and for the writer
}

// StdioOptions are the settings of ServeStdio. The zero value serves.
type StdioOptions struct {
	// Log gets causes of failures. Nil: none.
	Log *slog.Logger
	// Observer sees every message. Nil: none.
	Observer Observer
}

// ServeStdio serves the one client at in and out, one JSON-RPC message a line,
// of any protocol revision. Nothing else is written to out.
//
// At the end of in, requests in flight are answered, for up to a minute; when
// ctx ends, for up to five seconds, and open subscriptions end at once. Both
// return nil; an error means that in or out broke. A client that does not read
// out cannot hold up the return. A line of more than 4 MiB is answered with an
// error and skipped. in is not closed, and a read of it may outlive the call.
func ServeStdio(ctx context.Context, s *server.MCPServer, in io.Reader, out io.Writer, o StdioOptions) error {
	t := stdio{
		srv: s, log: logger(o.Log), observe: o.Observer, maxLine: defaultMaxBody,
		eof: time.Minute, term: 5 * time.Second, last: time.Second,
	}
	return t.serve(ctx, in, out)
}

func (t stdio) serve(ctx context.Context, in io.Reader, out io.Writer) error {
	w := lines.NewWriter(out)
	d := &duplex{
		srv: t.srv, log: t.log, peer: &peer{id: "stdio"}, out: w,
		over: overStdio, observer: t.observe, box: handles.New([]byte(rand.Text())),
	}
	if began := time.Now(); t.observe != nil {
		defer func() { t.observe.SessionEnded(overStdio, time.Since(began).Seconds()) }()
	}
	all := listen(d.peer, w)
	defer subscribe(t.srv, all, rand.Text())()

	serving, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	cancel := func() { stop(errShutdown) }
	defer cancel()
	read := make(chan error, 1)
	go func() { read <- t.read(serving, in, d) }()

	var failed error
	grace := t.term
	select {
	case <-ctx.Done():
	case <-w.Done():
		grace = 0
	case failed = <-read:
		grace = t.eof
	}
	t.drain(ctx, d, grace, cancel)
	go all.finish(serving) // apart, as it waits for a client that may not read
	if err := w.Close(t.last); err != nil && failed == nil {
		failed = fmt.Errorf("write standard output: %w", err)
	}
	return failed
}

// drain lets the requests in flight end: all of grace, but no longer than term
// from when ctx ends; then they are cancelled.
func (t stdio) drain(ctx context.Context, d *duplex, grace time.Duration, cancel func()) {
	idle := d.work.Close()
	d.peer.cancelAll(nil, func(c *call) bool { return c.env.Method == string(mcp.MethodSubscriptionsListen) })
	bounded, enough := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer enough()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(min(t.term, grace), enough) })()
	if drain.Await(bounded, idle) == nil {
		return
	}
	cancel()
	last, stop := context.WithTimeout(context.Background(), t.last)
	defer stop()
	if drain.Await(last, idle) != nil {
		t.log.Warn("requests left unfinished at the end")
	}
}

// read accepts lines until in ends, which is no error.
func (t stdio) read(ctx context.Context, in io.Reader, d *duplex) error {
	from := lines.Reader{In: bufio.NewReaderSize(in, 64<<10), Max: t.maxLine}
	for {
		line, err := from.Next()
		var long *lines.Overlong
		switch {
		case errors.As(err, &long):
			text := fmt.Sprintf("a message may have %d bytes at most", t.maxLine)
			d.answer(ctx, rpc.Invalid(text).Encode(long.ID()))
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read standard input: %w", err)
		}
		line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\ufeff"))) // some shells begin a pipe with a byte order mark
		if len(line) > 0 {
			d.accept(ctx, line)
		}
	}
}
