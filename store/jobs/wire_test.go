package jobs

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

// wire stands between River and the server, and can swallow notifications.
type wire struct {
	url  string
	deaf atomic.Bool
}

func newWire(t *testing.T, address string) *wire {
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
	t.Cleanup(func() { listener.Close() })
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	u.Host, u.RawQuery = "", url.Values{"host": {host}, "port": {port}, "sslmode": {"disable"}}.Encode()
	w := &wire{url: u.String()}
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

func (w *wire) carry(client net.Conn, network, to string) {
	defer client.Close()
	server, err := net.Dial(network, to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer server.Close()
		_, _ = io.Copy(server, client)
	}()
	for {
		message, err := readMessage(server)
		if err != nil {
			return
		}
		if message[0] == 'A' && w.deaf.Load() {
			continue
		}
		if _, err := client.Write(message); err != nil {
			return
		}
	}
}

// readMessage reads one message of the server: a type, and a length that counts
// itself. Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
func readMessage(r io.Reader) ([]byte, error) {
	var b bytes.Buffer
	if _, err := io.CopyN(&b, r, 5); err != nil {
		return nil, err
	}
	head := b.Bytes()
	length := int64(head[1])<<24 | int64(head[2])<<16 | int64(head[3])<<8 | int64(head[4])
	_, err := io.CopyN(&b, r, length-4)
	return b.Bytes(), err
}
