// Command framelink reads the same generated files of a sandbox of Figma with
// Framelink's tool get_figma_data and with fluxmcp's figma_get_node, each of them
// an MCP server over stdio, and compares sizes and times. It knows nothing of
// how either works.
//
// run.sh finds the programs and then starts this.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/figma/design/designtest"
)

// rounds is how often each file is read by each server, as another file each
// time; odd, so that there is a middle one.
const rounds = 5

func main() {
	node := flag.String("node", "node", "Node.js")
	framelink := flag.String("framelink", "", "Framelink's dist/bin.js")
	preload := flag.String("preload", "", "sandboxed.mjs")
	fluxmcp := flag.String("fluxmcp", "", "fluxmcp")
	flag.Parse()
	if err := run(*node, *framelink, *preload, *fluxmcp); err != nil {
		fmt.Println("FAIL ", err)
		os.Exit(1)
	}
}

func run(node, framelink, preload, fluxmcp string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	box, err := serve()
	if err != nil {
		return err
	}
	defer box.close()
	home, err := os.MkdirTemp("", "fluxmcp-framelink-")
	if err != nil {
		return fmt.Errorf("make a home for the servers: %w", err)
	}
	defer os.RemoveAll(home)
	theirs, err := connect(ctx, "Framelink", home, "get_figma_data", func(key string) map[string]any { return map[string]any{"fileKey": key} },
		[]string{"SANDBOX_FIGMA=" + box.figma, "FIGMA_API_KEY=" + box.token, "FRAMELINK_TELEMETRY=off", "DO_NOT_TRACK=1"},
		node, "--import", preload, framelink, "--stdio", "--no-telemetry", "--skip-image-downloads")
	if err != nil {
		return err
	}
	defer theirs.close()
	ours, err := connect(ctx, "fluxmcp", home, "figma_get_node", func(key string) map[string]any { return map[string]any{"file": key, "budget": 1_000_000} },
		[]string{"FIGMA_API_URL=" + box.figma, "FIGMA_ACCESS_TOKEN=" + box.token, "RATE_LIMIT_PER_MINUTE=0"},
		fluxmcp, "stdio", "--toolsets", "figma")
	if err != nil {
		return err
	}
	defer ours.close()
	return compare(ctx, box, theirs, ours)
}

// compare prints a line for each file.
func compare(ctx context.Context, box *box, theirs, ours *server) error {
	var failed error
	report := newReport(os.Stdout)
	for _, kind := range []designtest.Kind{designtest.Screen, designtest.Dashboard, designtest.Product, designtest.Illustration} {
		raw := designtest.File(kind)
		keys, err := box.add(string(kind), raw, rounds)
		if err != nil {
			return err
		}
		line := result{kind: string(kind), raw: len(raw)}
		if line.texts, err = textsOf(raw); err != nil {
			return err
		}
		for _, s := range []*server{theirs, ours} { // one after the other: together they would slow each other down
			m, err := s.measure(ctx, keys)
			if err != nil {
				return fmt.Errorf("%s, file of %s: %w", s.name, kind, err)
			}
			line.of = append(line.of, m)
		}
		report.add(line)
		if lost := line.lost(1); len(lost) > 0 {
			failed = errors.Join(failed, fmt.Errorf("%s: %d texts of the design are not in what fluxmcp gives: %.300q", kind, len(lost), lost))
		}
	}
	report.end(theirs, ours)
	return failed
}
