package migrations

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestReleasedFilesAreSound(t *testing.T) {
	all, err := All()
	if err != nil || len(all) == 0 {
		t.Fatalf("got %d migrations, %v; want some", len(all), err)
	}
	for _, m := range all {
		for half, sql := range map[string]string{"up": m.Up, "down": m.Down} {
			for _, word := range []string{"BEGIN;", "COMMIT;", "CONCURRENTLY"} {
				if strings.Contains(strings.ToUpper(sql), word) {
					t.Errorf("%d_%s.%s.sql contains %s, which does not go into the runner's transaction", m.Version, m.Name, half, word)
				}
			}
		}
	}
}

func TestRead(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for _, c := range []struct {
		name    string
		files   fstest.MapFS
		want    int
		wantErr string
	}{
		{"pairs are read in numeric order", fstest.MapFS{"0001_a.up.sql": file("x"), "0001_a.down.sql": file("y"), "0002_b.up.sql": file("x"), "0002_b.down.sql": file("y")}, 2, ""},
		{"a gap is an error", fstest.MapFS{"0002_b.up.sql": file("x"), "0002_b.down.sql": file("y")}, 0, "migration 1 is missing"},
		{"a step without its way back is an error", fstest.MapFS{"0001_a.up.sql": file("x")}, 0, "lacks its up or its down"},
		{"two names for one number are an error", fstest.MapFS{"0001_a.up.sql": file("x"), "0001_b.down.sql": file("y")}, 0, "also named"},
		{"a name without a number is an error", fstest.MapFS{"users.up.sql": file("x")}, 0, "number"},
		{"a name without a direction is an error", fstest.MapFS{"0001_a.sql": file("x")}, 0, "neither"},
	} {
		got, err := Read(c.files)
		if c.wantErr == "" {
			if err != nil || len(got) != c.want {
				t.Errorf("%s: got %d, %v; want %d", c.name, len(got), err, c.want)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.wantErr) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.wantErr)
		}
	}
}

func TestChecksumIgnoresLineEnds(t *testing.T) {
	read := func(up string) string {
		all, err := Read(fstest.MapFS{"1_a.up.sql": {Data: []byte(up)}, "1_a.down.sql": {Data: []byte("d")}})
		if err != nil {
			t.Fatal(err)
		}
		return all[0].Checksum
	}
	if a, b := read("a\nb\n"), read("a\r\nb\r\n"); a != b {
		t.Errorf("checksums %s and %s of one text with two kinds of line ends, want equal", a, b)
	}
	if a, b := read("a"), read("b"); a == b {
		t.Error("two texts have one checksum")
	}
}
