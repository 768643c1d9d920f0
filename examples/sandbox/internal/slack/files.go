package slack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/issuer"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/install"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/talk"
)

// maxFile is the largest file that the sandbox takes, bytes. It keeps none.
// (Slack's bound is 1 GB.)
const maxFile = 1 << 30

const (
	maxAltText = 1000 // characters
	maxPlaces  = 100  // where one call can share
)

// mimeOf is the type of a file by the end of its name, as Slack names them.
func mimeOf(name string) (kind, mime, pretty string) {
	end := strings.ToLower(path.Ext(name))
	for _, m := range [][4]string{
		{".pdf", "pdf", "application/pdf", "PDF"}, {".png", "png", "image/png", "PNG"}, {".txt", "text", "text/plain", "Plain Text"},
		{".md", "markdown", "text/markdown", "Markdown"}, {".csv", "csv", "text/csv", "CSV"}, {".json", "json", "text/plain", "JSON"},
	} {
		if m[0] == end {
			return m[1], m[2], m[3]
		}
	}
	return "binary", "application/octet-stream", "Binary"
}

// shownFile is a file as messages have it, without where it is shared.
// Source: https://docs.slack.dev/reference/objects/file-object
func (c *call) shownFile(f *talk.File) answer {
	kind, mime, pretty := mimeOf(f.Name)
	private := "https://files.slack.example/files-pri/" + f.Team + "-" + f.ID
	link := strings.ToLower(f.Name)
	return answer{
		"id": f.ID, "created": f.Created.Unix(), "timestamp": f.Created.Unix(), "name": f.Name, "title": f.Title, "mimetype": mime, "filetype": kind, "pretty_type": pretty,
		"user": f.User, "user_team": f.Team, "editable": false, "size": f.Size, "mode": "hosted", "is_external": false, "external_type": "", "is_public": f.Public(),
		"public_url_shared": false, "display_as_bot": false, "username": "", "url_private": private + "/" + link, "url_private_download": private + "/download/" + link,
		"permalink":        fmt.Sprintf("https://%s.slack.com/files/%s/%s/%s", c.studio.SlackHost, f.User, f.ID, link),
		"permalink_public": "https://slack-files.example/" + f.Team + "-" + f.ID, "is_starred": false, "has_rich_preview": false, "file_access": "visible",
	}
}

// fileInfo answers files.info, with where the file is shared as far as the caller
// sees it.
func (c *call) fileInfo() answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.Files[c.args["file"]]
	if f == nil || f.Team != c.studio.SlackTeam {
		return no("file_not_found")
	}
	seen := slices.DeleteFunc(slices.Clone(f.Shares), func(p talk.Place) bool { return !c.sees(p.Ch) })
	if f.User != c.me && len(seen) == 0 {
		return no("not_visible")
	}
	a := c.shownFile(f)
	maps.Copy(a, sharesOf(f, seen))
	return yes(answer{"file": a, "comments": []string{}, "response_metadata": answer{"next_cursor": ""}})
}

// sharesOf says where a file is to be seen: messages by kind and conversation, and
// the conversations alone.
func sharesOf(f *talk.File, seen []talk.Place) answer {
	shares := map[string]map[string][]answer{}
	lists := map[string][]string{"channels": {}, "groups": {}, "ims": {}}
	for _, p := range seen {
		kind := "private"
		if p.Ch.Kind == "public_channel" {
			kind = "public"
		}
		if shares[kind] == nil {
			shares[kind] = map[string][]answer{}
		}
		at := answer{"ts": p.M.TS, "channel_name": p.Ch.Name, "team_id": f.Team, "share_user_id": f.User, "source": "UNKNOWN", "reply_users": []string{}, "reply_users_count": 0, "reply_count": 0}
		if p.M.Thread != "" {
			at["thread_ts"] = p.M.Thread
		}
		shares[kind][p.Ch.ID] = append(shares[kind][p.Ch.ID], at)
		list := cmp.Or(map[string]string{"public_channel": "channels", "private_channel": "groups"}[p.Ch.Kind], "ims")
		if !slices.Contains(lists[list], p.Ch.ID) {
			lists[list] = append(lists[list], p.Ch.ID)
		}
	}
	return answer{"shares": shares, "channels": lists["channels"], "groups": lists["groups"], "ims": lists["ims"]}
}

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
	case c.args["filename"] == "", err == nil && length < 1, c.args["length"] == "":
		return no("missing_argument")
	case err != nil:
		return no("invalid_arguments")
	case length > maxFile:
		return no("file_upload_size_restricted")
	case utf8.RuneCountInString(c.args["alt_txt"]) > maxAltText:
		return no("alt_txt_too_large")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Serial++
	u := &upload{id: fmt.Sprintf("F0SBX%05d", c.Serial), name: c.args["filename"], length: length, holder: c.token.Holder}
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
	channels := install.Commas(c.args["channels"])
	if one := c.args["channel_id"]; one != "" {
		channels = append(channels, one)
	}
	switch {
	case len(channels) > maxPlaces:
		return no("channels_limit_exceeded")
	case len(channels) > 1 && c.args["thread_ts"] != "":
		return no("invalid_arguments")
	}
	c.mu.Lock()
	files, code := c.uploaded(list)
	c.mu.Unlock()
	if code != "" {
		c.settle(files, false)
		return no(code)
	}
	for _, id := range channels {
		c.args["channel"] = id
		c.direct()
		if a := c.share(files); a["ok"] != true {
			c.settle(files, false)
			return a
		}
	}
	c.settle(files, true)
	rows := []answer{}
	for _, f := range files {
		rows = append(rows, answer{"id": f.ID, "title": f.Title})
	}
	return yes(answer{"files": rows})
}

// settle makes files known, or their uploads usable again.
func (c *call) settle(files []*talk.File, done bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range files {
		c.uploads[f.ID].done = done
		if done {
			c.Files[f.ID] = f
		}
	}
}

// uploaded are the files of the list, each of which can be had once, or what is
// wrong. The caller holds mu.
func (c *call) uploaded(list []struct{ ID, Title string }) (files []*talk.File, code string) {
	for _, f := range list {
		u := c.uploads[f.ID]
		if u == nil || u.holder != c.token.Holder || u.done || !u.got {
			return files, "file_not_found"
		}
		u.done = true
		files = append(files, &talk.File{ID: u.id, Team: c.studio.SlackTeam, Name: u.name, Title: cmp.Or(f.Title, u.name), User: c.me, Size: u.length, Created: c.cfg.Now()})
	}
	return files, ""
}

// share posts the files in the conversation of the arguments.
func (c *call) share(files []*talk.File) answer {
	return c.in("", func(ch *talk.Channel) answer {
		switch {
		case ch.Archived:
			return no("posting_to_channel_denied")
		case !slices.Contains(ch.Members, c.me):
			return no("not_in_channel")
		}
		m := &talk.Message{User: c.me, Text: c.args["initial_comment"], App: c.Bots[c.studio.BotID], Files: files}
		if code := c.inThread(ch, m); code != "" {
			return no(code)
		}
		c.Say(ch, m, c.cfg.Now())
		return yes(nil)
	})
}
