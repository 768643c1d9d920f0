package posting_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/posting"
)

// trouble is what happens to one post.
type trouble int

const (
	fine     trouble = iota
	refused          // Slack says no, and nothing is posted
	unsent           // the connection was refused
	limited          // ok:false, ratelimited
	cut              // the request is lost on the way, and so is the answer
	mute             // it is posted, and the answer is lost
	crash            // it is posted, and the answer is 500
	slow             // no answer while the call lasts; it is posted a little later
	nobody           // no answer while the call lasts; it is never posted
	uncoded          // it is posted, and the error is one that no client should give
	troubles         // how many there are
)

// failure is an error of the client, by its code.
type failure struct {
	code string
	wait time.Duration
}

func (f *failure) Error() string             { return f.code }
func (f *failure) Code() string              { return f.code }
func (f *failure) RetryAfter() time.Duration { return f.wait }

// slack is a Slack that takes messages of one account. Its zero troubles are none.
type slack struct {
	mu       sync.Mutex
	list     []api.Message // the oldest first
	channels map[string]string
	serial   int
	posts    int // requests
	looks    int
	after    func(n int) trouble // of the nth post
	unread   func(n int) error   // of the nth look
	hides    bool                // shows no metadata
	page     int                 // of a look; 0: all
}

func (s *slack) add(m api.NewMessage) api.Posted {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	said := api.Message{TS: fmt.Sprintf("%d.%06d", time.Now().Unix(), s.serial), User: "U1", Text: m.Text, Thread: m.Thread, Metadata: m.Metadata}
	if !s.hides && (m.Metadata.Type != posting.MetadataType || !json.Valid(m.Metadata.Payload)) {
		said.Metadata = api.Metadata{}
	}
	channel := m.Channel
	if channel == "U2" {
		channel = "D2"
	}
	s.list = append(s.list, said)
	if s.channels == nil {
		s.channels = map[string]string{}
	}
	s.channels[said.TS] = channel
	return api.Posted{Channel: channel, TS: said.TS}
}

// Post is that of the client.
func (s *slack) Post(ctx context.Context, m api.NewMessage) (api.Posted, error) {
	s.mu.Lock()
	n, how := s.posts, fine
	s.posts++
	if s.after != nil {
		how = s.after(n)
	}
	s.mu.Unlock()
	lost := &failure{code: "slack_outcome_unknown"}
	switch how {
	case refused:
		return api.Posted{}, &failure{code: "slack_channel_archived"}
	case unsent:
		return api.Posted{}, &failure{"slack_unavailable", time.Second}
	case limited:
		return api.Posted{}, &failure{"slack_rate_limited", 2 * time.Second}
	case cut:
		return api.Posted{}, lost
	case mute, crash, uncoded:
		time.Sleep(300 * time.Millisecond)
		s.add(m)
		if how == uncoded {
			return api.Posted{}, fmt.Errorf("read: connection reset")
		}
		return api.Posted{}, lost
	case slow, nobody:
		<-ctx.Done()
		if how == slow {
			time.AfterFunc(3*time.Second, func() { s.add(m) })
		}
		return api.Posted{}, lost
	}
	select {
	case <-time.After(200 * time.Millisecond):
		return s.add(m), nil
	case <-ctx.Done():
		return api.Posted{}, lost
	}
}

// History is that of the client: the newest first.
func (s *slack) History(_ context.Context, q api.HistoryQuery) (api.Messages, error) {
	return s.read(q, "")
}

// Replies is that of the client.
func (s *slack) Replies(_ context.Context, q api.HistoryQuery) (api.Messages, error) {
	return s.read(q, q.Thread)
}

func (s *slack) read(q api.HistoryQuery, thread string) (api.Messages, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	if s.unread != nil {
		if err := s.unread(s.looks - 1); err != nil {
			return api.Messages{}, err
		}
	}
	if !q.Metadata || q.Oldest == "" || q.Channel == "" || q.Channel[0] == 'U' {
		return api.Messages{}, &failure{code: "slack_refused"}
	}
	var found api.Messages
	for _, m := range s.list {
		if s.channels[m.TS] == q.Channel && m.Thread == thread && m.TS >= q.Oldest && m.TS <= q.Latest {
			if s.hides {
				m.Metadata = api.Metadata{}
			}
			found.List = append([]api.Message{m}, found.List...)
		}
	}
	from := 0
	_, _ = fmt.Sscan(q.Cursor, &from)
	found.List = found.List[from:]
	if s.page > 0 && len(found.List) > s.page {
		found.List, found.Next = found.List[:s.page], fmt.Sprint(from+s.page)
	}
	return found, nil
}

// Identity is that of the client.
func (s *slack) Identity(context.Context) (api.Identity, error) { return api.Identity{User: "U1"}, nil }

// times is how often a text was posted.
func (s *slack) times(text string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.list {
		if m.Text == text {
			n++
		}
	}
	return n
}

// sequence makes posts go wrong one after the other, then no more.
func sequence(list ...trouble) func(int) trouble {
	return func(n int) trouble {
		if n < len(list) {
			return list[n]
		}
		return fine
	}
}

// codeOf is the code of an error; empty: there is none.
func codeOf(err error) string {
	if err == nil {
		return ""
	}
	if told, ok := err.(interface{ Code() string }); ok {
		return told.Code()
	}
	return err.Error()
}

// settle is when an attempt of these tests is over.
const settle = 20 * time.Second
