package storetest

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Wire stands between a program and a database, and breaks as it is told. Make
// it with NewWire; it ends with the test.
type Wire struct {
	URL     string      // of the database through the wire
	Silent  atomic.Bool // what the program sends is kept back
	Cut     atomic.Bool // the next COMMIT breaks its connection; then false
	Forward bool        // and reaches the database all the same; set before Cut
}

// NewWire makes a wire to the database at address.
func NewWire(t testing.TB, address string) *Wire {
	t.Helper()
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	network, to := pgconn.NetworkAddress(cfg.Host, cfg.Port)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	u.Host, u.RawQuery = "", url.Values{"host": {host}, "port": {port}, "sslmode": {"disable"}}.Encode()
	w := &Wire{URL: u.String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go w.carry(client, network, to)
		}
	}()
	return w
}

// carry passes on what client says until one side ends.
func (w *Wire) carry(client net.Conn, network, to string) {
	defer client.Close()
	server, err := net.Dial(network, to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer client.Close()
		_, _ = io.Copy(client, server) // either end may have gone
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if w.Silent.Load() {
			continue
		}
		if bytes.Contains(buf[:n], []byte("commit\x00")) && w.Cut.CompareAndSwap(true, false) {
			client.Close()
			if w.Forward {
				_, _ = server.Write(buf[:n]) // the answer finds nobody
				_, _ = io.Copy(io.Discard, server)
			}
			return
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}
