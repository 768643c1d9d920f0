package slack

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/posting"
)

// maxUpload bounds a file, bytes. As base64 that is 4 MB, which leaves room for
// the rest of a request in the 4 MiB that the transports take.
const maxUpload = 3_000_000

var uploadFileSpec = tools.Spec{
	Name:      "slack_upload_file",
	Title:     "Upload a file to Slack",
	Effect:    tools.Writes,
	OpenWorld: true,
	Timeout:   2 * time.Minute,
	Choices:   map[string][]string{"encoding": {"text", "base64"}},
	Description: "Upload content as a file and share it in a conversation or a thread, with a comment. " +
		"At most 3 MB, given inline; paths and URLs are not read. For short texts call slack_post_message. Repeat a failed call with the same idempotency_key.",
}

type uploadFileArgs struct {
	Channel        string `json:"channel" jsonschema:"#name, id or link of a channel, or @handle, id or email of a person"`
	Filename       string `json:"filename" jsonschema:"such as report.csv; the ending tells Slack what it is"`
	Content        string `json:"content" jsonschema:"the file itself"`
	Encoding       string `json:"encoding,omitempty" jsonschema:"how content is written: text, or base64 of any bytes"`
	Title          string `json:"title,omitempty" jsonschema:"shown above the file; without it, filename is"`
	Comment        string `json:"comment,omitempty" jsonschema:"what to say with the file, in Markdown, at most 4000 characters"`
	ThreadTS       string `json:"thread_ts,omitempty" jsonschema:"ts or link of the message to reply to"`
	IdempotencyKey string `json:"idempotency_key,omitempty" jsonschema:"any text of up to 200 characters that is the same when this call is repeated: it is shared once"`
}

type uploadFileResult struct {
	Channel     string `json:"channel" jsonschema:"id"`
	ChannelName string `json:"channel_name,omitempty"`
	FileID      string `json:"file_id"`
	Filename    string `json:"filename"`
	Size        int    `json:"size" jsonschema:"bytes"`
	TS          string `json:"ts,omitempty" jsonschema:"of the message with the file; absent while Slack still works on the file"`
	ThreadTS    string `json:"thread_ts,omitempty" jsonschema:"of the message it is a reply to"`
	Permalink   string `json:"permalink,omitempty" jsonschema:"of the message, or else of the file"`
	Repeated    bool   `json:"repeated" jsonschema:"an earlier call shared it, and it was not shared again"`
	Note        string `json:"note,omitempty" jsonschema:"where it was not as usual"`

	where place
}

// uploadFile answers the slack_upload_file tool.
// Errors: bad_argument, *tooLarge, *tooLong, those of address and of
// posting.Poster.Once.
func (h handlers) uploadFile(ctx context.Context, in uploadFileArgs) (uploadFileResult, error) {
	f, err := h.file(in)
	if err != nil {
		return uploadFileResult{}, err
	}
	as := []api.NewMessage{{Text: f.comment}}
	to, err := h.address(ctx, delivery{channel: in.Channel, thread: in.ThreadTS}, as)
	if err != nil {
		return uploadFileResult{}, err
	}
	if !to.opened() {
		return uploadFileResult{}, &unopened{to.where, "Call slack_post_message first, which opens it, and then upload."}
	}
	up := upload{h: h, file: f, to: api.Share{Title: f.title, Channel: to.ID, Thread: as[0].Thread, Comment: f.comment}}
	done, err := h.Poster.Once(ctx, in.IdempotencyKey, up.digest(), posting.Act{Do: up.do, Look: up.look, Within: 45 * time.Second})
	if err != nil {
		return uploadFileResult{}, err
	}
	r := uploadFileResult{
		Channel: to.ID, ChannelName: to.where.Name, FileID: done.Ref, Filename: f.name, Size: len(f.content), TS: done.TS,
		ThreadTS: up.to.Thread, Repeated: done.Repeated, Note: done.Note, where: to.where,
	}
	tools.Touch(ctx, "file:"+r.FileID)
	if r.TS == "" { // Slack tells it of the file alone, and not at once
		if at, found, err := up.look(ctx, r.FileID, time.Time{}); err == nil && found {
			r.TS = at.TS
		}
	}
	if r.TS != "" {
		tools.Touch(ctx, "message:"+r.Channel+":"+r.TS)
		r.Permalink = h.linkTo(ctx, r.Channel, r.TS, r.ThreadTS)
	}
	if r.Permalink == "" {
		r.Permalink = up.link
	}
	return r, nil
}

// file is what is to be uploaded, checked.
type file struct {
	name, title, comment string
	content              []byte
}

// file checks what was given.
// Errors: bad_argument, *tooLarge, *tooLong.
func (h handlers) file(in uploadFileArgs) (f file, err error) {
	if f.name, err = cleanName(in.Filename); err != nil {
		return f, err
	}
	if f.content, err = in.bytes(); err != nil {
		return f, err
	}
	f.title = strings.TrimSpace(short(onOneLine(in.Title), 250))
	if strings.TrimFunc(in.Comment, invisible) != "" {
		f.comment = h.mrkdwn(in.Comment, formatMarkdown)
	}
	return f, within(f.comment, maxPart, "comment", "Shorten comment, or post the rest as a reply with slack_post_message.")
}

