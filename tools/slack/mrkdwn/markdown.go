package mrkdwn

import (
	"bufio"
	"bytes"
	"html"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	renderer "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// FromMarkdown is Options{}.FromMarkdown.
func FromMarkdown(md string) string { return Options{}.FromMarkdown(md) }

// FromMarkdown writes Markdown (CommonMark and GitHub's additions) as mrkdwn.
//
//   - Headings become bold lines; tables become aligned code blocks; images
//     become links; task lists get ☐ and ☑; lists get bullets and 4 spaces a
//     level; the language of a code block is dropped; HTML is shown as text.
//   - Slack's own <@U…>, <#C…>, <!date^…|…> and <https://…|…> stay what they are,
//     but for those in code. Broadcasts are shown as text unless Options allow them.
//   - Links other than http, https, mailto and tel become their text and, in
//     parentheses, the address.
//   - Bold, italics and strikethrough end with each line and begin again, and get
//     a zero width space where they touch a word: Slack shows them only so.
//
// Text of more than Longest characters is too long for Slack, and with more markup
// than people write it takes too long to parse (see overdone): such text is
// escaped, and its Markdown stays as it was typed.
func (o Options) FromMarkdown(md string) string {
	md = Valid(md)
	if len(md) > Longest && utf8.RuneCountInString(md) > Longest || overdone(md) {
		return o.escape(md)
	}
	source := []byte(md)
	w := &writer{o: o, source: source}
	w.blocks(engine.Parser().Parse(text.NewReader(source)))
	return w.out.String()
}

// engine parses Markdown. Without its parsers of HTML, tags are text.
var engine = goldmark.New(
	goldmark.WithParser(parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(sequences{}, 150),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewEmphasisParser(), 500),
		),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
	)),
	goldmark.WithParserOptions(
		parser.WithParagraphTransformers(util.Prioritized(tables{extension.NewTableParagraphTransformer()}, 200)),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
	),
	goldmark.WithExtensions(extension.Strikethrough, extension.TaskList, extension.Linkify),
)

// sequence is a <…> sequence of Slack's within Markdown.
type sequence struct {
	ast.BaseInline
	token token
}

var kindSequence = ast.NewNodeKind("SlackSequence")

// Kind tells goldmark what the node is.
func (*sequence) Kind() ast.NodeKind { return kindSequence }

// Dump shows the node to somebody who debugs goldmark.
func (s *sequence) Dump(source []byte, level int) { ast.DumpHelper(s, source, level, nil, nil) }

// sequences parses them.
type sequences struct{}

// Trigger is what a sequence begins with.
func (sequences) Trigger() []byte { return []byte{'<'} }

// Parse reads one sequence. A link without a label is for goldmark to read.
func (sequences) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	if len(line) < 2 || bytes.IndexByte([]byte("@#!hmtHMT"), line[1]) < 0 {
		return nil
	}
	end := bytes.IndexByte(line, '>')
	if end < 0 {
		return nil
	}
	t, n, ok := read(string(line[:end+1]))
	if !ok || t.kind == unknown || t.kind == link && !t.piped {
		return nil
	}
	block.Advance(n)
	return &sequence{token: t}
}

// shown is the text that a piece of Markdown shows: escapes and entities decoded.
func shown(raw []byte) string {
	if !bytes.ContainsAny(raw, `\&`) {
		return string(raw)
	}
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	renderer.DefaultWriter.Write(w, raw) // decodes, and then escapes for HTML
	if err := w.Flush(); err != nil {
		return string(raw)
	}
	return Valid(html.UnescapeString(b.String()))
}
