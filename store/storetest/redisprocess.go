//go:build unix

package storetest

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	pauseSignal  = syscall.SIGSTOP
	resumeSignal = syscall.SIGCONT
)

// redisGuard kills the server when the write end of its standard input closes,
// which the kernel does for us when we are killed.
const redisGuard = `read -r _; kill -KILL "$1"`

// redisProcess is a redis-server on a loopback port of its own.
type redisProcess struct {
	port     int
	password string
	cmd      *exec.Cmd // nil while it is down
	exited   chan struct{}
	guard    *exec.Cmd
	alive    *os.File // its closing ends the server
	output   bytes.Buffer
}

func (p *redisProcess) url() *url.URL {
	return &url.URL{
		Scheme: "redis", Host: fmt.Sprintf("127.0.0.1:%d", p.port),
		User: url.UserPassword("", p.password),
	}
}

// startAnywhere starts the server on a free port. Ports are taken from below
// the range that systems give to outgoing connections (32768 and up), so that
// none of those has the port when the server comes back to it.
func (p *redisProcess) startAnywhere() error {
	p.password = rand.Text()
	var err error
	for range 20 {
		var n *big.Int
		if n, err = rand.Int(rand.Reader, big.NewInt(12_000)); err != nil {
			return err
		}
		p.port = 20_000 + int(n.Int64())
		if err = p.start(); err == nil || errors.As(err, new(redisMissing)) {
			return err
		}
	}
	return err
}

// start returns once the server answers to its password, which shows that it
// is not a stranger on the same port.
func (p *redisProcess) start() error {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return redisMissing{}
	}
	p.output.Reset()
	p.cmd = exec.Command(program, "-")
	p.cmd.Stdin = strings.NewReader(p.config())
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.Dir = os.TempDir()
	if err := p.cmd.Start(); err != nil {
		p.cmd = nil
		return err
	}
	cmd, exited := p.cmd, make(chan struct{})
	go func() {
		_ = cmd.Wait() // its status is that of the signal we sent
		close(exited)
	}()
	p.exited = exited
	if err := p.watch(); err != nil {
		p.kill()
		return err
	}
	if err := p.answers(); err != nil {
		p.kill() // after it the output is complete
		return fmt.Errorf("%w\n%s", err, p.output.String())
	}
	return nil
}

// config goes through standard input: the password is in no argument list.
func (p *redisProcess) config() string {
	return fmt.Sprintf("bind 127.0.0.1\nport %d\nrequirepass %s\nsave \"\"\nappendonly no\ndatabases 512\n"+
		"tcp-backlog 128\nloglevel warning\ndaemonize no\n", p.port, p.password)
}

func (p *redisProcess) watch() error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	p.guard = exec.Command("/bin/sh", "-c", redisGuard, "redis-guard", fmt.Sprint(p.cmd.Process.Pid))
	p.guard.Stdin = read
	if err := p.guard.Start(); err != nil {
		p.guard = nil
		write.Close()
		return err
	}
	p.alive = write
	return nil
}

func (p *redisProcess) answers() error {
	deadline := time.After(stepLimit)
	for {
		c, err := dialRedis(p.url())
		if err == nil {
			defer c.Close()
			_, err = c.do("PING")
			return err
		}
		select {
		case <-p.exited:
			return errors.New("redis-server ended at once")
		case <-deadline:
			return fmt.Errorf("redis-server does not answer: %w", err)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func (p *redisProcess) stop() { p.end(syscall.SIGTERM) }
func (p *redisProcess) kill() { p.end(syscall.SIGKILL) }

// end ends the guard first: the server's process id may be another's once the
// server is gone.
func (p *redisProcess) end(s os.Signal) {
	if p.guard != nil {
		_ = p.guard.Process.Kill() // it may have ended with the server
		_ = p.guard.Wait()
		p.alive.Close()
		p.guard = nil
	}
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(s) // it may have ended by itself
		_ = p.cmd.Process.Signal(resumeSignal)
		<-p.exited
		p.cmd = nil
	}
}
