package mrkdwn_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/mrkdwn"
)

func TestSplit(t *testing.T) {
	long := strings.Repeat("x", 30)
	for _, c := range []struct {
		name, text string
		most       int
		want       []string
	}{
		{"short text is one part", "a b\n\nc", 20, []string{"a b\n\nc"}},
		{"nothing is no part", " \n ", 20, nil},
		{"paragraphs first", "aaaa aaaa\nbbbb\n\ncccc cccc cccc", 20, []string{"aaaa aaaa\nbbbb", "cccc cccc cccc"}},
		{"then lines", "aaaa aaaa aaaa\nbbbb bbbb", 20, []string{"aaaa aaaa aaaa", "bbbb bbbb"}},
		{"then words", "aaaa bbbb cccc dddd eeee", 20, []string{"aaaa bbbb cccc dddd", "eeee"}},
		{"a word too long is cut", long, 20, []string{long[:20], long[20:]}},
		{"sequences stay whole", "aaaa aaaa <@U123456>", 20, []string{"aaaa aaaa <@U123456>"}},
		{"sequences with spaces stay whole", "aaaa aaaa <#C1|b c d>", 20, []string{"aaaa aaaa", "<#C1|b c d>"}},
		{"entities stay whole", "aaaaaaaaaaaaaaaaaa&amp;", 20, []string{"aaaaaaaaaaaaaaaaaa", "&amp;"}},
		{"code goes on in code", "```\naaaa aaaa\nbbbb bbbb\ncccc\n```", 24, []string{"```\naaaa aaaa\n```", "```\nbbbb bbbb\ncccc\n```"}},
		{"code that ends where it is cut ends once", "```\naaaaaaaaaa\n```\nbbbb bbbb bbbb", 20, []string{"```\naaaaaaaaaa\n```", "bbbb bbbb bbbb"}},
		{"code keeps its indentation", "```\naaaa aaaa\n    bbbb\n```", 20, []string{"```\naaaa aaaa\n```", "```\n    bbbb\n```"}},
		{"characters count, not bytes", strings.Repeat("é", 20), 20, []string{strings.Repeat("é", 20)}},
		{"tiny parts are not made", "aaaa bbbb cccc dddd", 1, []string{"aaaa bbbb cccc dddd"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := mrkdwn.Split(c.text, c.most); !slices.Equal(got, c.want) {
				t.Errorf("Split(%q, %d)\n got %q\nwant %q", c.text, c.most, got, c.want)
			}
		})
	}
}
