package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkHTTPCall is one call of query over HTTP, 16 in flight, without
// authentication and with each kind of token. cpu-µs/op is what the server's
// process took, user and system.
func BenchmarkHTTPCall(b *testing.B) {
	id := newIssuer(b)
	env := []string{"RATE_LIMIT_PER_MINUTE=0", "MCP_ENABLE_CACHING=false"}
	closed := append([]string{"JWT_SECRET=" + testSecret, "FLUXMCP_ISSUERS=" + id.url}, env...)
	for _, c := range []struct {
		name, token string
		env         []string
	}{
		{"none", "", env},
		{"HS256", tokenOf(b, "alice"), closed},
		{"RS256", id.token("RS256", id.claims("alice")), closed},
		{"ES256", id.token("ES256", id.claims("alice")), closed},
		{"EdDSA", id.token("EdDSA", id.claims("alice")), closed},
	} {
		b.Run(c.name, func(b *testing.B) {
			benchmarkHTTP(b, serve(b, sampleDatabase(b), c.env...), func(int) string { return c.token })
		})
	}
	b.Run("HS256 of many users", func(b *testing.B) {
		tokens := make([]string, 1000)
		for n := range tokens {
			tokens[n] = tokenOf(b, fmt.Sprint("user", n))
		}
		benchmarkHTTP(b, serve(b, sampleDatabase(b), closed...), func(n int) string { return tokens[n%len(tokens)] })
	})
}

// BenchmarkHTTPCached is a call that the cache answers, in the process.
func BenchmarkHTTPCached(b *testing.B) {
	benchmarkHTTP(b, serve(b, sampleDatabase(b), "RATE_LIMIT_PER_MINUTE=0"), func(int) string { return "" })
}

func benchmarkHTTP(b *testing.B, s *httpServer, token func(int) string) {
	b.Helper()
	const inFlight = 16
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: inFlight}}
	var sent atomic.Int64
	one := func() {
		req, err := http.NewRequest(http.MethodPost, s.base+"/mcp", strings.NewReader(modernQuery))
		if err != nil {
			b.Error(err)
			return
		}
		for name, value := range map[string]string{
			"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
			"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "query",
		} {
			req.Header.Set(name, value)
		}
		if t := token(int(sent.Add(1))); t != "" {
			req.Header.Set("Authorization", "Bearer "+t)
		}
		res, err := client.Do(req)
		if err != nil {
			b.Error(err)
			return
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || strings.Contains(string(body), `"isError":true`) {
			b.Errorf("got %d %.200s, %v", res.StatusCode, body, err)
		}
	}
	for range 200 { // connections, caches
		one()
	}
	before := cpuOf(b, s.cmd.Process.Pid)
	b.ResetTimer()
	var all sync.WaitGroup
	left := atomic.Int64{}
	left.Store(int64(b.N))
	for range inFlight {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				one()
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64((cpuOf(b, s.cmd.Process.Pid)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

const modernQuery = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"query","arguments":{"sql":"SELECT 1 AS one"},` +
	`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"}}}}`

// cpuOf is the time that a process has had, where Linux tells it.
func cpuOf(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal("only Linux tells the CPU time of a process")
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	var state string
	var skip, user, system int64
	fields := []any{&state}
	for range 10 {
		fields = append(fields, &skip)
	}
	if _, err := fmt.Sscan(after, append(fields, &user, &system)...); err != nil {
		b.Fatal(err)
	}
	return time.Duration(user+system) * (time.Second / 100) // in ticks of 1/100 s
}
