// Package blockkit has one job: the blocks of a message. It says which of them
// Slack would refuse and why, makes broadcasts in them inert, reads them as text,
// and lays out the notices of projects and tasks. It knows no HTTP, no names of
// people and channels, and no tools.
//
// Every function is pure, and safe for concurrent use.
//
// Source of the shapes and limits: the pages under
// https://docs.slack.dev/reference/block-kit, and the types of
// https://github.com/slackapi/node-slack-sdk/tree/main/packages/types/src/block-kit.
package blockkit

import (
	"fmt"
	"strconv"
)

// Problem is what Slack would refuse about blocks.
type Problem struct {
	Index int    // of the block, from 0; -1: of the whole
	Type  string // of the block; may be empty
	Path  string // within the block, such as fields[2].text; empty: the block itself
	Why   string // what is wrong, without a full stop
}

// Error says which block it is, where in it, and why.
func (p *Problem) Error() string {
	where := "blocks"
	if p.Index >= 0 {
		where = "block " + strconv.Itoa(p.Index)
		if p.Type != "" {
			where += " (" + p.Type + ")"
		}
	}
	if p.Path != "" {
		where += ", " + p.Path
	}
	return where + ": " + p.Why
}

// Code is slack_invalid_blocks.
func (*Problem) Code() string { return "slack_invalid_blocks" }

// Hint says where to correct it.
func (p *Problem) Hint() string {
	if p.Index < 0 {
		return "Give blocks an array of at most 50 blocks, or leave it out and give text alone."
	}
	return fmt.Sprintf("Correct %s, or leave blocks out and give text alone.", p.place())
}

// Details names the block by its index from 0 and its type, and the path to what
// is wrong.
func (p *Problem) Details() map[string]string {
	if p.Index < 0 {
		return map[string]string{"path": p.place()}
	}
	block := strconv.Itoa(p.Index)
	if p.Type != "" {
		block += " (" + p.Type + ")"
	}
	return map[string]string{"block": block, "path": p.place()}
}

// place is the path from the argument on.
func (p *Problem) place() string {
	place := "blocks"
	if p.Index >= 0 {
		place += "[" + strconv.Itoa(p.Index) + "]"
	}
	if p.Path != "" {
		place += "." + p.Path
	}
	return place
}
