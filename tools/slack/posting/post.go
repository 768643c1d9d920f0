package posting

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// MetadataType is the type of the metadata that messages are posted with; its
// payload has one member, key, which names the call.
const MetadataType = "fluxmcp_post"

// Draft is a message to be posted once. Its Metadata is set here.
type Draft struct {
	api.NewMessage

	// To is the conversation, as far as it is known. Of a direct message its User
	// counts in place of Channel, which is another id once Slack has opened it.
	To api.Channel
	// Same names what is said, where Text and Blocks have something that differs
	// from call to call, such as the time. Empty: they say it.
	Same string
}

// Post posts m, see PostOnce.
func (p *Poster) Post(ctx context.Context, m api.NewMessage, key string) (Result, error) {
	return p.PostOnce(ctx, Draft{NewMessage: m}, key)
}

// PostOnce posts a message at most once a key, see Once.
func (p *Poster) PostOnce(ctx context.Context, d Draft, key string) (Result, error) {
	digest := d.digest()
	k, err := p.key(ctx, key, digest)
	if err != nil {
		return Result{}, err
	}
	return p.once(ctx, k, digest, Act{
		Do: func(ctx context.Context, ref string, note func(string) error) (api.Posted, error) {
			id, err := nameOf(k, ref, note)
			if err != nil {
				return api.Posted{}, err
			}
			m := d.NewMessage
			m.Metadata = api.Metadata{Type: MetadataType, Payload: payload(id)}
			return p.cfg.API.Post(ctx, m)
		},
		Look: func(ctx context.Context, ref string, attempted time.Time) (api.Posted, bool, error) {
			if k.auto() && ref == "" {
				return api.Posted{}, false, nil // it is noted before anything is sent
			}
			id, _ := nameOf(k, ref, nil)
			return p.lookFor(ctx, d.NewMessage, id, attempted)
		},
	})
}

// digest says what is to be posted where.
func (d Draft) digest() string {
	where := d.Channel
	if d.To.Kind == api.Direct && d.To.User != "" {
		where = d.To.User
	}
	said := []string{d.Text, string(d.Blocks)}
	if d.Same != "" {
		said = []string{"same", d.Same, ""}
	}
	return Digest(append([]string{where, d.Thread, fmt.Sprint(d.Broadcast, d.Unfurl)}, said...)...)
}

// Digest is one that no other parts have, 64 hexadecimal digits.
func Digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(part)))) // a hash takes all
		_, _ = h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// nameOf is what the metadata of a message names its call by: of a key always
// the same; else the ref, which is another one each time the same is said.
// Errors: those of note.
func nameOf(k claimed, ref string, note func(string) error) (string, error) {
	if !k.auto() {
		return Digest(MetadataType, k.Person, k.Account, k.Key.Key)[:32], nil
	}
	if ref != "" {
		return ref, nil
	}
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails, since Go 1.24
	id := hex.EncodeToString(b)
	return id, note(id)
}

func payload(id string) json.RawMessage { return json.RawMessage(`{"key":"` + id + `"}`) }

// Where a message of an attempt is looked for: the clocks of store and Slack may
// be apart, and no attempt takes longer.
const (
	before = 10 * time.Minute
	after  = 10 * time.Minute

	pageSize = 200
	pages    = 5
)

// lookFor looks for a message that an attempt may have posted.
// Errors: *unlooked; those of the requests.
func (p *Poster) lookFor(ctx context.Context, m api.NewMessage, id string, attempted time.Time) (api.Posted, bool, error) {
	channel, err := p.conversation(ctx, m.Channel)
	if err != nil || channel == "" {
		return api.Posted{}, false, err
	}
	list, err := p.said(ctx, api.HistoryQuery{
		Channel: channel, Thread: m.Thread, Metadata: true, Limit: pageSize, Inclusive: true,
		Oldest: api.TS(attempted.Add(-before)), Latest: api.TS(attempted.Add(after)),
	})
	if len(list) == 0 {
		return api.Posted{}, false, err
	}
	// Metadata that Slack shows of one message it shows of all, so that one without
	// is somebody else's.
	shown := false
	for _, said := range list {
		if names(said.Metadata, id) {
			return api.Posted{Channel: channel, TS: said.TS}, true, nil
		}
		shown = shown || said.Metadata.Type == MetadataType
	}
	if err != nil || shown {
		return api.Posted{}, false, err
	}
	return p.alike(ctx, m, channel, list)
}

// conversation is the id of that where messages to channel are; empty: there is
// none yet.
// Errors: *unlooked; those of Config.Direct.
func (p *Poster) conversation(ctx context.Context, channel string) (string, error) {
	if !strings.HasPrefix(channel, "U") && !strings.HasPrefix(channel, "W") {
		return channel, nil
	}
	if p.cfg.Direct == nil {
		return "", &unlooked{"the direct message cannot be found"}
	}
	id, err := p.cfg.Direct(ctx, channel)
	if codeOf(err) == "unknown_channel" {
		return "", nil
	}
	return id, err
}

// said are the messages of a window.
// Errors: *unlooked where there are more, with those that were read.
func (p *Poster) said(ctx context.Context, q api.HistoryQuery) (list []api.Message, err error) {
	read := p.cfg.API.History
	if q.Thread != "" {
		read = p.cfg.API.Replies
	}
	for range pages {
		page, err := read(ctx, q)
		if err != nil {
			return list, err
		}
		list = append(list, page.List...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return list, nil
		}
	}
	return list, &unlooked{"there are too many messages to look through"}
}

// names tells that a message is of the call with that id.
func names(m api.Metadata, id string) bool {
	var payload struct {
		Key string `json:"key"`
	}
	return m.Type == MetadataType && json.Unmarshal(m.Payload, &payload) == nil && payload.Key == id
}
