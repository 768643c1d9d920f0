package api

import "time"

// User is somebody as others see them: without an address.
type User struct {
	ID     string `json:"id"`
	Handle string `json:"handle"`
}

// Me is who the token belongs to.
type Me struct {
	ID     string `json:"id"`
	Handle string `json:"handle"`
	Email  string `json:"email"`
}

// Meta is what Figma says of a file without its contents.
type Meta struct {
	Name          string    `json:"name"`
	Folder        string    `json:"folder_name"`
	LastTouchedAt time.Time `json:"last_touched_at"` // of its contents
	LastTouchedBy *User     `json:"last_touched_by"`
	Creator       User      `json:"creator"`
	ThumbnailURL  string    `json:"thumbnail_url"`
	Editor        string    `json:"editorType"` // figma, figjam, slides, buzz, sites or make
	Role          string    `json:"role"`       // of the account: owner, editor or viewer; may be empty
	LinkAccess    string    `json:"link_access"`
	URL           string    `json:"url"`
	Version       string    `json:"version"` // changes with the contents; may be empty
}

// Position is where a comment is pinned: on the canvas, at an offset in a node,
// or over a region of either.
type Position struct {
	X      *float64 `json:"x,omitempty"` // on the canvas
	Y      *float64 `json:"y,omitempty"`
	NodeID string   `json:"node_id,omitempty"`
	Offset *Point   `json:"node_offset,omitempty"` // from the top left of the node
	Width  float64  `json:"region_width,omitempty"`
	Height float64  `json:"region_height,omitempty"`
	Corner string   `json:"comment_pin_corner,omitempty"`
}

// Point is an offset, px.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Comment is a comment or a reply. The replies of one comment form its thread.
type Comment struct {
	ID         string     `json:"id"`
	ParentID   string     `json:"parent_id"` // of a reply: the comment that began the thread
	User       User       `json:"user"`
	CreatedAt  time.Time  `json:"created_at"`
	ResolvedAt *time.Time `json:"resolved_at"`
	Message    string     `json:"message"`
	OrderID    string     `json:"order_id"` // number that people see; of those that begin a thread
	Position   *Position  `json:"client_meta"`
	Reactions  []Reaction `json:"reactions"`
}

// Reaction is an emoji under a comment.
type Reaction struct {
	Emoji string `json:"emoji"`
	User  User   `json:"user"`
}

// NewComment is a comment to post: a reply where CommentID is set.
type NewComment struct {
	Message   string    `json:"message"`
	CommentID string    `json:"comment_id,omitempty"` // must begin a thread
	Position  *Position `json:"client_meta,omitempty"`
}

// Version is one entry of a file's history.
type Version struct {
	ID          string    `json:"id"`
	CreatedAt   time.Time `json:"created_at"`
	Label       string    `json:"label"` // empty for autosaves
	Description string    `json:"description"`
	User        User      `json:"user"`
}

// Page is which part of a list to ask for; zero values are left out.
type Page struct {
	Size   int
	Before string
	After  string
}

// VersionPage is a part of a file's history, the newest first.
type VersionPage struct {
	Versions []Version
	Before   string // for Page.Before of the next part; empty: this was the last
}

// Folder is a folder of a team, or what was called a project.
type Folder struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// FolderList are the folders in a team or in a folder.
type FolderList struct {
	Name    string // of the team or folder
	Folders []Folder
}

// FileEntry is a file in a folder.
type FileEntry struct {
	Key          string    `json:"key"`
	Name         string    `json:"name"`
	ThumbnailURL string    `json:"thumbnail_url"`
	LastModified time.Time `json:"last_modified"`
	Branches     []Branch  `json:"branches"`
}

// Branch is a branch of a file, which is a file of its own.
type Branch struct {
	Key          string    `json:"key"`
	Name         string    `json:"name"`
	LastModified time.Time `json:"last_modified"`
}

// FileList are the files in a folder.
type FileList struct {
	Name  string      `json:"name"` // of the folder
	Files []FileEntry `json:"files"`
}

// Published is a component, a component set or a style that a file publishes.
type Published struct {
	Key         string    `json:"key"`
	FileKey     string    `json:"file_key"`
	NodeID      string    `json:"node_id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	UpdatedAt   time.Time `json:"updated_at"`
	User        User      `json:"user"`
	StyleType   string    `json:"style_type"` // of styles: FILL, TEXT, EFFECT or GRID
	Frame       Frame     `json:"containing_frame"`
}

// Frame is where a published component is.
type Frame struct {
	NodeID   string `json:"nodeId"`
	Name     string `json:"name"`
	PageName string `json:"pageName"`
	Set      *struct {
		NodeID string `json:"nodeId"`
		Name   string `json:"name"`
	} `json:"containingComponentSet"`
}

// PublishedPage is a part of what a team publishes.
type PublishedPage struct {
	List  []Published
	After string // for Page.After of the next part; empty: this was the last
}

// Asset is a kind of what files publish, as it stands in paths.
type Asset string

// The kinds of assets.
const (
	Components    Asset = "components"
	ComponentSets Asset = "component_sets"
	Styles        Asset = "styles"
)

// Render is what pictures are asked for.
type Render struct {
	IDs     []string // of nodes
	Format  string   // png, jpg, svg or pdf
	Scale   float64  // 0.01 to 4; zero: 1
	Version string   // of the file; empty: the latest

	SVGOutlineText *bool // nil: true, as with Figma
}
