package mrkdwn

import "strings"

// FromMrkdwn is Options{}.FromMrkdwn.
func FromMrkdwn(text string) string { return Options{}.FromMrkdwn(text) }

// FromMrkdwn makes mrkdwn of a caller harmless. It keeps <@U…>, <#C…>, links
// (http, https, mailto, tel), <!date^…|…>, entities, and > at the begin of a line;
// every other & < > is escaped. Broadcasts are escaped, and a typed @channel gets
// a zero width space, unless Options allow them.
func (o Options) FromMrkdwn(text string) string {
	text = Valid(text)
	var b strings.Builder
	b.Grow(len(text) + len(text)/16)
	for from := 0; from < len(text); {
		next := strings.IndexAny(text[from:], "&<>")
		if next < 0 {
			b.WriteString(text[from:])
			break
		}
		b.WriteString(text[from : from+next])
		from += next
		from += o.sanitise(&b, text, from)
	}
	if o.Broadcasts {
		return b.String()
	}
	return muteTyped(b.String())
}

// sanitise writes what stands at i, one of & < >, and says how long it was.
func (o Options) sanitise(b *strings.Builder, text string, i int) int {
	switch text[i] {
	case '<':
		if t, n, ok := read(text[i:]); ok && o.allowed(t) {
			b.WriteString(o.keep(t))
			return n
		}
		b.WriteString("&lt;")
	case '>':
		if i == 0 || text[i-1] == '\n' || text[i-1] == '>' && quotes(text[:i]) {
			b.WriteByte('>')
		} else {
			b.WriteString("&gt;")
		}
	case '&':
		if n := entity(text[i:]); n > 0 {
			b.WriteString(text[i : i+n])
			return n
		}
		b.WriteString("&amp;")
	}
	return 1
}

// quotes says whether text ends with a line of nothing but one or two >, as >>>
// begins a quote.
func quotes(text string) bool {
	rest := strings.TrimSuffix(strings.TrimSuffix(text, ">"), ">")
	return rest == "" || strings.HasSuffix(rest, "\n")
}

// Mentions lists the ids of the people and channels that a mrkdwn text names, in
// order, each once.
func Mentions(text string) (users, channels []string) {
	seen := map[string]bool{}
	for {
		i := strings.IndexByte(text, '<')
		if i < 0 {
			return users, channels
		}
		text = text[i:]
		t, n, ok := read(text)
		if !ok {
			text = text[1:]
			continue
		}
		text = text[n:]
		if seen[t.id] {
			continue
		}
		switch t.kind {
		case person:
			users = append(users, t.id)
		case channel:
			channels = append(channels, t.id)
		}
		if t.kind == person || t.kind == channel {
			seen[t.id] = true
		}
	}
}
