package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// child is the real program under `fluxmcp stdio`, driven by raw messages.
type child struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	mu    sync.Mutex // of in
	lines *bufio.Scanner
}

// buildProgram builds the program as it is released.
func buildProgram(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "fluxmcp")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", path, ".").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

func startChild(b *testing.B, path, url string) *child {
	b.Helper()
	c := &child{cmd: exec.Command(path, "stdio")}
	c.cmd.Dir = b.TempDir()
	c.cmd.Env = []string{"DATABASE_URL=" + url}
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	c.lines = bufio.NewScanner(out)
	c.lines.Buffer(nil, 64<<20)
	if err := c.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	c.send(b, 0, "initialize", `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}`)
	return c
}

func (c *child) send(b *testing.B, id int, method, params string) {
	b.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := fmt.Fprintf(c.in, `{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`+"\n", id, method, params); err != nil {
		b.Fatal(err)
	}
}

// next reads one answer and wants it to be a success.
func (c *child) next(b *testing.B) (id int) {
	b.Helper()
	if !c.lines.Scan() {
		b.Fatalf("the program ended: %v", c.lines.Err())
	}
	var msg struct {
		ID     int
		Error  any
		Result struct{ IsError bool }
	}
	if err := json.Unmarshal(c.lines.Bytes(), &msg); err != nil || msg.Error != nil || msg.Result.IsError {
		b.Fatalf("got %.300s, %v", c.lines.Bytes(), err)
	}
	return msg.ID
}

// stop ends the program and reports its peak memory, where Linux tells it.
func (c *child) stop(b *testing.B) {
	b.Helper()
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if _, after, ok := strings.Cut(string(status), "VmHWM:"); ok {
		var kib float64
		if _, err := fmt.Sscan(after, &kib); err == nil {
			b.ReportMetric(kib/1024, "peak-MiB")
		}
	}
	_ = c.in.Close()
	if err := c.cmd.Wait(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkFirstToolsList is the time from starting the program to the first
// answer to tools/list, against a running database.
func BenchmarkFirstToolsList(b *testing.B) {
	path, url := buildProgram(b), sampleDatabase(b)
	for b.Loop() {
		c := startChild(b, path, url)
		c.send(b, 1, "tools/list", `{}`)
		for c.next(b) != 1 {
		}
		b.StopTimer()
		c.stop(b)
		b.StartTimer()
	}
}

// benchmarkCalls keeps 16 calls of query in flight.
func benchmarkCalls(b *testing.B, args string) {
	b.Helper()
	c := startChild(b, buildProgram(b), sampleDatabase(b))
	c.next(b)
	const inFlight = 16
	sent := 0
	for ; sent < inFlight; sent++ {
		c.send(b, sent+1, "tools/call", `{"name":"query","arguments":`+args+`}`)
	}
	for b.Loop() {
		c.next(b)
		sent++
		c.send(b, sent, "tools/call", `{"name":"query","arguments":`+args+`}`)
	}
	for range inFlight {
		c.next(b)
	}
	c.stop(b)
}

// BenchmarkQueryOneRow is one call of 16 in flight, over stdio.
func BenchmarkQueryOneRow(b *testing.B) {
	benchmarkCalls(b, `{"sql":"SELECT 1 AS one"}`)
}

// BenchmarkQueryHundredRows is the same with 100 rows of tasks.
func BenchmarkQueryHundredRows(b *testing.B) {
	benchmarkCalls(b, `{"sql":"SELECT id, title, status, due_date, estimated_hours FROM tasks ORDER BY id","limit":100}`)
}

// BenchmarkQueryHugeSeries reads 100 of a hundred million rows.
func BenchmarkQueryHugeSeries(b *testing.B) {
	benchmarkCalls(b, `{"sql":"SELECT * FROM generate_series(1,100000000)","limit":100}`)
}
