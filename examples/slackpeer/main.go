// Command slackpeer gives the same tasks to slack-mcp-server (korotovsky's) and to
// fluxmcp, each of them an MCP server over stdio on the same sandbox of Slack, and
// compares answers, calls, times and memory. It knows nothing of how either works.
// slack-mcp-server can only ask slack.com; it is led to the sandbox by a proxy with
// a certificate of its own, which are settings that it has.
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

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// who is the person whose token both have.
const who = "caleb.ochoa"

func main() {
	peer := flag.String("peer", "", "slack-mcp-server")
	fluxmcp := flag.String("fluxmcp", "", "fluxmcp; empty: the peer alone")
	bot := flag.Bool("bot", false, "use the bot's token instead of a person's")
	latency := flag.Duration("latency", 0, "how much longer Slack takes for each call")
	var c crowd
	flag.IntVar(&c.channels, "channels", 500, "channels of the workspace")
	flag.IntVar(&c.users, "users", 2000, "people of the workspace")
	flag.IntVar(&c.messages, "messages", 10000, "messages of the last day in #crowd")
	flag.Parse()
	if err := run(*peer, *fluxmcp, *bot, *latency, c); err != nil {
		fmt.Println("FAIL ", err)
		os.Exit(1)
	}
}

func run(peer, fluxmcp string, bot bool, latency time.Duration, c crowd) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	home, err := os.MkdirTemp("", "fluxmcp-slackpeer-")
	if err != nil {
		return fmt.Errorf("make a home for the servers: %w", err)
	}
	defer os.RemoveAll(home)
	box, err := serve(home, c)
	if err != nil {
		return err
	}
	defer box.close()
	token := box.SlackUserToken(who)
	if bot {
		token = box.SlackBotToken()
	}
	jobs, err := box.tasks(ctx, token)
	if err != nil {
		return err
	}
	box.Latency(sandbox.Slack, latency)
	report := newReport(os.Stdout)
	fmt.Printf("%d channels, %d people, %d messages of one day in #crowd; each server alone, %s for each call of Slack; %s token\n",
		c.channels, c.users, c.messages, latency, map[bool]string{false: "a person's", true: "the bot's"}[bot])
	var failed error
	for _, s := range []*server{theirs(peer, box, token, bot), ours(fluxmcp, box, token)} {
		if s.command[0] == "" {
			continue
		}
		failed = errors.Join(failed, s.work(ctx, home, box, jobs, report))
	}
	report.end(box.gate.Refused())
	return failed
}
