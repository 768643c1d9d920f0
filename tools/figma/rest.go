package figma

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

// maxRaw bounds a file as Figma has it, which is held in memory, bytes.
const maxRaw = 32 << 20

// endpoints are the REST API of web clients, whose shapes are older than the
// tools.
func (h handlers) endpoints() []tools.Endpoint {
	return []tools.Endpoint{
		{Method: http.MethodGet, Path: "/api/integrations/figma/files", Tool: tools.New(restSpec("figma_rest_files"), h.restFiles)},
		{Method: http.MethodGet, Path: "/api/integrations/figma/files/{fileKey}", Tool: tools.New(restSpec("figma_rest_file"), h.restFile)},
		{Method: http.MethodGet, Path: "/api/integrations/figma/comments/{fileKey}", Tool: tools.New(restSpec("figma_rest_comments"), h.restComments)},
	}
}

// restSpec describes an endpoint for the audit and the log; no client sees it.
func restSpec(name string) tools.Spec {
	s := tools.Spec{Name: name, Title: name, Effect: tools.ReadOnly, OpenWorld: true, Timeout: slow, Description: "A path of the REST API."}
	if name == "figma_rest_file" {
		s.Ranges = map[string]tools.Range{"depth": {Min: 0, Max: 100, Default: 0}}
	}
	return s
}

type restFilesArgs struct {
	TeamID string `json:"teamId,omitempty"`
}

type restFiles struct {
	TeamID   string       `json:"teamId,omitempty"`
	Projects []api.Folder `json:"projects"`
	Files    []any        `json:"files"` // always empty: the contract has it
	User     restUser     `json:"user"`
}

type restUser struct {
	ID     string `json:"id"`
	Email  string `json:"email"`
	Handle string `json:"handle"`
}

// restFiles lists the projects of a team, and who asks.
func (h handlers) restFiles(ctx context.Context, in restFilesArgs) (restFiles, error) {
	me, err := h.api.Me(ctx)
	if err != nil {
		return restFiles{}, err
	}
	out := restFiles{Projects: []api.Folder{}, Files: []any{}, User: restUser{me.ID, me.Email, me.Handle}}
	team := in.TeamID
	if team == "" {
		team = h.team
	}
	if team == "" {
		return out, nil
	}
	if out.TeamID, err = parseTeam(team); err != nil {
		return restFiles{}, err
	}
	list, err := h.teamFolders(ctx, out.TeamID)
	if err != nil {
		return restFiles{}, err
	}
	out.Projects = append(out.Projects, list.Folders...)
	return out, nil
}

type restFileArgs struct {
	FileKey string `json:"fileKey"`
	Depth   int    `json:"depth,omitempty"`
	IDs     string `json:"ids,omitempty"`
	Version string `json:"version,omitempty"`
}

// rawFile is a file as Figma answers.
type rawFile struct{ body []byte }

// MarshalJSON is Figma's answer as it is.
func (r rawFile) MarshalJSON() ([]byte, error) { return r.body, nil }

// restFile answers with a file as Figma has it. Each is a request of the
// scarcest kind: what is kept of files is not what Figma answers.
func (h handlers) restFile(ctx context.Context, in restFileArgs) (rawFile, error) {
	ref, err := parseFile(in.FileKey)
	if err != nil {
		return rawFile{}, err
	}
	q := api.FileQuery{Depth: in.Depth, Version: in.Version}
	if in.IDs != "" {
		if q.IDs, err = parseNodes([]string{in.IDs}); err != nil {
			return rawFile{}, err
		}
	}
	tools.Touch(ctx, "file:"+ref.Key)
	var body bytes.Buffer
	err = h.api.File(ctx, ref.Key, q, func(r io.Reader) error {
		body.Reset()
		if _, err := io.Copy(&body, io.LimitReader(r, maxRaw+1)); err != nil {
			return err
		}
		if body.Len() > maxRaw {
			return &rawTooLarge{}
		}
		if !json.Valid(body.Bytes()) {
			return io.ErrUnexpectedEOF // told as an answer that cannot be read
		}
		return nil
	})
	return rawFile{body.Bytes()}, err
}

// rawTooLarge says that a whole file is too much for one answer.
type rawTooLarge struct{}

// Error says how much is too much.
func (*rawTooLarge) Error() string { return "the file has more than 32 MiB" }

// Code is figma_answer_too_large.
func (*rawTooLarge) Code() string { return "figma_answer_too_large" }

// Hint says how to ask for less.
func (*rawTooLarge) Hint() string {
	return "Give depth or ids as parameters, or read it with figma_get_node."
}

type restCommentsArgs struct {
	FileKey string `json:"fileKey"`
}

type restComments struct {
	Comments []api.Comment `json:"comments"`
}

// restComments lists the comments of a file.
func (h handlers) restComments(ctx context.Context, in restCommentsArgs) (restComments, error) {
	ref, err := parseFile(in.FileKey)
	if err != nil {
		return restComments{}, err
	}
	tools.Touch(ctx, "file:"+ref.Key)
	list, err := h.api.Comments(ctx, ref.Key)
	return restComments{append([]api.Comment{}, list...)}, err
}
