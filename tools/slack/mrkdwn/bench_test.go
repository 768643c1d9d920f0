package mrkdwn_test

import (
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/mrkdwn"
)

// message is Markdown of 4 KB as agents write it.
func message() string {
	const part = "## Release 4.2\n\nThe **build** passed; see [the log](https://ci.example/builds/812?tab=log&full=1) and `make check`.\n\n" +
		"- _design_: <@U012AB3CD> waits for a review\n- tests: 412 passed, ~~3 failed~~ none failed\n  - flaky: `TestRetry`\n\n" +
		"> Please look before Friday.\n\n```go\nif err != nil {\n\treturn err\n}\n```\n\n| name | size |\n|:--|--:|\n| api | 12 kB |\n| web | 840 kB |\n\n"
	return strings.Repeat(part, 4096/len(part)+1)[:4096]
}

func BenchmarkFromMarkdown4KB(b *testing.B) {
	md := message()
	b.SetBytes(int64(len(md)))
	b.ReportAllocs()
	for b.Loop() {
		mrkdwn.FromMarkdown(md)
	}
}

func BenchmarkFromMrkdwn4KB(b *testing.B) {
	text := mrkdwn.FromMarkdown(message())
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		mrkdwn.FromMrkdwn(text)
	}
}

func BenchmarkToMarkdown4KB(b *testing.B) {
	text := mrkdwn.FromMarkdown(message())
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		mrkdwn.ToMarkdown(text, nil)
	}
}

func BenchmarkSplit40KB(b *testing.B) {
	text := strings.Repeat(mrkdwn.FromMarkdown(message()), 10)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		mrkdwn.Split(text, 4000)
	}
}
