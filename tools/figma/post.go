package figma

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

var postCommentSpec = tools.Spec{
	Name:      "figma_post_comment",
	Title:     "Comment on a Figma file",
	Effect:    tools.Writes,
	OpenWorld: true,
	Description: "Post a comment on a Figma file as the person who asks: on a node, at a place on the canvas, or as a reply to a comment of figma_get_comments. " +
		"Everybody who sees the file sees it, and people are notified. Plain text of at most 5000 characters; @names notify nobody.",
}

// maxComment bounds a comment, characters. Figma documents no bound.
const maxComment = 5000

// maxPlace bounds coordinates, px: the canvas ends long before.
const maxPlace = 1e7

type postCommentArgs struct {
	File    string   `json:"file" jsonschema:"key or any URL of the file; a URL with node-id names the node"`
	Text    string   `json:"text" jsonschema:"what to say"`
	NodeIDs []string `json:"node_ids,omitempty" jsonschema:"the one node to pin it to, such as 1:2"`
	X       float64  `json:"x,omitempty" jsonschema:"px from the left of the node, or of the canvas where there is no node"`
	Y       float64  `json:"y,omitempty" jsonschema:"px from the top, likewise"`
	ReplyTo string   `json:"reply_to,omitempty" jsonschema:"id or #number of the comment to reply to, or the id of a reply in its thread"`
}

type postCommentResult struct {
	ID       string `json:"id"`
	URL      string `json:"url" jsonschema:"opens the file at the comment"`
	PostedAs string `json:"posted_as" jsonschema:"name of the account"`
	PostedAt string `json:"posted_at"`
	ThreadID string `json:"thread_id" jsonschema:"comment that begins the thread; reply_to for more"`
	NodeID   string `json:"node_id,omitempty"`
	Note     string `json:"note,omitempty" jsonschema:"where posting was not as usual"`
}

// postComment answers the figma_post_comment tool.
// Errors: bad_argument, *unknownComment, *unplaced, *api.Error, and
// *api.Unanswered where it is not known whether the comment was posted.
func (h handlers) postComment(ctx context.Context, in postCommentArgs) (postCommentResult, error) {
	ref, err := parseFile(in.File)
	if err != nil {
		return postCommentResult{}, err
	}
	node, err := in.check(ref)
	if err != nil {
		return postCommentResult{}, err
	}
	tools.Touch(ctx, "file:"+ref.Key)
	say := api.NewComment{Message: in.Text, Position: in.position(node)}
	before := map[string]bool{}
	if in.ReplyTo != "" {
		list, err := h.api.Comments(ctx, ref.Key)
		if err != nil {
			return postCommentResult{}, err
		}
		root, err := rootOf(list, in.ReplyTo)
		if err != nil {
			return postCommentResult{}, err
		}
		for _, c := range list {
			before[c.ID] = true
		}
		say.CommentID = root.ID
		node, _ = placeOf(root.Position)
	}
	made, err := h.api.PostComment(ctx, ref.Key, say)
	note := ""
	if errors.As(err, new(*api.Unanswered)) {
		if made, err = h.lookFor(ctx, ref.Key, say, before, err); err == nil {
			note = "Figma's answer was lost; the comment was looked for and is there. Do not post it again."
		}
	}
	if err != nil {
		return postCommentResult{}, misplaced(err, say.Position)
	}
	return postedAs(made, ref.Key, node, note), nil
}

// check says what is wrong with the arguments, and which node they name.
func (in postCommentArgs) check(ref reference) (node string, err error) {
	n := utf8.RuneCountInString(in.Text)
	switch {
	case strings.TrimFunc(in.Text, invisible) == "":
		return "", tools.NewBadArgument("text is empty", "Give text something to say.")
	case n > maxComment:
		return "", tools.NewBadArgument(fmt.Sprintf("text has %d characters, and a comment at most %d", n, maxComment), "Shorten text, or post the rest as replies.")
	case math.Abs(in.X) > maxPlace || math.Abs(in.Y) > maxPlace:
		return "", tools.NewBadArgument("x or y is beyond the canvas", "Give x and y in px from the top left of the node.")
	case in.ReplyTo != "" && (len(in.NodeIDs) > 0 || in.X != 0 || in.Y != 0):
		return "", tools.NewBadArgument("a reply has no place of its own", "Leave out node_ids, x and y where there is reply_to.")
	case in.ReplyTo != "":
		return "", nil // a node of the link is where it was copied
	}
	ids, err := ref.nodesOf(in.NodeIDs)
	if err != nil {
		return "", err
	}
	if len(ids) > 1 {
		return "", tools.NewBadArgument("a comment is pinned to one node, and there are several", "Give one id in node_ids.")
	}
	if len(ids) == 0 {
		return "", nil
	}
	return ids[0], nil
}

func invisible(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }

