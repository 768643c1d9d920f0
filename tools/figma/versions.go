package figma

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/figma/api"
	"github.com/fluxstudio/fluxmcp/tools/figma/design"
	"github.com/fluxstudio/fluxmcp/tools/figma/files"
)

var listVersionsSpec = tools.Spec{
	Name:      "figma_list_versions",
	Title:     "List versions of a Figma file",
	Effect:    tools.ReadOnly,
	OpenWorld: true,
	Timeout:   slow,
	Ranges:    map[string]tools.Range{"limit": {Min: 1, Max: 50, Default: 20}},
	Description: "List the history of a Figma file, newest first: who saved what and when. With from (and to) it tells what changed between two versions instead: " +
		"layers added, removed and changed, and how. Give next_cursor as cursor for older ones.",
}

type listVersionsArgs struct {
	File   string `json:"file" jsonschema:"key or any URL of the file"`
	Limit  int    `json:"limit,omitempty" jsonschema:"most versions to list; with from, ten times as many changes"`
	Cursor string `json:"cursor,omitempty" jsonschema:"next_cursor of the answer before"`
	Named  bool   `json:"named,omitempty" jsonschema:"only versions that somebody gave a name"`
	From   string `json:"from,omitempty" jsonschema:"id of the older version to compare"`
	To     string `json:"to,omitempty" jsonschema:"id of the newer version to compare; empty: the file as it is now"`
}

type listVersionsResult struct {
	Versions   []version `json:"versions"`
	Searched   int       `json:"searched,omitempty" jsonschema:"versions that were looked at"`
	NextCursor string    `json:"next_cursor,omitempty" jsonschema:"for older versions; absent at the end"`
	Changes    *changes  `json:"changes,omitempty" jsonschema:"with from: what changed"`
	freshness
}

type version struct {
	ID          string `json:"id"`
	At          string `json:"at"`
	By          string `json:"by"`
	Label       string `json:"label,omitempty"`
	Description string `json:"description,omitempty"`
}

// listVersions answers the figma_list_versions tool.
// Errors: bad_argument, those of files.Source.
func (h handlers) listVersions(ctx context.Context, in listVersionsArgs) (listVersionsResult, error) {
	ref, err := parseFile(in.File)
	if err != nil {
		return listVersionsResult{}, err
	}
	tools.Touch(ctx, "file:"+ref.Key)
	if in.From != "" || in.To != "" {
		return h.compare(ctx, ref.Key, in)
	}
	if in.Cursor != "" && !digits(in.Cursor) {
		return listVersionsResult{}, tools.NewBadArgument("cursor is none that an answer gave", "Give next_cursor of the answer before, or nothing.")
	}
	out := listVersionsResult{Versions: []version{}, NextCursor: in.Cursor}
	size := in.Limit
	if in.Named {
		size = maxPage // named ones may be far between
	}
	for range maxPages {
		p, err := h.api.Versions(ctx, ref.Key, api.Page{Size: size, Before: out.NextCursor})
		if err != nil {
			return out, err
		}
		out.NextCursor = p.Before
		if out.add(p.Versions, in); out.NextCursor == "" || len(out.Versions) >= in.Limit || !in.Named {
			break
		}
	}
	return out, nil
}

// Bounds of a history that is searched for names: versions a request, and requests.
const (
	maxPage  = 50
	maxPages = 4
)

// add takes versions as long as there is room; the next ones begin after those
// that were looked at.
func (r *listVersionsResult) add(list []api.Version, in listVersionsArgs) {
	for _, v := range list {
		if len(r.Versions) == in.Limit {
			r.NextCursor = r.Versions[in.Limit-1].ID
			return
		}
		if r.Searched++; !in.Named || v.Label != "" {
			r.Versions = append(r.Versions, version{v.ID, v.CreatedAt.UTC().Format(time.RFC3339), v.User.Handle, v.Label, v.Description})
		}
	}
}

func digits(s string) bool {
	return s != "" && len(s) < 40 && strings.Trim(s, "0123456789") == ""
}

// compare tells what changed between two versions.
func (h handlers) compare(ctx context.Context, key string, in listVersionsArgs) (listVersionsResult, error) {
	if !digits(in.From) || (in.To != "" && !digits(in.To)) {
		return listVersionsResult{}, tools.NewBadArgument("from and to are ids of versions, and from is needed", "Call figma_list_versions without them for the ids.")
	}
	tools.Progress(ctx, 0, 2, "reading the older version")
	old, err := h.files.At(ctx, key, in.From)
	if err != nil {
		return listVersionsResult{}, err
	}
	tools.Progress(ctx, 1, 2, "reading the newer version")
	var now files.Got
	if in.To == "" {
		now, err = h.files.File(ctx, key)
	} else {
		now, err = h.files.At(ctx, key, in.To)
	}
	if err != nil {
		return listVersionsResult{}, err
	}
	if older(now.Version, old.Version) {
		old, now = now, old
	}
	found := changesOf(design.Diff(old.File, now.File, 10*in.Limit))
	found.From, found.To = old.Version, now.Version
	return listVersionsResult{Versions: []version{}, Changes: &found, freshness: freshnessOf(now)}, nil
}

// older compares ids of versions, which are numbers that grow.
func older(a, b string) bool {
	return len(a) < len(b) || (len(a) == len(b) && a < b)
}

// Text is one version, or one change, a line.
func (r listVersionsResult) Text() string {
	var b strings.Builder
	b.WriteString(r.line())
	if r.Changes != nil {
		r.Changes.write(&b)
		return b.String()
	}
	for _, v := range r.Versions {
		fmt.Fprintf(&b, "%s %s %q", plain(v.ID), v.At, v.By)
		if v.Label != "" {
			fmt.Fprintf(&b, " %q", v.Label)
		}
		if v.Description != "" {
			fmt.Fprintf(&b, ": %q", v.Description)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "(%d versions of %d searched", len(r.Versions), r.Searched)
	if r.NextCursor != "" {
		b.WriteString(", older ones: cursor=" + r.NextCursor)
	}
	return b.String() + ")"
}
