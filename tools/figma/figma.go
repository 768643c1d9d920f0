// Package figma is the toolset of Figma, as the person who asks. It knows what
// an agent needs of Figma and no token: what it is given to send requests with
// is already that person.
package figma

import (
	"context"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/figma/api"
	"github.com/fluxstudio/fluxmcp/tools/figma/files"
)

// Config is what the tools work with.
type Config struct {
	API   *api.Client   // required
	Files *files.Source // required, over the same client

	// Account names the Figma account of ctx, for what is remembered of it. It
	// fails where none is connected.
	Account func(ctx context.Context) (string, error)
	Team    string // id of the team whose files are listed where none is named; may be empty
}

// slow is the deadline of calls that may read a whole file.
const slow = 90 * time.Second

// namer knows the names of nodes without asking Figma.
type namer interface {
	Names(ctx context.Context, file string, ids []string) (map[string]string, error)
}

type handlers struct {
	api     *api.Client
	files   *files.Source
	names   namer
	account func(context.Context) (string, error)
	team    string
}

// New makes the toolset.
func New(cfg Config) tools.Toolset {
	h := handlers{api: cfg.API, files: cfg.Files, names: cfg.Files, account: cfg.Account, team: cfg.Team}
	return tools.Toolset{
		Name: "figma",
		Tools: []tools.Tool{
			tools.New(getFileSpec, h.getFile),
			tools.New(getNodeSpec, h.getNode),
			tools.New(listFilesSpec, h.listFiles),
			tools.New(getCommentsSpec, h.getComments),
			tools.New(postCommentSpec, h.postComment),
			tools.New(getComponentsSpec, h.getComponents),
			tools.New(exportImagesSpec, h.exportImages),
			tools.New(listVersionsSpec, h.listVersions),
		},
		Templates: h.templates(),
		Endpoints: h.endpoints(),
	}
}