// position is where the comment goes; nil: Figma's own choice.
func (in postCommentArgs) position(node string) *api.Position {
	switch {
	case in.ReplyTo != "":
		return nil
	case node != "":
		return &api.Position{NodeID: node, Offset: &api.Point{X: in.X, Y: in.Y}}
	case in.X != 0 || in.Y != 0:
		return &api.Position{X: &in.X, Y: &in.Y}
	default:
		return nil
	}
}

// rootOf is the comment that begins the thread of id: Figma takes replies to no
// other.
// Errors: *unknownComment.
func rootOf(list []api.Comment, id string) (api.Comment, error) {
	byID := map[string]api.Comment{}
	for _, c := range list {
		byID[c.ID] = c
	}
	c, ok := byID[numbered(list, id)]
	for range list { // no further than there are comments
		parent, more := byID[c.ParentID]
		if !more {
			break
		}
		c = parent
	}
	if !ok {
		return c, &unknownComment{}
	}
	return c, nil
}

// numbered is the id of the thread whose number in Figma id is, as #3 or 3;
// else id itself. A number that two threads have is none.
func numbered(list []api.Comment, id string) string {
	number, found := strings.TrimPrefix(id, "#"), ""
	for _, c := range list {
		switch {
		case c.ID == id:
			return id
		case c.OrderID == "" || c.OrderID != number:
		case found != "":
			return id
		default:
			found = c.ID
		}
	}
	if found == "" {
		return id
	}
	return found
}

// recently is how old a comment can be whose answer was lost just now, with the
// clocks of both sides apart.
const recently = 2 * time.Minute

// lookFor looks for a comment whose answer was lost, among those that were not
// there before; lost is the error where it is not known to be there.
func (h handlers) lookFor(ctx context.Context, key string, say api.NewComment, before map[string]bool, lost error) (found api.Comment, err error) {
	if ctx.Err() != nil {
		return found, lost
	}
	me, err := h.api.Me(ctx)
	if err != nil {
		return found, lost
	}
	list, err := h.api.Comments(ctx, key)
	if err != nil {
		return found, lost
	}
	for _, c := range list {
		same := c.User.ID == me.ID && c.ParentID == say.CommentID && sameText(c.Message, say.Message)
		if same && !before[c.ID] && time.Since(c.CreatedAt).Abs() < recently && c.CreatedAt.After(found.CreatedAt) {
			found = c
		}
	}
	if found.ID == "" {
		return found, lost
	}
	return found, nil
}

// sameText compares what was sent with its Markdown, which may have other marks.
func sameText(a, b string) bool {
	words := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsNumber(r) {
				return r
			}
			return -1
		}, s)
	}
	if wa, wb := words(a), words(b); wa != "" || wb != "" {
		return wa == wb
	}
	return strings.TrimSpace(a) == strings.TrimSpace(b)
}

func postedAs(c api.Comment, key, node, note string) postCommentResult {
	r := postCommentResult{
		ID: c.ID, PostedAs: c.User.Handle, PostedAt: moment(c.CreatedAt), ThreadID: c.ParentID, NodeID: node, Note: note,
		URL: "https://www.figma.com/design/" + key,
	}
	if r.ThreadID == "" {
		r.ThreadID = c.ID
	}
	if node != "" {
		r.URL += "?node-id=" + strings.ReplaceAll(node, ":", "-")
	}
	r.URL += "#comment-" + c.ID
	return r
}

// Text is one sentence; the name is other people's text.
func (r postCommentResult) Text() string {
	s := fmt.Sprintf("posted %s as %q at %s\n%s", r.ID, r.PostedAs, r.PostedAt, r.URL)
	if r.ThreadID != r.ID {
		s += "\nin the thread " + r.ThreadID
	}
	if r.Note != "" {
		s += "\n" + r.Note
	}
	return s
}

// unknownComment says that there is nothing to reply to.
type unknownComment struct{}

// Error names the argument.
func (*unknownComment) Error() string { return "the file has no comment with the id of reply_to" }

// Code is unknown_comment.
func (*unknownComment) Code() string { return "unknown_comment" }

// Hint says where ids are.
func (*unknownComment) Hint() string {
	return "Call figma_get_comments with status=all for the ids of the file's comments."
}

// misplaced adds to a refusal that the node may be the reason.
func misplaced(err error, at *api.Position) error {
	if kind, _ := api.KindOf(err); kind == api.BadRequest && at != nil && at.NodeID != "" {
		return &unplaced{at.NodeID, err}
	}
	return err
}

// unplaced says that a comment with a node was refused.
type unplaced struct {
	node string
	err  error
}

// Error names the node.
func (e *unplaced) Error() string {
	return "Figma refused the comment; the file may have no node " + e.node
}

// Unwrap returns the refusal.
func (e *unplaced) Unwrap() error { return e.err }

// Code is figma_refused.
func (*unplaced) Code() string { return "figma_refused" }

// Hint says where ids are.
func (*unplaced) Hint() string { return "Call figma_get_file for the ids of the file's layers." }
