// Package migrations holds fluxmcp's own schema as numbered SQL files: the
// data of one binary, in the order they were written.
//
// A file NNNN_name.up.sql makes the step NNNN, NNNN_name.down.sql undoes it.
// A step that was released is never edited: the runner in package store
// compares checksums and refuses. The files name every object with its schema
// fluxmcp and contain no BEGIN or COMMIT: the runner puts one transaction
// around each. This package knows neither the runner nor any database.
package migrations

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

//go:embed *.sql
var files embed.FS

// Migration is one step of the schema.
type Migration struct {
	Version  int    // from 1 upwards, without gaps
	Name     string // the file's name between version and .up.sql
	Up, Down string // SQL, one or more statements
	Checksum string // SHA-256 of Up, hexadecimal, line ends normalised
}

// All returns the steps, the oldest first.
func All() ([]Migration, error) { return Read(files) }

// Read returns the steps in the root of fsys, the oldest first.
//
// Errors: a name that does not fit, a missing half, a gap in the numbers.
func Read(fsys fs.FS) ([]Migration, error) {
	names, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return nil, err
	}
	steps := map[int]*Migration{}
	for _, name := range names {
		if err := add(steps, fsys, name); err != nil {
			return nil, fmt.Errorf("migration file %s: %w", name, err)
		}
	}
	list := make([]Migration, 0, len(steps))
	for _, m := range steps {
		list = append(list, *m)
	}
	slices.SortFunc(list, func(a, b Migration) int { return cmp.Compare(a.Version, b.Version) })
	return list, check(list)
}

func add(steps map[int]*Migration, fsys fs.FS, name string) error {
	number, rest, _ := strings.Cut(name, "_")
	version, err := strconv.Atoi(number)
	if err != nil || version < 1 {
		return fmt.Errorf("the name does not begin with a number: %w", fs.ErrInvalid)
	}
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	m := steps[version]
	if m == nil {
		m = &Migration{Version: version}
		steps[version] = m
	}
	sql := strings.ReplaceAll(string(text), "\r\n", "\n")
	title, isUp := strings.CutSuffix(rest, ".up.sql")
	if !isUp {
		var isDown bool
		if title, isDown = strings.CutSuffix(rest, ".down.sql"); !isDown {
			return fmt.Errorf("the name ends neither in .up.sql nor .down.sql: %w", fs.ErrInvalid)
		}
	}
	if m.Name != "" && m.Name != title {
		return fmt.Errorf("version %d is also named %s: %w", version, m.Name, fs.ErrExist)
	}
	m.Name = title
	if isUp {
		m.Up, m.Checksum = sql, sum(sql)
	} else {
		m.Down = sql
	}
	return nil
}

func check(list []Migration) error {
	for i, m := range list {
		if m.Version != i+1 {
			return fmt.Errorf("migration %d is missing", i+1)
		}
		if m.Up == "" || m.Down == "" {
			return fmt.Errorf("migration %d_%s lacks its up or its down file", m.Version, m.Name)
		}
	}
	return nil
}

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}
