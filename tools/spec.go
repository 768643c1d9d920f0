// Package tools turns plain functions into MCP tools. A handler is
// func(context, In) (Out, error) and knows no MCP; this package derives its
// schemas, decodes its arguments strictly, bounds its time, logs one line a
// call and renders its result or its error. It knows no integration, no
// database and no transport.
package tools

import (
	"encoding/json"
	"fmt"
	"time"
)

// Effect says what a call changes. It has no valid zero, so no Spec forgets it.
type Effect int

// The effects a tool can have.
const (
	ReadOnly    Effect = iota + 1 // changes nothing
	Writes                        // adds or changes something; repeating it repeats the effect
	Overwrites                    // sets something; repeating it changes nothing more
	Destructive                   // removes or replaces what others made
)

// Range bounds an integer argument. It is published in the schema and enforced
// by the decoder; an absent argument becomes Default.
type Range struct{ Min, Max, Default int }

// Spec is the literal that describes a tool.
type Spec struct {
	Name        string           // snake_case
	Title       string           // for people
	Description string           // what it does, when another tool is better, limits with units, what to do next; 80–300 characters
	Effect      Effect           // never zero
	OpenWorld   bool             // reaches systems beyond the team's own
	Ranges      map[string]Range // by argument name
	Timeout     time.Duration    // deadline of one call; 0: DefaultTimeout

	// Choices are the values that text arguments may have, by name; an absent
	// argument becomes the first.
	Choices map[string][]string

	// Preview names a boolean argument with which a call changes nothing: it counts
	// as one that only reads, in limits and in the audit. Empty: there is none.
	Preview string
}

// DefaultTimeout is the deadline of a call whose Spec sets none.
const DefaultTimeout = 30 * time.Second

// check panics on a Spec that no test should let through: it is a literal.
func (s Spec) check() {
	if s.Name == "" || s.Title == "" || s.Description == "" {
		panic(fmt.Sprintf("tools: spec %q needs a name, a title and a description", s.Name))
	}
	if s.Effect < ReadOnly || s.Effect > Destructive {
		panic(fmt.Sprintf("tools: spec %q needs an effect", s.Name))
	}
}

// Hints are the four annotations of a tool, all of them set.
type Hints struct{ ReadOnly, Destructive, Idempotent, OpenWorld bool }

// Hints derives the annotations from the effect.
func (s Spec) Hints() Hints {
	return Hints{
		ReadOnly:    s.Effect == ReadOnly,
		Destructive: s.Effect == Destructive,
		Idempotent:  s.Effect == ReadOnly || s.Effect == Overwrites,
		OpenWorld:   s.OpenWorld,
	}
}

func (s Spec) timeout() time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return DefaultTimeout
}

// effectOf is the effect of one call. Arguments that cannot be read are no
// preview; they are refused later.
func (s Spec) effectOf(raw json.RawMessage) Effect {
	var members map[string]json.RawMessage
	if s.Preview == "" || json.Unmarshal(raw, &members) != nil || string(members[s.Preview]) != "true" {
		return s.Effect
	}
	return ReadOnly
}
