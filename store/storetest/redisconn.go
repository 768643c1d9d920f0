//go:build unix

package storetest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// redisConn speaks as much of RESP2 as handing out databases needs. It is not
// the client library, whose logger is global: a test's own client may set that
// only before any other exists.
// Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
type redisConn struct {
	net.Conn
	r *bufio.Reader
}

func dialRedis(server *url.URL) (*redisConn, error) {
	host := server.Host
	if server.Port() == "" {
		host = net.JoinHostPort(server.Hostname(), "6379")
	}
	conn, err := net.DialTimeout("tcp", host, stepLimit)
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(stepLimit)) // fails on a closed connection only
	c := &redisConn{conn, bufio.NewReader(conn)}
	if password, has := server.User.Password(); has {
		auth := []string{"AUTH", password}
		if user := server.User.Username(); user != "" {
			auth = []string{"AUTH", user, password}
		}
		if _, err := c.do(auth...); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

// do sends one command and returns its answer; nil is "".
func (c *redisConn) do(args ...string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := io.WriteString(c, b.String()); err != nil {
		return "", err
	}
	return c.answer()
}

// all sends commands of which only the errors matter.
func (c *redisConn) all(commands ...[]string) error {
	for _, args := range commands {
		if _, err := c.do(args...); err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
	}
	return nil
}

func (c *redisConn) answer() (string, error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.New("redis: empty answer")
	}
	switch rest := line[1:]; line[0] {
	case '+', ':':
		return rest, nil
	case '-':
		return "", errors.New("redis: " + rest)
	case '$':
		return c.bulk(rest)
	default:
		return "", fmt.Errorf("redis: answer of kind %q", line[0])
	}
}

func (c *redisConn) bulk(length string) (string, error) {
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 {
		return "", err // -1 is nil
	}
	b := make([]byte, n+2)
	_, err = io.ReadFull(c.r, b)
	return string(b[:n]), err
}