// bytes are the file that content writes.
// Errors: bad_argument, *tooLarge.
func (in uploadFileArgs) bytes() ([]byte, error) {
	content, most := in.Content, maxUpload
	if in.Encoding == "base64" {
		content = strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return -1
			}
			return r
		}, content)
		content = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(content, "="))
		most = base64.RawStdEncoding.EncodedLen(maxUpload)
	}
	switch {
	case content == "":
		return nil, tools.NewBadArgument("content is empty, and Slack takes no file of 0 bytes", "Give content at least one byte.")
	case len(content) > most:
		return nil, &tooLarge{bytes: int64(len(content)) * maxUpload / int64(most)}
	case in.Encoding != "base64":
		return []byte(content), nil
	}
	b, err := base64.RawStdEncoding.DecodeString(content)
	if err != nil || len(b) == 0 {
		return nil, tools.NewBadArgument("content is no base64", "Give content in base64, or set encoding=text.")
	}
	return b, nil
}

// longFilename bounds the name of a file, bytes.
const longFilename = 255

// cleanName is a name without directories and what does not show. A name that is
// too long keeps its ending.
// Errors: bad_argument.
func cleanName(name string) (string, error) {
	name = strings.ReplaceAll(onOneLine(name), `\`, "/")
	name = strings.TrimRight(strings.TrimSpace(name[strings.LastIndexByte(name, '/')+1:]), ". ")
	if name == "" {
		return "", tools.NewBadArgument("filename is no name of a file", "Give a name such as report.csv.")
	}
	if len(name) <= longFilename {
		return name, nil
	}
	ext := path.Ext(name)
	if len(ext) > 20 {
		ext = ""
	}
	return strings.ToValidUTF8(name[:longFilename-len(ext)], "") + ext, nil
}

// onOneLine is text without what does not show, such as marks that turn the
// direction of writing and so hide how a name ends.
func onOneLine(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsGraphic(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

// tooLarge says that a file is too large to be given inline.
type tooLarge struct{ bytes int64 }

// Error says how large it is, and may be.
func (e *tooLarge) Error() string {
	return fmt.Sprintf("content has %s, and a file may have at most %s", size(e.bytes), size(maxUpload))
}

// Code is file_too_large.
func (*tooLarge) Code() string { return "file_too_large" }

// Hint says what else there is.
func (*tooLarge) Hint() string {
	return "Post a link to the file with slack_post_message, or upload it in parts."
}

// upload is one upload: three steps, whose first gives the file its id.
// Source: https://docs.slack.dev/messaging/working-with-files
type upload struct {
	h    handlers
	file file
	to   api.Share
	link string // of the file
}

// digest names what is uploaded, and where.
func (u *upload) digest() string {
	return posting.Digest("file", u.file.name, string(u.file.content), u.to.Channel, u.to.Thread, u.to.Title, u.to.Comment)
}

// do uploads and shares. ref is of no use: an upload that was not shared is gone
// some time later, and another one does no harm.
func (u *upload) do(ctx context.Context, _ string, note func(ref string) error) (api.Posted, error) {
	total := float64(len(u.file.content))
	tools.Progress(ctx, 0, total, "asking for a place")
	at, err := u.h.API.PlaceUpload(ctx, api.Upload{Name: u.file.name, Title: u.file.title, Size: int64(len(u.file.content))})
	if err != nil {
		return api.Posted{}, &unshared{err}
	}
	if err := note(at.FileID); err != nil {
		return api.Posted{}, err
	}
	sent := func(n int64) { tools.Progress(ctx, min(float64(n), total), total, "sending the file") }
	if err := u.h.API.SendUpload(ctx, at, bytes.NewReader(u.file.content), int64(len(u.file.content)), sent); err != nil {
		return api.Posted{}, &unshared{err}
	}
	to := u.to
	to.FileID = at.FileID
	f, err := u.h.API.ShareUpload(ctx, to)
	if err != nil {
		return api.Posted{}, err
	}
	u.link = onlyLink(f.Permalink)
	return api.Posted{Channel: u.to.Channel, TS: newest(f.Shares[u.to.Channel])}, nil
}

// unshared is an error of the steps before the last one, in which nobody has seen
// anything yet.
type unshared struct{ err error }

// Error is that of the step.
func (e *unshared) Error() string { return e.err.Error() }

// Unwrap returns it.
func (e *unshared) Unwrap() error { return e.err }

// NothingDone is true: another upload does no harm.
func (*unshared) NothingDone() bool { return true }

// look says whether the file of ref was shared.
func (u *upload) look(ctx context.Context, ref string, _ time.Time) (at api.Posted, found bool, err error) {
	if ref == "" {
		return at, false, nil // it was not even placed
	}
	f, err := u.h.API.FileInfo(ctx, ref)
	if kind, _ := api.KindOf(err); kind == api.UnknownFile {
		return at, false, nil
	}
	if err != nil {
		return at, false, err
	}
	u.link = onlyLink(f.Permalink)
	ts := newest(f.Shares[u.to.Channel])
	return api.Posted{Channel: u.to.Channel, TS: ts}, ts != "", nil
}

// newest is the last of several ts; empty: there is none.
func newest(list []string) (last string) {
	for _, ts := range list {
		if older(last, ts) {
			last = ts
		}
	}
	return last
}

// Text is what the model reads.
func (r uploadFileResult) Text() string {
	first := fmt.Sprintf("shared %q as %s, %s, in %s", r.Filename, plain(r.FileID), size(int64(r.Size)), r.where.text())
	if r.TS != "" {
		first += ", in the message " + plain(r.TS)
	}
	if r.Repeated {
		first += ", by an earlier call"
	}
	return lines(first, r.Permalink, r.Note)
}
