package slack

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/issuer"
)

// maxFile is the largest file that the sandbox takes, bytes. It keeps none.
// (Slack's bound is 1 GB.)
const maxFile = 1 << 30

// upload is a file on its way.
type upload struct {
	id, name string
	length   int64
	holder   issuer.Holder
	got      bool
	done     bool
}

// uploadURL answers files.getUploadURLExternal: the first step.
func (c *call) uploadURL() answer {
	length, err := strconv.ParseInt(c.args["length"], 10, 64)
	switch {
	case c.args["filename"] == "":
		return no("invalid_arguments")
	case err != nil || length < 1:
		return no("invalid_arguments")
	case length > maxFile:
		return no("file_too_large")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial++
	u := &upload{id: fmt.Sprintf("F0SBX%05d", c.serial), name: c.args["filename"], length: length, holder: c.token.Holder}
	c.uploads[u.id] = u
	return yes(answer{"upload_url": c.cfg.Base(c.r) + "/_upload/" + u.id, "file_id": u.id})
}

// takeUpload takes the bytes, as a body or as the one part of a form: the
// second step.
func (s *Slack) takeUpload(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	u := s.uploads[r.PathValue("id")]
	s.mu.Unlock()
	if u == nil {
		http.NotFound(w, r)
		return
	}
	body := io.Reader(r.Body)
	if form, err := r.MultipartReader(); err == nil {
		part, err := form.NextPart()
		if err != nil {
			http.Error(w, "no part", http.StatusBadRequest)
			return
		}
		body = part
	}
	n, err := io.Copy(io.Discard, io.LimitReader(body, u.length+1))
	if err != nil || n != u.length {
		http.Error(w, fmt.Sprintf("%d bytes were announced, %d came", u.length, n), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	u.got = true
	s.mu.Unlock()
	_, _ = fmt.Fprintf(w, "OK - %d", n) // who does not get it has left
}

// completeUpload answers files.completeUploadExternal: the third step.
func (c *call) completeUpload() answer {
	var list []struct{ ID, Title string }
	if json.Unmarshal([]byte(c.args["files"]), &list) != nil || len(list) == 0 {
		return no("invalid_arguments")
	}
	channels := commas(c.args["channels"])
	if one := c.args["channel_id"]; one != "" {
		channels = append(channels, one)
	}
	if len(channels) > 100 {
		return no("invalid_arguments")
	}
	files, code := c.uploaded(list)
	if code != "" {
		return no(code)
	}
	for _, ch := range channels {
		c.args["channel"] = ch
		if a := c.share(files); a["ok"] != true {
			return a
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range list {
		c.uploads[f.ID].done = true
	}
	return yes(answer{"files": files})
}

// uploaded are the files of the list, or what is wrong.
func (c *call) uploaded(list []struct{ ID, Title string }) (files []answer, code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range list {
		u := c.uploads[f.ID]
		if u == nil || u.holder != c.token.Holder || u.done {
			return nil, "file_not_found"
		}
		if !u.got {
			return nil, "file_upload_not_completed"
		}
		title := f.Title
		if title == "" {
			title = u.name
		}
		link := fmt.Sprintf("https://%s.slack.com/files/%s/%s/%s", c.studio.SlackHost, c.me, u.id, strings.ToLower(u.name))
		files = append(files, answer{"id": u.id, "name": u.name, "title": title, "size": u.length, "user": c.me, "permalink": link})
	}
	return files, ""
}

// share posts the files in the conversation of the arguments.
func (c *call) share(files []answer) answer {
	return c.in("", func(ch *channel) answer {
		switch {
		case ch.archived:
			return no("is_archived")
		case !slices.Contains(ch.members, c.me):
			return no("not_in_channel")
		}
		c.say(ch, &message{user: c.me, text: c.args["initial_comment"], bot: c.token.Holder.Kind == bot, thread: c.args["thread_ts"], files: files}, c.cfg.Now())
		return yes(nil)
	})
}
