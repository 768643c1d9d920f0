//go:build unix

package storetest

import (
	"context"
	"net"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

func redisDo(t *testing.T, address string, args ...string) (string, error) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := dialRedis(u)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if database := strings.TrimPrefix(u.Path, "/"); database != "" {
		if _, err := c.do("SELECT", database); err != nil {
			return "", err
		}
	}
	return c.do(args...)
}

func TestRedisDatabasesAreSeparateAndFlushed(t *testing.T) {
	var first string
	t.Run("inner", func(t *testing.T) {
		first = Redis(t)
		second := Redis(t)
		t.Logf("address %s", first) // read by TestRedisEndsWithItsProcess
		if _, err := redisDo(t, first, "SET", "mine", "1"); err != nil {
			t.Fatal(err)
		}
		if got, err := redisDo(t, second, "GET", "mine"); err != nil || got != "" {
			t.Errorf("the other test's key: %q, %v; want none", got, err)
		}
	})
	if got, err := redisDo(t, first, "DBSIZE"); err != nil || got != "0" {
		t.Errorf("keys after the test: %q, %v; want 0", got, err)
	}
	if got, err := redisDo(t, first, "SELECT", "0"); err != nil || got != "OK" {
		t.Errorf("the server after the test: %q, %v; want it there for the next", got, err)
	}
}

func TestRedisAsksForItsPassword(t *testing.T) {
	u, err := url.Parse(RedisServer(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = nil
	if got, err := redisDo(t, u.String(), "PING"); err == nil {
		t.Errorf("without a password: %q, want an error", got)
	}
}

func TestRedisServerComesBackEmptyOnItsAddress(t *testing.T) {
	i := RedisServer(t)
	address := i.URL()
	for _, c := range []struct {
		name string
		end  func()
	}{{"stopped", i.Stop}, {"killed", i.Kill}, {"killed while paused", func() { i.Pause(); i.Kill() }},
		{"stopped while paused", func() { i.Pause(); i.Stop() }}} {
		if _, err := redisDo(t, address, "SET", "kept", "1"); err != nil {
			t.Fatal(err)
		}
		c.end()
		if got, err := redisDo(t, address, "PING"); err == nil {
			t.Errorf("%s, it answers %q, want an error", c.name, got)
		}
		i.Start()
		if got, err := redisDo(t, i.URL(), "GET", "kept"); err != nil || got != "" || i.URL() != address {
			t.Errorf("%s and started: %q, %v at %s; want no key at %s", c.name, got, err, i.URL(), address)
		}
	}
}

func TestPausedRedisAnswersOnlyAfterResume(t *testing.T) {
	i := RedisServer(t)
	u, err := url.Parse(i.URL())
	if err != nil {
		t.Fatal(err)
	}
	c, err := dialRedis(u)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	i.Pause()
	if err := c.SetDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	got, err := c.do("PING")
	if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() {
		t.Fatalf("paused: %q, %v; want a timeout", got, err)
	}
	i.Resume()
	if err := c.SetDeadline(time.Now().Add(stepLimit)); err != nil {
		t.Fatal(err)
	}
	if got, err := c.answer(); got != "PONG" {
		t.Errorf("resumed: %q, %v; want the answer to what was sent before", got, err)
	}
}

func TestRedisMissingSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := (&redisProcess{}).startAnywhere()
	if err == nil || !strings.Contains(hint(err), ".ci/need redis") {
		t.Errorf("without redis-server: %v with hint %q, want what to install", err, hint(err))
	}
}

// TestRedisEndsWithItsProcess runs this test program again, lets it start its
// server and end, and tries the address: the kernel ends the server as it would
// after a kill, since nothing in the program does.
func TestRedisEndsWithItsProcess(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.v", "-test.run", "^TestRedisDatabasesAreSeparateAndFlushed$")
	cmd.Env = append(os.Environ(), EnvRedisURL+"=")
	out, err := cmd.CombinedOutput()
	address := regexp.MustCompile(`address (redis://\S+)`).FindSubmatch(out)
	if err != nil || address == nil {
		t.Fatalf("test process: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		got, err := redisDo(t, string(address[1]), "PING")
		if err != nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("left behind: the server answers %q, want it gone", got)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
