// Package shelf keeps the files of the stand-in of Figma: what is drawn in
// them, whose they are, and how they came to be so. It knows no HTTP and no
// permissions.
package shelf

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/design"
)

// The files that comments are made in from the start.
const (
	Tidal    = "SbxTidalShowDesign0001"
	Solstice = "SbxSolsticeBrand000003"
)

// File is a file with its history. It is a copy: changing it changes nothing.
type File struct {
	Key, Name string
	Editor    string     // figma or figjam
	Studio    string     // Key of a studio
	Project   string     // FigmaID of a project
	Creator   string     // Key of a person
	Locked    bool       // its owner does not let it be exported
	Images    []string   // references of uploaded images
	Revisions []Revision // at least one, the oldest first

	TooLarge   bool     // all of it at once is more than Figma sends
	Unrendered []string // ids of nodes that no picture can be made of
	Plan, Seat string   // as a 429 names them; empty: pro and high

	build func(revision int) *design.Document
}

// Revision is one state of a file.
type Revision struct {
	ID     string // longer ones are newer, then greater ones
	At     time.Time
	Label  any // string or nil
	About  any // likewise
	Person string
}

// Last is the newest revision.
func (f File) Last() Revision { return f.Revisions[len(f.Revisions)-1] }

// Drawing is the file in one revision, or in the newest with an empty id; nil:
// there is no such revision.
func (f File) Drawing(id string) (*design.Document, Revision) {
	i := len(f.Revisions) - 1
	if id != "" {
		i = slices.IndexFunc(f.Revisions, func(r Revision) bool { return r.ID == id })
	}
	if i < 0 {
		return nil, Revision{}
	}
	return f.build(i + 1), f.Revisions[i]
}

// Shelf is safe for concurrent use.
type Shelf struct {
	now func() time.Time

	mu    sync.Mutex
	files map[string]*File
}

// New makes the files of the company.
func New(now func() time.Time) *Shelf {
	s := &Shelf{now: now, files: map[string]*File{}}
	builders := map[string]func(int) *design.Document{
		"tidal": design.Tidal, "flux-kit": design.Kit, "northern-lights": design.Workshop,
		"solstice-brand": design.Brand("Solstice", "St. Brendan Preparatory"), "solstice-juniper": design.Brand("Solstice", "Juniper Valley High School"),
	}
	saved := map[string]int{"tidal": 64, "flux-kit": 12, "northern-lights": 1, "solstice-brand": 5, "solstice-juniper": 3}
	for _, p := range company.Projects() {
		f := &File{Key: p.FigmaFile, Name: p.Name, Editor: "figma", Studio: p.Studio, Project: p.FigmaID, Creator: p.Lead, build: builders[p.Key]}
		if p.Key == "northern-lights" {
			f.Editor = "figjam"
		}
		if p.Key == "tidal" {
			f.Images = design.Images()
		}
		s.files[f.Key] = f
		for i := range saved[p.Key] {
			s.save(f, now().Add(time.Duration(i-saved[p.Key])*7*time.Hour), i)
		}
	}
	locked := *s.files[Solstice]
	locked.Key, locked.Name, locked.Locked = "SbxUnderEmbargo0000006", "Counterweight: under embargo", true
	locked.Revisions = slices.Clone(locked.Revisions)
	s.files[locked.Key] = &locked
	return s
}

// save adds a revision; every fourth has a name. The caller holds mu, or nobody
// else knows s yet.
func (s *Shelf) save(f *File, at time.Time, i int) {
	r := Revision{ID: strconv.FormatInt(5100000000+int64(len(s.files))*1000+int64(i), 10), At: at.UTC().Truncate(time.Second), Person: f.Creator}
	if i%4 == 3 {
		r.Label, r.About = fmt.Sprintf("Review %d", i/4+1), "Before the Thursday call"
	}
	f.Revisions = append(f.Revisions, r)
}

// File finds a file.
func (s *Shelf) File(key string) (File, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[key]
	if f == nil {
		return File{}, false
	}
	return *f, true
}

// In lists the files of a studio, by key.
func (s *Shelf) In(studio string) []File {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []File
	for _, key := range slices.Sorted(maps.Keys(s.files)) {
		if f := s.files[key]; f.Studio == studio && !f.Locked {
			list = append(list, *f)
		}
	}
	return list
}

// Edit adds a revision as people do who work in the file; named gives it a name.
func (s *Shelf) Edit(key string, named bool) (File, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[key]
	if f == nil {
		return File{}, false
	}
	s.save(f, s.now(), len(f.Revisions))
	last := &f.Revisions[len(f.Revisions)-1]
	last.ID = next(f.Revisions)
	if last.Label, last.About = nil, nil; named {
		last.Label, last.About = fmt.Sprintf("Edit %d", len(f.Revisions)), ""
	}
	return *f, true
}

// next is an id after the last but one, whatever files came to the shelf since.
func next(list []Revision) string {
	n, _ := strconv.ParseInt(list[len(list)-2].ID, 10, 64) // it was made here
	return strconv.FormatInt(n+1, 10)
}

// Change lets change what is so of a file. false: there is no such file.
func (s *Shelf) Change(key string, change func(*File)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[key]
	if f != nil {
		change(f)
	}
	return f != nil
}

// Remove takes a file away.
func (s *Shelf) Remove(key string) (File, bool) {
	f, ok := s.File(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, key)
	return f, ok
}

// Add puts a file there whose text is an answer of GET /v1/files/:key. It
// belongs to the first project of the first studio.
func (s *Shelf) Add(key string, text []byte) error {
	d, name, err := design.Read(text)
	if err != nil {
		return err
	}
	p := company.Projects()[0]
	f := &File{Key: key, Name: name, Editor: "figma", Studio: p.Studio, Project: p.FigmaID, Creator: p.Lead, build: func(int) *design.Document { return d }}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[key] = f
	s.save(f, s.now(), 0)
	return nil
}
