package store_test

import (
	"bytes"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/jackc/pgx/v5"
)

// meter is a proxy in front of PostgreSQL that counts round trips: how often
// the client speaks after the server has.
type meter struct {
	trips  atomic.Int32
	mu     sync.Mutex
	server bool // the server spoke last
	sent   []byte
}

// newMeter gives a URL that leads through the meter to the server at url.
func newMeter(t *testing.T, url string) (*meter, string) {
	t.Helper()
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	network, address := pgconnAddress(cfg)
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	m := &meter{}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial(network, address)
			if err != nil {
				_ = client.Close()
				return
			}
			go m.copy(server, client, false)
			go m.copy(client, server, true)
		}
	}()
	return m, "host=" + dir + " port=5432 user=" + cfg.User + " password=" + cfg.Password + " dbname=" + cfg.Database + " sslmode=disable"
}

func pgconnAddress(cfg *pgx.ConnConfig) (network, address string) {
	if filepath.IsAbs(cfg.Host) {
		return "unix", filepath.Join(cfg.Host, ".s.PGSQL."+strconv.Itoa(int(cfg.Port)))
	}
	return "tcp", net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
}

func (m *meter) copy(to, from net.Conn, server bool) {
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		m.mu.Lock()
		if !server && m.server {
			m.trips.Add(1)
		}
		m.server = server
		if !server {
			m.sent = append(m.sent, buf[:n]...)
		}
		m.mu.Unlock()
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// TestQueryTakesOneRoundTrip counts what the usual query costs once its
// connection is open: transaction, bounds, statement and rollback together.
func TestQueryTakesOneRoundTrip(t *testing.T) {
	m, url := newMeter(t, storetest.DB(t))
	reader := open(t, url).Reader()
	st := checked(t, "SELECT g, 'x' FROM generate_series(1,50) g WHERE g > $1")
	for i := range 5 {
		before := m.trips.Load()
		if _, err := reader.Query(t.Context(), st, []any{i}, usual); err != nil {
			t.Fatal(err)
		}
		if got := m.trips.Load() - before; i > 0 && got != 1 {
			t.Errorf("query %d: got %d round trips, want 1", i, got)
		}
	}
}

// TestSQLGoesByTheExtendedProtocol looks at the bytes: a caller's text travels
// in a Parse message, which takes one statement, and never in a Query message,
// which takes several.
func TestSQLGoesByTheExtendedProtocol(t *testing.T) {
	m, url := newMeter(t, storetest.DB(t))
	const text = "SELECT 'this very text'"
	if _, err := open(t, url).Reader().Query(t.Context(), checked(t, text), nil, usual); err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at := bytes.Index(m.sent, []byte(text))
	if at < 6 || bytes.Count(m.sent, []byte(text)) != 1 {
		t.Fatalf("the text was sent %d times, want once", bytes.Count(m.sent, []byte(text)))
	}
	// Parse: 'P', length, name of the statement (empty), text.
	if got := m.sent[at-6]; got != 'P' || m.sent[at-1] != 0 {
		t.Errorf("the text travels in a message of type %q, want 'P'", got)
	}
}
