//go:build unix

package storetest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// EnvRedisURL is the environment variable that names a Redis to use instead of
// a private one. Tests claim its databases from 1 on, one each, and flush them;
// database 0 holds the claims, in keys that begin with "storetest:".
const EnvRedisURL = "FLUXMCP_TEST_REDIS_URL"

// redisClaim is longer than any test; a process that was killed gives its
// databases back after it.
const redisClaim = 10 * time.Minute

var errNoDatabase = errors.New("every database of the Redis is in use by another test")

// sharedRedis is the Redis of this test process. It is started once and never
// changes.
var sharedRedis = sync.OnceValues(startSharedRedis)

func startSharedRedis() (*url.URL, error) {
	if given := os.Getenv(EnvRedisURL); given != "" {
		u, err := url.Parse(given)
		if err != nil {
			return nil, errors.New(EnvRedisURL + " is not a URL")
		}
		return u, nil
	}
	p := &redisProcess{}
	if err := p.startAnywhere(); err != nil {
		return nil, err
	}
	return p.url(), nil
}

// Redis returns the URL of an empty database on a real Redis. No other test
// uses it, also none of another process. It is flushed when the test ends.
func Redis(t testing.TB) string {
	t.Helper()
	server, err := sharedRedis()
	if err != nil {
		t.Fatalf("storetest: start a Redis for tests: %v%s", err, hint(err))
	}
	n, err := claimDatabase(server)
	if err != nil {
		t.Fatalf("storetest: %v", err)
	}
	t.Cleanup(func() {
		if err := releaseDatabase(server, n); err != nil {
			t.Errorf("storetest: give back a Redis database: %v", err)
		}
	})
	return withRedisDatabase(server, n)
}

// claimDatabase takes the first database that is free, and empties it of what
// a killed process left.
func claimDatabase(server *url.URL) (int, error) {
	c, err := dialRedis(server)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	for n := 1; ; n++ {
		if _, err := c.do("SELECT", strconv.Itoa(n)); err != nil {
			return 0, errNoDatabase // the number is out of range
		}
		if _, err := c.do("SELECT", "0"); err != nil {
			return 0, err
		}
		got, err := c.do("SET", claimKey(n), "1", "NX", "PX", strconv.FormatInt(redisClaim.Milliseconds(), 10))
		if err != nil {
			return 0, err
		}
		if got == "OK" {
			return n, c.all([]string{"SELECT", strconv.Itoa(n)}, []string{"FLUSHDB"})
		}
	}
}

func releaseDatabase(server *url.URL, n int) error {
	c, err := dialRedis(server)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.all([]string{"SELECT", strconv.Itoa(n)}, []string{"FLUSHDB"},
		[]string{"SELECT", "0"}, []string{"DEL", claimKey(n)})
}

func claimKey(n int) string { return fmt.Sprintf("storetest:database:%d", n) }

func withRedisDatabase(server *url.URL, n int) string {
	u := *server
	u.Path = "/" + strconv.Itoa(n)
	return u.String()
}

// RedisInstance is a Redis that belongs to one test, which may stop, kill and
// pause it. It keeps nothing over Stop and Kill. Methods are not safe for
// concurrent use.
type RedisInstance struct {
	t testing.TB
	p *redisProcess
}

// RedisServer starts a RedisInstance, whatever EnvRedisURL says. It is gone
// when the test ends.
func RedisServer(t testing.TB) *RedisInstance {
	t.Helper()
	p := &redisProcess{}
	if err := p.startAnywhere(); err != nil {
		t.Fatalf("storetest: start a Redis for this test: %v%s", err, hint(err))
	}
	t.Cleanup(p.kill)
	return &RedisInstance{t: t, p: p}
}

// URL is the address with a password. It stays the same over Stop and Start.
func (i *RedisInstance) URL() string { return i.p.url().String() }

// Stop shuts the server down, disconnecting everybody.
func (i *RedisInstance) Stop() { i.p.stop() }

// Kill ends the server as a crash would.
func (i *RedisInstance) Kill() { i.p.kill() }

// Start starts the server after Stop or Kill, empty, on the same address.
func (i *RedisInstance) Start() {
	i.t.Helper()
	if err := i.p.start(); err != nil {
		i.t.Fatalf("storetest: start the Redis again: %v", err)
	}
}

// Pause makes the server hang: it keeps its connections and lets new ones be
// made, and answers nobody.
func (i *RedisInstance) Pause() { i.t.Helper(); i.signal(pauseSignal) }

// Resume ends Pause. What was sent meanwhile is answered now.
func (i *RedisInstance) Resume() { i.t.Helper(); i.signal(resumeSignal) }

func (i *RedisInstance) signal(s os.Signal) {
	i.t.Helper()
	if err := i.p.cmd.Process.Signal(s); err != nil {
		i.t.Fatalf("storetest: signal the Redis: %v", err)
	}
}

// redisMissing says that no redis-server is installed.
type redisMissing struct{}

func (redisMissing) Error() string { return "redis-server is not installed" }
func (redisMissing) Hint() string {
	return strings.Join([]string{"Run `.ci/need redis`, or set", EnvRedisURL, "for the tests that need no server of their own."}, " ")
}
